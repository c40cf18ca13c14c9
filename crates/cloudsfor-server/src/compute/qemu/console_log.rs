//! What a VM says on its serial console, of which the last is kept.
//!
//! QEMU appends to a file without end, and a guest can say what it likes: so the file is cut
//! once it is long. QEMU goes on at the file's new end. What is said in the moment of the
//! cut is lost.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::places::{CONSOLE_LOG, OLD_CONSOLE_LOG};

/// A log is cut once it is longer, in bytes. Of it and the one before, so much each is kept.
const LONGEST: u64 = 1 << 20;

/// Begins a log for a machine that is started.
pub(super) fn begin(dir: &Path) -> io::Result<()> {
    match fs::rename(dir.join(CONSOLE_LOG), dir.join(OLD_CONSOLE_LOG)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether the machine has said anything since it was started.
pub(super) fn says_something(dir: &Path) -> bool {
    fs::metadata(dir.join(CONSOLE_LOG)).is_ok_and(|log| log.len() > 0)
}

/// Cuts the log of a machine if it is too long; says whether it was.
pub(super) fn cut(dir: &Path) -> io::Result<bool> {
    let log = dir.join(CONSOLE_LOG);
    let length = match fs::metadata(&log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        metadata => metadata?.len(),
    };
    if length <= LONGEST {
        return Ok(false);
    }
    let file = OpenOptions::new().read(true).write(true).open(&log)?;
    let mut last = vec![0; LONGEST as usize];
    let mut have = 0;
    // The file may be cut by another process too.
    while have < last.len() {
        match file.read_at(&mut last[have..], length - LONGEST + have as u64)? {
            0 => break,
            read => have += read,
        }
    }
    // Never none at all, which would be no sign of life.
    file.set_len(1)?;
    let new = dir.join(format!("{OLD_CONSOLE_LOG}.new"));
    fs::write(&new, &last[..have])?;
    fs::rename(new, dir.join(OLD_CONSOLE_LOG))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_log_is_bounded_however_much_is_said_and_its_last_part_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!cut(dir.path()).unwrap(), "there is none yet");
        let log = dir.path().join(CONSOLE_LOG);
        let mut options = OpenOptions::new();
        let mut qemu = options.create(true).append(true).open(&log).unwrap();
        assert!(!says_something(dir.path()));
        qemu.write_all(b"short").unwrap();
        assert!(!cut(dir.path()).unwrap());
        for _ in 0..5 {
            qemu.write_all(&vec![b'a'; LONGEST as usize]).unwrap();
            qemu.write_all(b"the end").unwrap();
            assert!(cut(dir.path()).unwrap());
            assert!(fs::metadata(&log).unwrap().len() <= 1);
            assert!(says_something(dir.path()));
            let old = fs::read(dir.path().join(OLD_CONSOLE_LOG)).unwrap();
            assert_eq!(old.len() as u64, LONGEST);
            assert!(old.ends_with(b"the end"));
        }
        begin(dir.path()).unwrap();
        assert!(!says_something(dir.path()));
    }
}
