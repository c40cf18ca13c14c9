//! The QEMU of a VM, found among this host's processes.
//!
//! It outlives the server. It is found again by the id in the file that it wrote,
//! and known by its command line, in which the VM's id is: another process that got
//! the same number since is never taken for it, and neither is one that has ended
//! and that nobody has waited for, which has no command line any more.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::arguments::process_name;
use super::places::PID;

/// How often to look whether a process has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A QEMU that runs.
pub(super) struct Process {
    number: i32,
    name: String,
    handle: OwnedFd,
}

/// Whether the VM's QEMU runs. Disturbs nothing.
pub(super) fn runs(dir: &Path, id: &str) -> bool {
    number(dir).is_some_and(|number| is_named(number, &process_name(id)))
}

fn number(dir: &Path) -> Option<i32> {
    let text = std::fs::read_to_string(dir.join(PID)).ok()?;
    text.trim().parse().ok()
}

fn is_named(number: i32, name: &str) -> bool {
    let Ok(command_line) = std::fs::read(format!("/proc/{number}/cmdline")) else {
        return false;
    };
    let mut arguments = command_line.split(|byte| *byte == 0);
    arguments.any(|argument| argument == name.as_bytes())
}

impl Process {
    /// The VM's QEMU, if it runs.
    pub(super) fn find(dir: &Path, id: &str) -> Option<Self> {
        let number = number(dir)?;
        let process = Self {
            number,
            name: process_name(id),
            handle: pidfd_open(Pid::from_raw(number)?, PidfdFlags::empty()).ok()?,
        };
        // Looked at once the handle is there, so that the handle is its own.
        process.runs().then_some(process)
    }

    fn runs(&self) -> bool {
        is_named(self.number, &self.name)
    }

    /// Returns when it has ended.
    pub(super) async fn ended(&self) {
        while self.runs() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends it at once.
    pub(super) fn kill(&self) -> std::io::Result<()> {
        match pidfd_send_signal(&self.handle, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_vms_own_process_is_taken_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("sh")
            .args(["-c", "read _", &process_name("a")])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        assert!(!runs(dir.path(), "a"), "there is no file yet");
        std::fs::write(dir.path().join(PID), format!("{}\n", child.id())).unwrap();
        // For a moment, a process that has just begun has no command line.
        let begun = async {
            while !runs(dir.path(), "a") {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), begun)
            .await
            .unwrap();
        assert!(!runs(dir.path(), "b"), "it is of another VM");
        let process = Process::find(dir.path(), "a").unwrap();
        process.kill().unwrap();
        process.ended().await;
        // Nobody has waited for it yet.
        assert!(!runs(dir.path(), "a"));
        child.wait().unwrap();
        process.kill().unwrap();
    }
}
