//! How fast guests run: with the processor's help, or emulated.
//!
//! A device node proves nothing: on some machines KVM opens, and then no guest ever
//! runs. So a guest of a few instructions is run, once for each boot of the host,
//! and must say that it did.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::SYSTEM;
use super::turn::turn;
use crate::store::make_private_dir;

/// The longest that the probe's guest may take. It needs a tenth of a second.
const PROBE_LIMIT: Duration = Duration::from_secs(3);

/// The guest: says "OK" on its serial port and ends QEMU by the device for that.
const GUEST: &[u8] = &[
    0xba, 0xf8, 0x03, // mov dx, the serial port
    0xb0, b'O', 0xee, // out dx, 'O'
    0xb0, b'K', 0xee, // out dx, 'K'
    0xb0, 0x10, 0xe6, 0xf4, // out 0xf4, 0x10: ends QEMU
    0xf4, 0xeb, 0xfd, // hlt, for ever
];

/// QEMU's exit status when the guest ended it.
const ENDED_BY_GUEST: i32 = (0x10 << 1) | 1;

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
}

/// What was found before, or else now; kept in `root`.
pub(super) async fn find(root: &Path) -> std::io::Result<Found> {
    let file = root.join("acceleration.json");
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let kept = || {
        let bytes = std::fs::read(&file).ok()?;
        let kept = serde_json::from_slice::<Found>(&bytes).ok()?;
        (kept.boot == boot).then_some(kept)
    };
    if let Some(kept) = kept() {
        return Ok(kept);
    }
    // Several machines may be started at once: one of them looks for all.
    let _turn = turn(root).await.map_err(std::io::Error::other)?;
    if let Some(kept) = kept() {
        return Ok(kept);
    }
    let notice = kvm_notice(root).await?;
    let found = Found {
        acceleration: match notice {
            None => Acceleration::Kvm,
            Some(_) => Acceleration::Tcg,
        },
        notice,
        boot,
    };
    let new = root.join(format!("acceleration.{}", std::process::id()));
    std::fs::write(&new, serde_json::to_vec(&found)?)?;
    std::fs::rename(&new, &file)?;
    Ok(found)
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
    Ok(match runs_guest(root, Acceleration::Kvm).await? {
        true => None,
        false => Some("KVM opens here but runs no guest: VMs are emulated, and slow".into()),
    })
}

/// Whether a guest really runs so.
pub(super) async fn runs_guest(root: &Path, acceleration: Acceleration) -> std::io::Result<bool> {
    let dir = root.join(format!("probe.{}", std::process::id()));
    make_private_dir(&dir)?;
    let ran = run_guest(&dir, acceleration).await;
    std::fs::remove_dir_all(&dir)?;
    ran
}

async fn run_guest(dir: &Path, acceleration: Acceleration) -> std::io::Result<bool> {
    let mut disk = vec![0; 512];
    disk[..GUEST.len()].copy_from_slice(GUEST);
    disk[510..].copy_from_slice(&[0x55, 0xaa]);
    std::fs::write(dir.join("probe.img"), disk)?;
    let machine = format!("pc,accel={}", acceleration.name());
    let child = Command::new(SYSTEM)
        .current_dir(dir)
        .args(["-machine", &machine, "-m", "16"])
        // The processor of real guests: some hosts run one and fail at the other.
        .args(["-cpu", acceleration.cpu()])
        .args(["-nodefaults", "-no-user-config", "-no-reboot"])
        .args(["-display", "none", "-monitor", "none", "-serial", "stdio"])
        .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"])
        .args(["-drive", "file=probe.img,format=raw,if=ide,snapshot=off"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let ended = tokio::time::timeout(PROBE_LIMIT, child.wait_with_output()).await;
    Ok(matches!(ended, Ok(Ok(output))
        if output.status.code() == Some(ENDED_BY_GUEST) && output.stdout.starts_with(b"OK")))
}
