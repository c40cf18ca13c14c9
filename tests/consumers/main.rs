//! The programs that read what the command line writes, and the files that users give
//! it: OpenSSH, Ansible and cloud-init themselves decide what is right.
//!
//! `CLOUDSFOR_TEST_CONSUMERS` names the folder with Ansible that
//! `.ci/install-consumers` made; without it, a program that is missing is skipped.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod ansible;
mod canned;
mod keys;
mod ssh;
mod user_data;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder with the programs of PyPI, on CI.
fn installed() -> Option<PathBuf> {
    std::env::var_os("CLOUDSFOR_TEST_CONSUMERS").map(PathBuf::from)
}

/// A command of this program, if it is there; on CI it must be.
fn program(name: &str) -> Option<Command> {
    let of_pypi = installed().map(|dir| dir.join("bin").join(name));
    let program = of_pypi.filter(|path| path.exists());
    let program = program.map_or_else(|| OsString::from(name), OsString::from);
    let mut found = Command::new("sh");
    found
        .args(["-c", "command -v \"$0\""])
        .arg(&program)
        .stdout(Stdio::null());
    let is_there = found.status().unwrap().success();
    assert!(is_there || installed().is_none(), "{name} is not installed");
    if !is_there {
        eprintln!("SKIPPED: {name} is not installed (.ci/install-consumers installs it)");
        return None;
    }
    Some(Command::new(program))
}

/// A command of `cloudsfor` on the embedded cloud of this directory.
fn local(dir: &Path, args: &[&str]) -> Command {
    let mut command = cloudsfor_tests::binary::cloudsfor(&["--local", "-q"]);
    command
        .args(args)
        .env("CLOUDSFOR_DATA_DIR", dir.join("cloud"));
    command
}
