//! The command line's numbers: how fast it starts, and what a long list costs,
//! against an empty clap program, curl, and curl with jq.

mod child;
mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) use child::{Cost, run_and_tell};

use super::Report;
use super::measure::paired;
use super::sdk::list_of;
use crate::generated::workspace;
use server::Server;

/// What jq makes of a list, as the table of `vm list` has it.
const TABLE: &str = ".vms[] | [.id, .name, .status, .memory, .vcpus, .disk, .region.name, \
                     .networks.v4[0].ip_address, .created_at] | @tsv";

pub(super) fn measure() -> Result<Report, Box<dyn std::error::Error>> {
    let mut report = Report::default();
    let ours = built(
        &["--package", "cloudsfor-cli", "--bin", "cloudsfor"],
        "cloudsfor",
    )?;
    let empty = built(
        &["--package", "xtask", "--example", "empty_clap"],
        "examples/empty_clap",
    )?;
    start_up(&ours, &empty, &mut report)?;
    long_list(&ours, &mut report)?;
    Ok(report)
}

/// Builds a program for release, and says where it is.
fn built(what: &[&str], name: &str) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release"])
        .args(what)
        .current_dir(workspace())
        .status()?;
    if !status.success() {
        return Err(format!("{name} can't be built").into());
    }
    let programs = std::env::current_exe()?;
    let programs = programs.parent().ok_or("this program is nowhere")?;
    Ok(programs.join(name))
}

fn start_up(
    ours: &Path,
    empty: &Path,
    report: &mut Report,
) -> Result<(), Box<dyn std::error::Error>> {
    let version = |program: &Path| quiet(Command::new(program).arg("--version"));
    let pair = paired(200, || version(ours), || version(empty));
    let notes = format!(
        "{:.2} ms against {:.2} ms",
        pair.first.as_secs_f64() * 1e3,
        pair.second.as_secs_f64() * 1e3
    );
    report.at_most(
        "--version, against an empty clap program",
        pair.ratio,
        1.5,
        "x",
        notes,
    );

    let one = Server::start(list_of(1)?);
    let get = || quiet(&mut list(ours, &one, "table"));
    let curl = || quiet(Command::new("curl").args(["-s", "-u", "a:b", &one.url()]));
    let pair = paired(100, get, curl);
    let notes = format!(
        "{:.2} ms against {:.2} ms",
        pair.first.as_secs_f64() * 1e3,
        pair.second.as_secs_f64() * 1e3
    );
    report.at_most("vm list of 1 VM, against curl", pair.ratio, 0.6, "x", notes);
    Ok(())
}

fn long_list(ours: &Path, report: &mut Report) -> Result<(), Box<dyn std::error::Error>> {
    let many = Server::start(list_of(100_000)?);
    for (format, jq) in [("table", TABLE), ("json", ".vms")] {
        let line = format!("curl -s -u a:b {} | jq -r '{jq}'", many.url());
        let mut pipe = Command::new("sh");
        pipe.args(["-c", &line]);
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            mine.push(child::cost(&list(ours, &many, format))?);
            theirs.push(child::cost(&pipe)?);
        }
        let (mine, theirs) = (Cost::middle(&mine), Cost::middle(&theirs));
        let notes = format!("{} ms against {} ms of CPU", mine.cpu_ms, theirs.cpu_ms);
        let ratio = mine.cpu_ms as f64 / theirs.cpu_ms as f64;
        let what = format!("vm list of 100,000 as {format}, CPU");
        report.at_most(what, ratio, 1.0 / 3.0, "x", notes);
        let notes = format!("{} MiB against {} MiB", mine.kib >> 10, theirs.kib >> 10);
        let ratio = mine.kib as f64 / theirs.kib as f64;
        let what = format!("vm list of 100,000 as {format}, memory");
        report.at_most(what, ratio, 1.0 / 3.0, "x", notes);
    }
    Ok(())
}

fn list(ours: &Path, server: &Server, format: &str) -> Command {
    let mut command = Command::new(ours);
    command
        .args(["vm", "list", "-o", format])
        .env("CLOUDSFOR_CONFIG", "no such directory/config.toml")
        .env("CLOUDSFOR_ENDPOINT", server.endpoint())
        .env("CLOUDSFOR_EMAIL", "a")
        .env("CLOUDSFOR_PASSWORD", "b");
    command
}

fn quiet(command: &mut Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{command:?} failed"
    );
}
