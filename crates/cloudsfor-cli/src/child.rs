//! Programs that this one runs: ssh, a pager, a viewer.

use std::ffi::OsStr;
use std::process::Command;

/// A command that doesn't get the account's password by the environment of this one.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_remove("CLOUDSFOR_PASSWORD");
    command
}
