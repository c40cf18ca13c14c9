//! What `qemu-img` does with a file that was examined.
//!
//! The file is its standard input, opened by us: the name that the file has elsewhere is
//! never looked up again, and is no text that QEMU could take for a protocol.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::{Value, json};

use super::super::disks::{self, Info, fault};
use super::Format;
use crate::compute::ComputeError;

/// The file that qemu-img was started with.
const STANDARD_INPUT: &str = "/proc/self/fd/0";

/// Statuses of `qemu-img check`: all is well; some space is lost, which harms nothing; and
/// the format can't be checked.
const SOUND: [Option<i32>; 3] = [Some(0), Some(3), Some(63)];

/// A file of an accepted format.
pub(in super::super) struct Examined<'a> {
    file: &'a File,
    format: Format,
}

impl<'a> Examined<'a> {
    pub(in super::super) fn new(file: &'a File, format: Format) -> Self {
        Self { file, format }
    }

    /// What QEMU is told to open: this format in this file, and nothing besides.
    fn node(&self) -> String {
        let mut node = json!({
            "driver": self.format.driver(),
            "file": {"driver": "file", "filename": STANDARD_INPUT},
        });
        if self.format.has_backing() {
            node["backing"] = Value::Null;
        }
        format!("json:{node}")
    }

    fn input(&self) -> Result<Stdio, ComputeError> {
        let file = self.file.try_clone();
        Ok(file
            .map_err(|error| fault("the image can't be read", &error))?
            .into())
    }

    /// What it holds; refuses one that QEMU opens other files for after all.
    pub(in super::super) async fn info(&self) -> Result<Result<Info, String>, ComputeError> {
        let node = self.node();
        let arguments = ["info", "--force-share", "--output=json", &node];
        let mut command = disks::command(Path::new("/"), self.input()?, arguments);
        let output = command.output().await;
        let output = output.map_err(|error| disks::not_run(&error))?;
        if !output.status.success() {
            return Ok(Err(not_whole(&String::from_utf8_lossy(&output.stderr))));
        }
        let info = disks::parse_info(&output.stdout)?;
        let is_own = |child: &disks::Child| child.name == "file";
        let children = info.children.as_deref().unwrap_or_default();
        if info.backing_filename.is_some() || !children.iter().all(is_own) {
            return Ok(Err(super::PARTIAL.into()));
        }
        Ok(Ok(info))
    }

    /// Whether all of it is there and agrees, as far as QEMU can tell.
    pub(in super::super) async fn check(&self) -> Result<Result<(), String>, ComputeError> {
        let node = self.node();
        let arguments = ["check", "--force-share", &node];
        let mut command = disks::command(Path::new("/"), self.input()?, arguments);
        let output = command.output().await;
        let output = output.map_err(|error| disks::not_run(&error))?;
        if SOUND.contains(&output.status.code()) {
            return Ok(Ok(()));
        }
        let said = [output.stderr, output.stdout].concat();
        Ok(Err(not_whole(&String::from_utf8_lossy(&said))))
    }

    /// Writes what it holds into a new qcow2 of at most so many bytes.
    pub(in super::super) async fn convert(
        &self,
        to: &Path,
        at_most: u64,
    ) -> Result<Result<(), String>, ComputeError> {
        let node = self.node();
        let arguments = [
            OsStr::new("convert"),
            "-O".as_ref(),
            "qcow2".as_ref(),
            node.as_ref(),
            to.as_os_str(),
        ];
        let dir = to.parent().unwrap_or(Path::new("/"));
        let mut command = disks::command(dir, self.input()?, arguments);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| disks::not_run(&error))?;
        // A small file can unpack to a large one, which would take the room of the store.
        let process = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let limit = Rlimit {
            current: Some(at_most),
            maximum: Some(at_most),
        };
        // If it has ended already, it was small.
        let _ = process.map(|process| prlimit(Some(process), Resource::Fsize, limit));
        let output = child.wait_with_output().await;
        let output = output.map_err(|error| disks::not_run(&error))?;
        if output.status.signal() == Some(Signal::XFSZ.as_raw()) {
            return Ok(Err(format!(
                "what it holds needs more than the {} MB of disk that are left for images here: \
                 free some space, or use another --data-dir",
                at_most >> 20
            )));
        }
        Ok(disks::succeeded(output).map(drop).map_err(|error| error.0))
    }
}

/// What qemu-img says of a file that it can't read to its end.
fn not_whole(said: &str) -> String {
    let line = said.lines().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or("qemu-img finds faults in it");
    let line = line.trim_start_matches("qemu-img: ");
    // Of the file it knows nothing but how it was told to open it.
    let line = match line.rsplit_once("}': ") {
        Some((_, fault)) => fault,
        None => line,
    };
    format!("it is damaged, or a part of it is missing ({line}). Download it again")
}
