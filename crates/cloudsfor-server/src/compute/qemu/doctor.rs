//! Whether this host can run machines: what was found, and what to do about it.

use std::path::Path;

use super::acceleration::{self, Acceleration};
use super::disks::GB;
use super::places::Places;
use super::tap::{self, tap};
use super::version::{self, Version};
use super::{Images, SYSTEM, host};
use crate::bridge::Bridge;
use crate::compute::AccelerationChoice;

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, but not as well as it could.
    Notice,
    /// Machines can't run.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How well it is.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Finding {
    fn good(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            what,
            health: Health::Good,
            found: found.into(),
            advice: None,
        }
    }

    fn worse(self, health: Health, advice: impl Into<String>) -> Self {
        Self {
            health,
            advice: Some(advice.into()),
            ..self
        }
    }
}

/// What to install, by distribution.
const INSTALL: &str = "install QEMU: `apt install qemu-system-x86 qemu-utils` on Debian and \
                       Ubuntu, `dnf install qemu-system-x86 qemu-img` on Fedora";

/// Less free disk than this is worth a notice, in bytes.
const LITTLE_DISK: u64 = 10 * GB;

/// Looks at all that machines in this data directory need. A guest of a few
/// instructions is run.
///
/// # Errors
/// If the driver's directories can't be made.
pub async fn examine(data_dir: &Path, choice: AccelerationChoice) -> std::io::Result<Vec<Finding>> {
    let places = Places::new(data_dir)?;
    let mut findings = Vec::new();
    let mut is_installed = true;
    for (what, program) in [("QEMU", SYSTEM), ("qemu-img", "qemu-img")] {
        let version = version::said_by(program).await;
        is_installed &= version.is_some();
        findings.push(match version {
            Some(version) => Finding::good(what, version),
            None => {
                Finding::good(what, format!("there is no {program}")).worse(Health::Bad, INSTALL)
            }
        });
    }
    if is_installed {
        findings.extend(old(&findings[0].found));
        findings.push(guests(places.root(), choice).await?);
    }
    findings.push(Finding::good(
        "Isolation",
        "guests reach nothing of this host's loopback",
    ));
    findings.push(Finding::good(
        "Processors",
        format!("{} of this host", host::cpus()),
    ));
    let memory = host::memory() as f64 / GB as f64;
    findings.push(Finding::good(
        "Memory",
        format!("{memory:.1} GB of this host"),
    ));
    findings.push(disk(places.root())?);
    findings.push(match Bridge::of(data_dir) {
        Ok(Some(bridge)) => on_bridge(&bridge).await,
        Ok(None) => ssh_port(),
        Err(error) => {
            let finding = Finding::good("Bridge", error.to_string());
            finding.worse(Health::Bad, "mend the file, or remove it")
        }
    });
    findings.push(installed(&Images::at(&places)));
    Ok(findings)
}

/// What an old QEMU can't do.
fn old(said: &str) -> Option<Finding> {
    let reconnects = Version::of(said).and_then(Version::reconnection);
    if reconnects.is_some() {
        return None;
    }
    let finding = Finding::good("Networks", "there can be no private ones");
    Some(finding.worse(Health::Notice, "install QEMU 8.0 or newer to have them"))
}

async fn guests(root: &Path, choice: AccelerationChoice) -> std::io::Result<Finding> {
    let found = acceleration::find(root, choice).await?;
    let is_chosen = choice != AccelerationChoice::Auto;
    let chosen = if is_chosen { ", as chosen" } else { "" };
    if let Err(step) = acceleration::run_guest(root, found.acceleration).await? {
        let (name, what) = (found.acceleration.name(), format!("the probe's {step}"));
        let finding = Finding::good("Guests", format!("none runs by {name}{chosen}: {what}"));
        let advice = match found.acceleration {
            Acceleration::Kvm => "choose --acceleration auto, or tcg, which emulates them",
            Acceleration::Tcg => INSTALL,
        };
        return Ok(finding.worse(Health::Bad, advice));
    }
    if found.acceleration == Acceleration::Kvm {
        return Ok(Finding::good("Guests", format!("run by KVM{chosen}")));
    }
    let Some(notice) = found.notice else {
        return Ok(Finding::good("Guests", format!("emulated (TCG){chosen}")));
    };
    let advice = "on a machine of your own, switch virtualisation on in its firmware; in a \
                  cloud, take a machine that allows nested virtualisation";
    Ok(Finding::good("Guests", notice).worse(Health::Notice, advice))
}

fn disk(root: &Path) -> std::io::Result<Finding> {
    let free = host::free_disk(root)?;
    let found = format!(
        "{:.1} GB free in {}",
        free as f64 / GB as f64,
        root.display()
    );
    let finding = Finding::good("Disk", found);
    Ok(if free < LITTLE_DISK {
        finding.worse(Health::Notice, "free some space, or use another --data-dir")
    } else {
        finding
    })
}

/// Whether VMs can be put on the bridge: a tap is.
async fn on_bridge(bridge: &Bridge) -> Finding {
    let (name, first, last) = (&bridge.name, bridge.first, bridge.last);
    let bad = |found: String, advice| Finding::good("Bridge", found).worse(Health::Bad, advice);
    if let Err(error) = tap(name).await {
        return bad(error.to_string(), error.advice(name));
    }
    if tap::is_up(name).is_ok_and(|is_up| is_up) {
        return Finding::good("Bridge", format!("{name}, where VMs get {first} to {last}"));
    }
    let advice = format!("`sudo ip link set {name} up` switches it on until the next boot");
    bad(format!("{name} is down"), advice)
}

/// Whether VMs' SSH can have its usual port.
fn ssh_port() -> Finding {
    let first = std::net::Ipv4Addr::new(127, 64, 0, 2);
    match std::net::TcpListener::bind((first, 22)) {
        Ok(_) => Finding::good("SSH port", "22, at an address of this host for each VM"),
        Err(error) => Finding::good(
            "SSH port",
            format!("22 can't be had ({error}): 2222 or another is used, as each VM says"),
        ),
    }
}

fn installed(images: &Images) -> Finding {
    let names: Vec<_> = images.list().into_iter().map(|image| image.name).collect();
    if names.is_empty() {
        let advice = "`cloudsfor serve image list` shows what can be pulled; \
                      `cloudsfor serve image import` takes a file";
        return Finding::good("Images", "none is installed").worse(Health::Notice, advice);
    }
    Finding::good("Images", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_host_without_images_is_told_how_to_get_some() {
        let dir = tempfile::tempdir().unwrap();
        let images = installed(&Images::open(dir.path()).unwrap());
        assert_eq!(images.health, Health::Notice);
        assert!(images.advice.unwrap().contains("image import"));
        assert_eq!(version::said_by("no-such-program").await, None);
    }
}
