//! Which QEMU is installed, and what it can do.

use std::process::Stdio;

use super::programs;

/// A version: its first two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u32, u32);

/// The first that connects again to a switch that was started anew.
const RECONNECTS: Version = Version(8, 0);

/// The first that is told in milliseconds when to.
const RECONNECTS_BY_MS: Version = Version(9, 2);

impl Version {
    /// The version in what a program says of itself.
    pub(super) fn of(said: &str) -> Option<Self> {
        let (_, version) = said.split_once("version ")?;
        let mut numbers = version.split(|c: char| !c.is_ascii_digit());
        let mut number = || numbers.next()?.parse().ok();
        Some(Self(number()?, number()?))
    }

    /// The option by which a network's connection is made again, and its value;
    /// `None` if there is none.
    pub(super) fn reconnection(self) -> Option<(&'static str, u32)> {
        match self {
            version if version >= RECONNECTS_BY_MS => Some(("reconnect-ms", 500)),
            version if version >= RECONNECTS => Some(("reconnect", 1)),
            _ => None,
        }
    }
}

/// What a program says of its version, if it can be run.
pub(super) async fn said_by(program: &str) -> Option<String> {
    let mut command = programs::program(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command.output().await.ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().next().filter(|_| output.status.success())?;
    Some(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_says_how_to_connect_again() {
        let by = |said: &str| Version::of(said).unwrap().reconnection();
        let debian = "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)";
        assert_eq!(by(debian), Some(("reconnect-ms", 500)));
        assert_eq!(by("QEMU emulator version 8.2.2"), Some(("reconnect", 1)));
        assert_eq!(by("QEMU emulator version 7.2.11"), None);
        assert_eq!(Version::of("something else"), None);
    }
}
