//! What is done to a machine: its disk, its seed, its power.

use std::io;
use std::path::Path;
use std::time::Duration;

use cloudsfor_types::{Gigabytes, SnapshotId, VmId};
use jiff::Timestamp;

use super::control::Control;
use super::disks::{self, GB, fault};
use super::host::gigabytes;
use super::places::{DISK, PID, SEED};
use super::process::Process;
use super::seed::seed;
use super::turn::turn;
use super::{Qemu, process};
use crate::compute::{ComputeError, Machine};
use crate::store::make_private_dir;

/// The longest that a guest may take to shut down; then it is switched off.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(60);

/// How often the power button is pressed: a guest that boots misses it.
const PRESS_AGAIN: Duration = Duration::from_secs(5);

/// The longest that QEMU may take to write its disks out and end.
const QUIT_LIMIT: Duration = Duration::from_secs(10);

/// The longest that the host may take to end a process that was killed.
const KILL_LIMIT: Duration = Duration::from_secs(10);

type Done<T = ()> = Result<T, ComputeError>;

impl Qemu {
    /// Makes what a machine needs, unless it is there.
    pub(super) async fn make(&self, machine: &Machine) -> Done {
        let dir = self.places.vm(&machine.id);
        if !dir.join(DISK).exists() {
            let image = self.image_file(&machine.image)?;
            make_private_dir(&dir)
                .map_err(|error| fault("the VM's directory can't be made", &error))?;
            disks::renew(&dir, &image, machine.disk).await?;
        }
        self.write_seed(machine)
    }

    /// Writes what the machine reads when it boots.
    pub(super) fn write_seed(&self, machine: &Machine) -> Done {
        let dir = self.places.vm(&machine.id);
        let new = dir.join(format!("{SEED}.new"));
        let written = seed(machine).and_then(|image| std::fs::write(&new, image));
        written.map_err(|error| fault("the VM's seed can't be written", &error))?;
        disks::put(&new, &dir.join(SEED))
    }

    /// Whether the machine's QEMU was started since the change was asked for.
    pub(super) fn was_started_for(&self, machine: &Machine) -> bool {
        let dir = self.places.vm(&machine.id);
        let written = std::fs::metadata(dir.join(PID)).and_then(|file| file.modified());
        let started = written.ok().and_then(|time| Timestamp::try_from(time).ok());
        started.is_some_and(|started| started >= machine.requested_at)
            && process::runs(&dir, machine.id.as_str())
    }

    /// Asks the guest to shut down, and switches it off if it doesn't in time.
    pub(super) async fn shut_down(&self, machine: &Machine) -> Done {
        let dir = self.places.vm(&machine.id);
        let deadline = machine.requested_at + SHUTDOWN_LIMIT;
        while let Some(process) = Process::find(&dir, machine.id.as_str()) {
            let left = deadline.duration_since(Timestamp::now());
            let Ok(left) = Duration::try_from(left) else {
                return self.switch_off(&machine.id).await;
            };
            if let Ok(mut control) = Control::connect(&dir).await {
                // It may end before it answers.
                let _ = control.press_power_button().await;
            }
            ended_within(&process, left.min(PRESS_AGAIN)).await;
        }
        Ok(())
    }

    /// Ends the machine's QEMU, if it runs.
    pub(super) async fn switch_off(&self, id: &VmId) -> Done {
        let dir = self.places.vm(id);
        if !dir.exists() {
            return Ok(());
        }
        let _turn = turn(&dir).await?;
        let Some(process) = Process::find(&dir, id.as_str()) else {
            return Ok(());
        };
        if let Ok(mut control) = Control::connect(&dir).await {
            let _ = control.quit().await;
            if ended_within(&process, QUIT_LIMIT).await {
                return Ok(());
            }
        }
        end(&process).await
    }

