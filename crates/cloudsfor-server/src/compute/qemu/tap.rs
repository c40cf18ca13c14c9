//! A VM's end of a bridge of this host: a tap, which QEMU's own helper makes.
//!
//! The helper has rights that the service needn't have, and asks `/etc/qemu/bridge.conf`
//! whether it may use them. It isn't left to QEMU to run it, in whose sandbox no program
//! gets more rights. It passes the tap on by a socket; when the last program that holds
//! the tap has ended, it is gone.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::cmsg_space;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::programs;

/// Where distributions have the helper.
const HELPERS: [&str; 3] = [
    "/usr/lib/qemu/qemu-bridge-helper",
    "/usr/libexec/qemu-bridge-helper",
    "/usr/local/libexec/qemu-bridge-helper",
];

/// Where the kernel tells of interfaces.
const INTERFACES: &str = "/sys/class/net";

/// Whether an interface is up, among what the kernel says of it.
const UP: u32 = 1;

/// Why there is no tap.
#[derive(Debug, thiserror::Error)]
pub(super) enum TapError {
    /// There is no such bridge.
    #[error("this host has no bridge {0:?}")]
    NoBridge(String),
    /// The helper is not installed.
    #[error("there is no qemu-bridge-helper")]
    NoHelper,
    /// The helper can't be run, or passed nothing on.
    #[error("{} can't be used: {source}", helper.display())]
    Unusable {
        /// The helper.
        helper: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The helper makes none.
    #[error("{} says: {said}", helper.display())]
    Refused {
        /// The helper.
        helper: PathBuf,
        /// Why.
        said: String,
    },
}

impl TapError {
    /// What whoever runs this host does about it.
    pub(super) fn advice(&self, bridge: &str) -> String {
        match self {
            Self::NoBridge(_) => {
                format!("`sudo ip link add {bridge} type bridge` makes it until the next boot")
            }
            Self::NoHelper => "install it: it is in `qemu-system-common` on Debian and Ubuntu, \
                               in `qemu-common` on Fedora"
                .into(),
            Self::Unusable { helper, .. } | Self::Refused { helper, .. } => format!(
                "have `allow {bridge}` in /etc/qemu/bridge.conf, and let the helper have root's \
                 rights: `sudo chmod u+s {}`",
                helper.display()
            ),
        }
    }
}

/// Whether the bridge is up.
///
/// # Errors
/// If there is no such bridge.
pub(super) fn is_up(bridge: &str) -> Result<bool, TapError> {
    let interface = Path::new(INTERFACES).join(bridge);
    if !interface.join("bridge").exists() {
        return Err(TapError::NoBridge(bridge.to_owned()));
    }
    let flags = std::fs::read_to_string(interface.join("flags")).unwrap_or_default();
    let flags = flags.trim().trim_start_matches("0x");
    Ok(u32::from_str_radix(flags, 16).is_ok_and(|flags| flags & UP != 0))
}

/// A new tap on a bridge.
///
/// # Errors
/// [`TapError`].
pub(super) async fn tap(bridge: &str) -> Result<OwnedFd, TapError> {
    is_up(bridge)?;
    let mut helpers = HELPERS.iter().map(PathBuf::from);
    let helper = helpers.find(|helper| helper.exists());
    let helper = helper.ok_or(TapError::NoHelper)?;
    match made_by(&helper, bridge).await {
        Ok(Ok(tap)) => Ok(tap),
        Ok(Err(said)) => Err(TapError::Refused { helper, said }),
        Err(source) => Err(TapError::Unusable { helper, source }),
    }
}

/// Has the helper make a tap; answers what it said if it doesn't.
async fn made_by(helper: &Path, bridge: &str) -> std::io::Result<Result<OwnedFd, String>> {
    let (ours, theirs) = UnixStream::pair()?;
    let output = programs::program(helper)
        .args(["--use-vnet", "--fd=0", &format!("--br={bridge}")])
        .stdin(OwnedFd::from(theirs))
        .kill_on_drop(true)
        .output()
        .await?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or("nothing");
        return Ok(Err(last.to_owned()));
    }
    passed_on(&ours).map(Ok)
}

/// The file that was passed on by a socket whose other end is closed.
fn passed_on(socket: &UnixStream) -> std::io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut data = [IoSliceMut::new(&mut byte)];
    recvmsg(socket, &mut data, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut files = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    let file = files.next().and_then(|mut files| files.next());
    file.ok_or_else(|| std::io::Error::other("it passed no tap on"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn what_is_no_bridge_is_said() {
        let error = tap("lo").await.unwrap_err();
        assert_eq!(error.to_string(), "this host has no bridge \"lo\"");
    }

    #[tokio::test]
    async fn a_helper_that_refuses_is_quoted_and_one_that_passes_nothing_on_is_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let helper = |script: &str| {
            let file = dir.path().join("helper");
            std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o700)).unwrap();
            file
        };
        let refuses = helper("echo \"access denied: $3\" >&2; exit 1");
        let said = made_by(&refuses, "br0").await.unwrap().unwrap_err();
        assert_eq!(said, "access denied: --br=br0");
        let forgets = helper("exit 0");
        let error = made_by(&forgets, "br0").await.unwrap_err();
        assert_eq!(error.to_string(), "it passed no tap on");
    }
}
