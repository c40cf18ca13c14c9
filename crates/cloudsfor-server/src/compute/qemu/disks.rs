//! Disks and images of machines that don't run, by `qemu-img`.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Output, Stdio};

use serde::Deserialize;
use tokio::process::Command;

use super::places::DISK;
use super::programs;
use super::turn::turn;
use crate::compute::ComputeError;

const QEMU_IMG: &str = "qemu-img";

/// Bytes of a GB.
pub(super) const GB: u64 = 1 << 30;

/// What `qemu-img info` says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Info {
    pub(super) virtual_size: u64,
    pub(super) backing_filename: Option<String>,
    /// The files that are open with it; older versions don't say.
    pub(super) children: Option<Vec<Child>>,
}

/// A part of an image.
#[derive(Debug, Deserialize)]
pub(super) struct Child {
    pub(super) name: String,
}

/// Runs qemu-img in a directory, with its turn there as its standard input; answers what
/// it says.
async fn qemu_img<A: AsRef<OsStr>>(
    dir: &Path,
    turn: impl Into<Stdio>,
    arguments: impl IntoIterator<Item = A>,
) -> Result<Vec<u8>, ComputeError> {
    let output = command(dir, turn, arguments).output().await;
    succeeded(output.map_err(|error| not_run(&error))?)
}

/// A qemu-img that is to run in a directory, with this standard input.
pub(super) fn command<A: AsRef<OsStr>>(
    dir: &Path,
    input: impl Into<Stdio>,
    arguments: impl IntoIterator<Item = A>,
) -> Command {
    let mut command = programs::program(QEMU_IMG);
    command
        .current_dir(dir)
        .args(arguments)
        .stdin(input)
        .kill_on_drop(true);
    command
}

pub(super) fn not_run(error: &io::Error) -> ComputeError {
    ComputeError(format!(
        "qemu-img can't be run ({error}): `cloudsfor serve doctor` says what to install"
    ))
}

/// What qemu-img wrote, if it succeeded.
pub(super) fn succeeded(output: Output) -> Result<Vec<u8>, ComputeError> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().last().unwrap_or("nothing").to_owned();
    Err(ComputeError(format!("a disk can't be made ready: {said}")))
}

/// What the answer of `qemu-img info` says.
pub(super) fn parse_info(said: &[u8]) -> Result<Info, ComputeError> {
    serde_json::from_slice(said)
        .map_err(|error| ComputeError(format!("what qemu-img says can't be read: {error}")))
}

/// What a disk or an image of this host's is: always a qcow2, so that QEMU takes it for
/// nothing else, whatever is in it.
pub(super) async fn info(file: &Path) -> Result<Info, ComputeError> {
    let dir = file.parent().unwrap_or(Path::new("/"));
    let arguments = [
        OsStr::new("info"),
        "-f".as_ref(),
        "qcow2".as_ref(),
        "--force-share".as_ref(),
        "--output=json".as_ref(),
        file.as_os_str(),
    ];
    parse_info(&qemu_img(dir, Stdio::null(), arguments).await?)
}

/// Puts a new disk of `gigabytes` GB on top of an image into a VM's directory, in
/// place of the one that it had.
pub(super) async fn renew(dir: &Path, image: &Path, gigabytes: u32) -> Result<(), ComputeError> {
    let base = format!("base-{}.qcow2", inode(image)?);
    match std::fs::hard_link(image, dir.join(&base)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(fault("the image can't be linked to", &error));
        }
        _ => {}
    }
    let new = format!("{DISK}.new");
    let size = format!("{gigabytes}G");
    let create = [
        "create", "-q", "-f", "qcow2", "-b", &base, "-F", "qcow2", &new, &size,
    ];
    qemu_img(dir, turn(dir).await?, create).await?;
    put(&dir.join(new), &dir.join(DISK))?;
    remove_other_bases(dir, &base).map_err(|error| fault("an old disk can't be removed", &error))
}

fn inode(image: &Path) -> Result<u64, ComputeError> {
    match std::fs::metadata(image) {
        Ok(metadata) => Ok(metadata.ino()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ComputeError(
            "the image is not here any more: choose another one, or have it installed again".into(),
        )),
        Err(error) => Err(fault("the image can't be read", &error)),
    }
}

fn remove_other_bases(dir: &Path, base: &str) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("base-") && name != base {
            std::fs::remove_file(dir.join(&*name))?;
        }
    }
    Ok(())
}

/// Makes the disk of a machine that is off at least so large.
pub(super) async fn grow(dir: &Path, gigabytes: u32) -> Result<(), ComputeError> {
    let size = info(&dir.join(DISK)).await?.virtual_size;
    if size >= u64::from(gigabytes) * GB {
        return Ok(());
    }
    let size = format!("{gigabytes}G");
    let resize = ["resize", "-q", "-f", "qcow2", DISK, &size];
    qemu_img(dir, turn(dir).await?, resize).await.map(drop)
}

/// Makes an empty image.
pub(super) async fn create(file: &Path, bytes: u64) -> Result<(), ComputeError> {
    let size = bytes.to_string();
    let create = [
        OsStr::new("create"),
        "-q".as_ref(),
        "-f".as_ref(),
        "qcow2".as_ref(),
        file.as_os_str(),
        size.as_ref(),
    ];
    let dir = file.parent().unwrap_or(Path::new("/"));
    qemu_img(dir, turn(dir).await?, create).await.map(drop)
}

/// Copies a disk of this host's, with all that it stands on, into one file; `turn` is the
/// one in the VM's directory.
pub(super) async fn copy(
    from: &Path,
    to: &Path,
    turn: impl Into<Stdio>,
) -> Result<(), ComputeError> {
    let convert = [
        OsStr::new("convert"),
        "-f".as_ref(),
        "qcow2".as_ref(),
        "-O".as_ref(),
        "qcow2".as_ref(),
        from.as_os_str(),
        to.as_os_str(),
    ];
    let dir = to.parent().unwrap_or(Path::new("/"));
    qemu_img(dir, turn, convert).await.map(drop)
}

/// Puts a finished file in its place, so that it is there whole or not at all.
pub(super) fn put(new: &Path, place: &Path) -> Result<(), ComputeError> {
    let put = || {
        std::fs::File::open(new)?.sync_all()?;
        std::fs::rename(new, place)?;
        let dir = place.parent().unwrap_or(Path::new("/"));
        std::fs::File::open(dir)?.sync_all()
    };
    put().map_err(|error| fault("a disk can't be put in its place", &error))
}

/// The space that a file really takes, in bytes.
pub(super) fn space(file: &Path) -> Result<u64, ComputeError> {
    let metadata = std::fs::metadata(file);
    let metadata = metadata.map_err(|error| fault("a disk can't be read", &error))?;
    Ok(metadata.blocks() * 512)
}

/// The space that a VM's disk takes with what it stands on, in bytes: a copy of it takes no
/// more.
pub(super) fn space_with_base(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == DISK || name.to_string_lossy().starts_with("base-") {
            bytes += entry.metadata()?.blocks() * 512;
        }
    }
    Ok(bytes)
}

pub(super) fn fault(what: &str, error: &io::Error) -> ComputeError {
    ComputeError(format!("{what}: {error}"))
}