    /// Ends the machine's QEMU without a moment for its disk, which goes with it.
    pub(super) async fn end(&self, id: &VmId) -> Done {
        let dir = self.places.vm(id);
        if !dir.exists() {
            return Ok(());
        }
        // At once, though its files may be in use; and one that was being started.
        if let Some(process) = Process::find(&dir, id.as_str()) {
            end(&process).await?;
        }
        let _turn = turn(&dir).await?;
        match Process::find(&dir, id.as_str()) {
            Some(process) => end(&process).await,
            None => Ok(()),
        }
    }

    /// Gives the machine's disk the size that it should have.
    pub(super) async fn grow_disk(&self, machine: &Machine) -> Done {
        let dir = self.places.vm(&machine.id);
        if !process::runs(&dir, machine.id.as_str()) {
            return disks::grow(&dir, machine.disk).await;
        }
        // QEMU would shrink it without a word.
        let bytes = u64::from(machine.disk) * GB;
        if disks::info(&dir.join(DISK)).await?.virtual_size >= bytes {
            return Ok(());
        }
        Control::connect(&dir).await?.grow_disk(bytes).await
    }

    /// Copies the machine's disk as it is now; says what space the copy takes.
    pub(super) async fn take_snapshot(
        &self,
        machine: &Machine,
        id: &SnapshotId,
    ) -> Done<Gigabytes> {
        let file = self.places.snapshot(id);
        if !file.exists() {
            let dir = self.places.vm(&machine.id);
            // In the VM's directory, so that it goes with the VM.
            let new = dir.join("snapshot.new");
            let copied = self.copy_to(&machine.id, &new).await;
            if copied.is_err() {
                // What there is of it takes room, perhaps the last.
                remove_file(&new)?;
            }
            copied?;
            disks::put(&new, &file)?;
        }
        let space = gigabytes(disks::space(&file)?);
        let hundredths = space.map_or(0.0, |space| (space.get() * 100.0).ceil());
        Ok(Gigabytes::new(hundredths / 100.0).unwrap_or(Gigabytes::from(0)))
    }

    /// Copies a machine's disk as it is now into a new file, while it runs or not.
    async fn copy_to(&self, id: &VmId, new: &Path) -> Done {
        let dir = self.places.vm(id);
        remove_file(new)?;
        if !process::runs(&dir, id.as_str()) {
            return disks::copy(&dir.join(DISK), new, turn(&dir).await?).await;
        }
        let bytes = disks::info(&dir.join(DISK)).await?.virtual_size;
        disks::create(new, bytes).await?;
        Control::connect(&dir).await?.copy_disk(new).await
    }

    /// Puts a new disk on top of an image in place of the machine's, which is off
    /// meanwhile.
    pub(super) async fn renew_disk(&self, machine: &Machine, image: &str) -> Done {
        let image = self.image_file(image)?;
        self.switch_off(&machine.id).await?;
        let dir = self.places.vm(&machine.id);
        make_private_dir(&dir)
            .map_err(|error| fault("the VM's directory can't be made", &error))?;
        disks::renew(&dir, &image, machine.disk).await?;
        self.write_seed(machine)?;
        if machine.run {
            self.start(machine).await?;
        }
        Ok(())
    }

    /// Removes all that is kept of a machine that is off.
    pub(super) fn remove(&self, id: &VmId) -> Done {
        match std::fs::remove_dir_all(self.places.vm(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(fault("the VM's directory can't be removed", &error))
            }
            _ => Ok(()),
        }
    }
}

/// Ends a machine's QEMU at once.
pub(super) async fn end(process: &Process) -> Done {
    process
        .kill()
        .map_err(|error| fault("the VM's QEMU can't be ended", &error))?;
    match ended_within(process, KILL_LIMIT).await {
        true => Ok(()),
        false => Err(ComputeError("the VM's QEMU doesn't end".into())),
    }
}

/// Whether a process ended in time.
async fn ended_within(process: &Process, limit: Duration) -> bool {
    tokio::time::timeout(limit, process.ended()).await.is_ok()
}

/// Removes a file, if there is one.
pub(super) fn remove_file(file: &Path) -> Done {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(fault("a file can't be removed", &error))
        }
        _ => Ok(()),
    }
}
