//! Reading and writing the file: bounded, whole or not at all, its owner's alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::ProfileError;

/// More than anybody writes: what is larger is some other file.
const SIZE_MAX: u64 = 1 << 20;

/// The text of the file, and whether others than its owner may read it. `None` if
/// there is no file.
pub(super) fn read(path: &Path) -> Result<Option<(String, bool)>, ProfileError> {
    let failed = |source| ProfileError::Read {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    // Asked of the file that is open, not of whatever has its name by now.
    let is_open = is_open_to_others(&file).map_err(failed)?;
    let mut text = String::new();
    let mut bounded = file.take(SIZE_MAX + 1);
    bounded.read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > SIZE_MAX {
        let why = format!("it is larger than {SIZE_MAX} bytes");
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, why)));
    }
    Ok(Some((text, is_open)))
}

#[cfg(unix)]
fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode();
    Ok(mode & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Writes beside and renames, so that there is always a whole file, which only its
/// owner can read. The directory is made if there is none.
pub(super) fn write(path: &Path, text: &str) -> Result<(), ProfileError> {
    // A link to the file stays a link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let new = beside(&target);
    let written = make_directory(&target).and_then(|()| {
        let replaced = fill(&new, text).and_then(|()| fs::rename(&new, &target));
        if replaced.is_err() {
            // Whatever there is of it is of no use.
            let _ = fs::remove_file(&new);
        }
        replaced
    });
    written
        .and_then(|()| sync_directory(&target))
        .map_err(|source| ProfileError::Write {
            path: path.to_owned(),
            source,
        })
}

/// A name that no other writer takes.
fn beside(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    let random = getrandom::u64().unwrap_or(std::process::id().into());
    name.push(format!(".new-{random:016x}"));
    target.with_file_name(name)
}

fn make_directory(target: &Path) -> io::Result<()> {
    let Some(dir) = target.parent().filter(|dir| !dir.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn fill(new: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The new name is durable when its directory is; where directories are files.
fn sync_directory(target: &Path) -> io::Result<()> {
    if cfg!(unix)
        && let Some(dir) = target.parent().filter(|dir| !dir.as_os_str().is_empty())
    {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}
