//! How fast guests run: with the processor's help, or emulated.
//!
//! A device node proves nothing: on some hosts KVM opens, and no guest ever runs; on others
//! a few instructions run, and a kernel hangs at its first steps. So a guest runs that does
//! what kernels do (see `acceleration/probe.s`), several times, once for each boot of the
//! host. A host where even that is not enough is found by its machines (see `life`), and
//! the finding is kept for that boot as well. The operator's choice goes before both.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::SYSTEM;
use super::programs;
use super::turn::turn;
use crate::compute::AccelerationChoice;
use crate::store::make_private_dir;

/// The longest that the probe's guest may take. It needs some tenths of a second.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// How often the guest must run: some faults come by chance.
const PROBES: u32 = 3;

/// The guest, assembled from `probe.s`.
const GUEST: &[u8] = include_bytes!("acceleration/probe.bin");

/// What it says: a letter for each step.
const SAID: &[u8] = b"RPCLGMTAS";

/// QEMU's exit status when the guest ended it.
const ENDED_BY_GUEST: i32 = (0x10 << 1) | 1;

/// Where a finding is kept.
const FILE: &str = "acceleration.json";

/// How guests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acceleration {
    /// By the host's processor.
    Kvm,
    /// Emulated: it works everywhere, and is some ten times slower.
    Tcg,
}

impl Acceleration {
    /// QEMU's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }

    /// The processor that guests see.
    pub(super) fn cpu(self) -> &'static str {
        match self {
            Self::Kvm => "host",
            Self::Tcg => "max",
        }
    }
}

/// What was found, and for which boot of the host and which QEMU that holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Found {
    /// How guests run.
    pub(super) acceleration: Acceleration,
    /// Why not faster, if they could.
    pub(super) notice: Option<String>,
    boot: String,
    /// The VM that showed it, if the probe didn't.
    #[serde(default)]
    by: Option<String>,
}

/// The boot of the host, by which its findings are known.
pub(super) fn boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    id.unwrap_or_default().trim().to_owned()
}

/// How guests run: as chosen, or as was found before, or else is found now; kept in `root`.
pub(super) async fn find(root: &Path, choice: AccelerationChoice) -> std::io::Result<Found> {
    let chosen = |acceleration| Found {
        acceleration,
        notice: None,
        boot: boot(),
        by: None,
    };
    match choice {
        AccelerationChoice::Auto => {}
        AccelerationChoice::Kvm => return Ok(chosen(Acceleration::Kvm)),
        AccelerationChoice::Tcg => return Ok(chosen(Acceleration::Tcg)),
    }
    if let Some(kept) = kept(root) {
        return Ok(kept);
    }
    // Several machines may be started at once: one of them looks for all.
    let _turn = turn(root).await.map_err(std::io::Error::other)?;
    if let Some(kept) = kept(root) {
        return Ok(kept);
    }
    let notice = kvm_notice(root).await?;
    let found = Found {
        acceleration: match notice {
            None => Acceleration::Kvm,
            Some(_) => Acceleration::Tcg,
        },
        notice,
        ..chosen(Acceleration::Tcg)
    };
    keep(root, &found)?;
    Ok(found)
}

/// What was found since the host's boot.
fn kept(root: &Path) -> Option<Found> {
    let bytes = std::fs::read(root.join(FILE)).ok()?;
    let kept = serde_json::from_slice::<Found>(&bytes).ok()?;
    (kept.boot == boot()).then_some(kept)
}

fn keep(root: &Path, found: &Found) -> std::io::Result<()> {
    let new = root.join(format!("acceleration.{}", std::process::id()));
    std::fs::write(&new, serde_json::to_vec(found)?)?;
    std::fs::rename(&new, root.join(FILE))
}

/// Keeps for this boot of the host that a VM didn't live under KVM.
pub(super) fn blame(root: &Path, vm: &str, notice: String) -> std::io::Result<()> {
    let found = Found {
        acceleration: Acceleration::Tcg,
        notice: Some(notice),
        boot: boot(),
        by: Some(vm.to_owned()),
    };
    keep(root, &found)
}

/// Withdraws what this VM has shown: it doesn't live emulated either. Says whether there
/// was such a finding.
pub(super) fn absolve(root: &Path, vm: &str) -> std::io::Result<bool> {
    let is_by = kept(root).is_some_and(|found| found.by.as_deref() == Some(vm));
    if is_by {
        std::fs::remove_file(root.join(FILE))?;
    }
    Ok(is_by)
}

