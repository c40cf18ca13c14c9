//! Signs of life of machines under KVM.
//!
//! On some hosts the probe's guest runs under KVM (see `acceleration`), and a kernel hangs at
//! its first steps. Nothing of QEMU's tells that, but the machine does nothing: it says
//! nothing on its console, writes nothing to its disk, and reads nothing but what its boot
//! loader read. After a minute of that it is started once more, emulated, and the host is
//! taken for one without KVM until its next boot. Its owner is told by the action that
//! started it, the operator by the log.
//!
//! If it does nothing emulated either, the fault is its disk's: the finding is withdrawn.

use std::path::Path;
use std::time::{Duration, SystemTime};

use cloudsfor_types::VmId;

use super::acceleration::{self, Acceleration};
use super::control::Control;
use super::disks::fault;
use super::places::{NOTICE, PID};
use super::process::Process;
use super::start::Started;
use super::turn::try_turn;
use super::{Qemu, console_log, machine};
use crate::compute::ComputeError;

/// An emulated machine may take so many times as long.
const EMULATED: u32 = 3;

/// How much a machine has done with its disk.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DiskUse {
    /// Whether it has written.
    pub(super) writes: bool,
    /// How long ago it did anything; `None` if it never did.
    pub(super) idle: Option<Duration>,
}

impl DiskUse {
    /// Whether this is a sign of life of a machine that was started so long ago: what a boot
    /// loader reads is none.
    fn is_life(self, age: Duration, patience: Duration) -> bool {
        let last = self.idle.map(|idle| age.saturating_sub(idle));
        self.writes || last.is_some_and(|last| last > patience / 2)
    }
}

impl Qemu {
    /// Looks after all machines that run: whether they live, and how long their logs are.
    pub(super) async fn tend_machines(&self) -> Result<(), ComputeError> {
        let mut result = Ok(());
        for id in self.all_machines() {
            let dir = self.places.vm(&id);
            let cut = console_log::cut(&dir);
            let cut = cut.map_err(|error| fault("a console's log can't be cut", &error));
            // One that can't be looked after holds up no other.
            let looked = self.look_after(&id, &dir).await;
            result = result.and(cut.map(drop)).and(looked);
        }
        result
    }

    async fn look_after(&self, id: &VmId, dir: &Path) -> Result<(), ComputeError> {
        let Some(started) = self.is_overdue(id, dir) else {
            return Ok(());
        };
        let used = disk_use(dir).await;
        // What is under way on it goes first.
        let Some(turn) = try_turn(dir)? else {
            return Ok(());
        };
        // All of it once more, now that it changes no more.
        let Some(process) = Process::find(dir, id.as_str()) else {
            return Ok(());
        };
        if self.is_overdue(id, dir).as_ref() != Some(&started) {
            return Ok(());
        }
        let age = age(dir).unwrap_or_default();
        let settled = Started {
            is_settled: true,
            ..started.clone()
        };
        if console_log::says_something(dir) || used.is_life(age, self.options.patience) {
            return settled.write(dir);
        }
        let root = self.places.root();
        let unkept = |error: &_| fault("what KVM does can't be written down", error);
        if started.again || started.acceleration == Acceleration::Tcg {
            if acceleration::absolve(root, id.as_str()).map_err(|error| unkept(&error))? {
                tracing::warn!(vm_id = %id, "a VM does nothing emulated either: KVM is tried again");
            }
            return settled.write(dir);
        }
        let seconds = self.options.patience.as_secs_f64();
        let notice = format!(
            "it showed no sign of life under KVM for {seconds} s, and was restarted emulated (TCG)"
        );
        tracing::warn!(vm_id = %id, "{notice}; new VMs are emulated until the next boot of this host");
        let found = format!(
            "KVM opens here, but the VM {id} showed no sign of life under it for {seconds} s: VMs \
             are emulated, and slow, until the next boot of this host. `--acceleration kvm` \
             overrides that"
        );
        acceleration::blame(root, id.as_str(), found).map_err(|error| unkept(&error))?;
        machine::end(&process).await?;
        let again = Started {
            acceleration: Acceleration::Tcg,
            again: true,
            ..started
        };
        again.launch(dir, &turn, &self.places.networks()).await?;
        std::fs::write(dir.join(NOTICE), notice)
            .map_err(|error| fault("the VM's notice can't be written down", &error))
    }

    /// How a machine was started that should show signs of life by now, if it is unknown
    /// whether it does.
    fn is_overdue(&self, id: &VmId, dir: &Path) -> Option<Started> {
        let started = Started::read(dir).filter(|started| !started.is_settled)?;
        let patience = match started.acceleration {
            Acceleration::Kvm => self.options.patience,
            Acceleration::Tcg => self.options.patience * EMULATED,
        };
        let is_due = age(dir).is_some_and(|age| age >= patience);
        let runs = is_due && super::process::runs(dir, id.as_str());
        runs.then_some(started)
    }
}

/// How long ago a machine's QEMU was started.
fn age(dir: &Path) -> Option<Duration> {
    let started = std::fs::metadata(dir.join(PID)).ok()?.modified().ok()?;
    SystemTime::now().duration_since(started).ok()
}

/// What a machine has done with its disk; nothing, if its QEMU doesn't say.
async fn disk_use(dir: &Path) -> DiskUse {
    let used = async { Control::connect(dir).await?.disk_use().await };
    used.await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_boot_loader_reads_is_no_sign_of_life() {
        let minute = Duration::from_secs(60);
        let seconds = Duration::from_secs;
        let is_life = |writes, idle: Option<u64>| {
            let idle = idle.map(seconds);
            DiskUse { writes, idle }.is_life(seconds(70), minute)
        };
        assert!(!is_life(false, None));
        assert!(!is_life(false, Some(69)) && !is_life(false, Some(41)));
        assert!(
            is_life(false, Some(10)),
            "it still reads after half a minute"
        );
        assert!(is_life(true, Some(69)));
    }
}
