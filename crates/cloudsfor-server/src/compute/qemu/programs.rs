//! Programs that the driver runs: QEMU, qemu-img, the helper of bridges.

use std::ffi::OsStr;

use tokio::process::Command;

/// A command that doesn't get an account's password by the environment of this process.
pub(super) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.env_remove("CLOUDSFOR_PASSWORD");
    command
}