/// Why KVM can't be used, if it can't.
async fn kvm_notice(root: &Path) -> std::io::Result<Option<String>> {
    let mut device = std::fs::OpenOptions::new();
    if let Err(error) = device.read(true).write(true).open("/dev/kvm") {
        return Ok(Some(match error.kind() {
            std::io::ErrorKind::NotFound => {
                "this machine offers no KVM (/dev/kvm): VMs are emulated, and slow".into()
            }
            _ => format!("/dev/kvm can't be opened ({error}): join its group to speed VMs up"),
        }));
    }
    for _ in 0..PROBES {
        if let Err(step) = run_guest(root, Acceleration::Kvm).await? {
            return Ok(Some(format!(
                "KVM opens here but runs no kernel (the probe's guest {step}): VMs are emulated, \
                 and slow"
            )));
        }
    }
    Ok(None)
}

/// Runs the probe's guest once; says how far it got if it failed.
pub(super) async fn run_guest(
    root: &Path,
    acceleration: Acceleration,
) -> std::io::Result<Result<(), String>> {
    let dir = root.join(format!("probe.{}", std::process::id()));
    make_private_dir(&dir)?;
    let ran = run_guest_in(&dir, acceleration).await;
    std::fs::remove_dir_all(&dir)?;
    ran
}

async fn run_guest_in(
    dir: &Path,
    acceleration: Acceleration,
) -> std::io::Result<Result<(), String>> {
    std::fs::write(dir.join("probe.img"), GUEST)?;
    // In a file, which keeps what was said before the time was up.
    let serial = dir.join("serial");
    let machine = format!("pc,accel={}", acceleration.name());
    let mut child = programs::program(SYSTEM)
        .current_dir(dir)
        .args(["-machine", &machine, "-m", "16"])
        // The processor of real guests: some hosts run one and fail at the other.
        .args(["-cpu", acceleration.cpu()])
        .args(["-nodefaults", "-no-user-config", "-no-reboot"])
        .args(["-display", "none", "-monitor", "none", "-serial", "stdio"])
        .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"])
        .args(["-drive", "file=probe.img,format=raw,if=ide,snapshot=off"])
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&serial)?)
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let ended = tokio::time::timeout(PROBE_LIMIT, child.wait()).await;
    let status = ended.ok().transpose()?;
    let said = std::fs::read(&serial)?;
    Ok(match status {
        Some(status) if status.code() == Some(ENDED_BY_GUEST) && said == SAID => Ok(()),
        status => {
            let how = if status.is_some() { "ended" } else { "hung" };
            let steps = said.iter().zip(SAID).take_while(|(a, b)| a == b).count();
            Err(format!("{how} after {steps} of its {} steps", SAID.len()))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_by(vm: Option<&str>, boot: &str) -> Found {
        Found {
            acceleration: Acceleration::Tcg,
            notice: None,
            boot: boot.into(),
            by: vm.map(str::to_owned),
        }
    }

    #[tokio::test]
    async fn the_operators_choice_goes_before_what_was_found() {
        let dir = tempfile::tempdir().unwrap();
        blame(dir.path(), "a", "it hangs".into()).unwrap();
        for (choice, expected) in [
            (AccelerationChoice::Auto, Acceleration::Tcg),
            (AccelerationChoice::Kvm, Acceleration::Kvm),
            (AccelerationChoice::Tcg, Acceleration::Tcg),
        ] {
            let found = find(dir.path(), choice).await.unwrap();
            assert_eq!(found.acceleration, expected);
        }
    }

    #[test]
    fn a_finding_is_kept_for_one_boot_and_withdrawn_by_its_vm_alone() {
        let dir = tempfile::tempdir().unwrap();
        keep(dir.path(), &found_by(Some("a"), "another boot")).unwrap();
        assert_eq!(kept(dir.path()), None);
        blame(dir.path(), "a", "it hangs".into()).unwrap();
        assert!(!absolve(dir.path(), "b").unwrap());
        assert!(kept(dir.path()).is_some());
        assert!(absolve(dir.path(), "a").unwrap());
        assert_eq!(kept(dir.path()), None);
    }

    /// The guest is what its source says; needs GNU's assembler and linker, which a C
    /// compiler has.
    #[test]
    fn the_guest_is_assembled_from_its_source() {
        let dir = tempfile::tempdir().unwrap();
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/compute/qemu/acceleration/probe.s"
        );
        let run = |program: &str, arguments: &[&str]| {
            let mut command = std::process::Command::new(program);
            command.args(arguments).current_dir(dir.path()).status()
        };
        let assembled = run("as", &["--64", source, "-o", "probe.o"]);
        let link = ["-Ttext=0x7c00", "--oformat=binary", "-e", "start"];
        let linked = run("ld", &[&link[..], &["probe.o", "-o", "probe.bin"]].concat());
        if !(cfg!(target_arch = "x86_64") && assembled.is_ok() && linked.is_ok()) {
            return;
        }
        let made = std::fs::read(dir.path().join("probe.bin")).unwrap();
        assert_eq!(made, GUEST, "assemble it again, as its source says");
    }
}
