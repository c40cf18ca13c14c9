//! One program at a time works on a VM's files.
//!
//! A service that is killed leaves behind what it had begun: a qemu-img that copies a
//! disk, a QEMU that isn't ready yet and is in no file so far. Each of them has a locked
//! file as its standard input, so the system keeps the lock for as long as it lives,
//! and the next service waits for it. A QEMU that went into the background has let go.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::disks::fault;
use super::places::TURN;
use crate::compute::ComputeError;

/// How often to look whether it is one's turn.
const LOOK: Duration = Duration::from_millis(20);

/// The longest that the program before may take. Copying a disk takes minutes.
const LIMIT: Duration = Duration::from_secs(600);

/// Waits for one's turn in a directory, which lasts until the file is closed here and
/// in the program that got it.
pub(super) async fn turn(dir: &Path) -> Result<File, ComputeError> {
    let file = File::create(dir.join(TURN)).map_err(|error| not_taken(&error))?;
    let taken = async {
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK).await,
                Err(TryLockError::Error(error)) => return Err(not_taken(&error)),
            }
        }
    };
    match tokio::time::timeout(LIMIT, taken).await {
        Ok(taken) => taken.map(|()| file),
        Err(_) => Err(ComputeError(format!(
            "a program that was begun before still has the files in {}: end it by hand",
            dir.display()
        ))),
    }
}

/// The turn in a directory, if it is free now.
pub(super) fn try_turn(dir: &Path) -> Result<Option<File>, ComputeError> {
    let file = File::create(dir.join(TURN)).map_err(|error| not_taken(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(not_taken(&error)),
    }
}

fn not_taken(error: &std::io::Error) -> ComputeError {
    fault("the VM's directory can't be locked", error)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[tokio::test]
    async fn what_was_begun_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        // It lives until it is told to end, by another way than its standard input.
        let mut begun = Command::new("sh")
            .args(["-c", "while [ ! -e end ]; do sleep 0.01; done; : > ended"])
            .current_dir(dir.path())
            .stdin(Stdio::from(turn(dir.path()).await.unwrap()))
            .spawn()
            .unwrap();
        let mut next = Box::pin(turn(dir.path()));
        let early = tokio::time::timeout(3 * LOOK, &mut next).await;
        assert!(early.is_err(), "it is not its turn yet");
        std::fs::write(dir.path().join("end"), "").unwrap();
        next.await.unwrap();
        assert!(dir.path().join("ended").exists());
        begun.wait().unwrap();
    }
}
