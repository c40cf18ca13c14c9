//! The service as a process: how soon it is ready, and the memory that it rests in.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Error;
use crate::bench::Report;

/// The CLI's exit code for wrong credentials.
const UNAUTHENTICATED: i32 = 4;

/// How long it rests before its memory is looked at.
const REST: Duration = Duration::from_secs(10);

pub(super) fn measure(report: &mut Report) -> Result<(), Error> {
    let binary = build()?;
    let dir = tempfile::tempdir()?;
    let start = || -> Result<(Stopped, String, Duration), Error> {
        let began = Instant::now();
        let mut child = Command::new(&binary)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--dns-listen",
                "127.0.0.1:0",
                "--data-dir",
            ])
            .arg(dir.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("it has no output")?).lines();
        let first = lines.next().ok_or("it ended at once")??;
        let took = began.elapsed();
        // So that it can go on writing.
        std::thread::spawn(move || lines.for_each(drop));
        Ok((Stopped(child), first, took))
    };
    drop(start()?);
    let mut times = Vec::new();
    for _ in 0..5 {
        times.push(start()?.2);
    }
    times.sort();
    let ready = times[times.len() / 2].as_secs_f64() * 1000.0;
    report.at_most("serve, ready on an existing store", ready, 50.0, "ms", "");
    let ready = ephemeral(&binary)?.as_secs_f64() * 1000.0;
    report.at_most("serve --ephemeral, ready", ready, 30.0, "ms", "");

    let (child, announced, _) = start()?;
    // Each verification of a password takes 19 MiB for a moment.
    let endpoint = announced
        .rsplit(' ')
        .next()
        .ok_or("it says not where it listens")?;
    for number in 0..3 {
        let wrong = Command::new(&binary)
            .args(["vm", "list", "--endpoint", endpoint])
            .env("CLOUDSFOR_EMAIL", "nobody@example.com")
            .env("CLOUDSFOR_PASSWORD", format!("wrong {number}"))
            .output()?;
        if wrong.status.code() != Some(UNAUTHENTICATED) {
            return Err(String::from_utf8_lossy(&wrong.stderr).into_owned().into());
        }
    }
    let listed = Command::new(&binary)
        .args(["--profile", "local", "vm", "list", "--data-dir"])
        .arg(dir.path())
        .output()?;
    if !listed.status.success() {
        return Err(String::from_utf8_lossy(&listed.stderr).into_owned().into());
    }
    std::thread::sleep(REST);
    let memory = resident_mebibytes(child.0.id())?;
    report.at_most(
        "serve, memory at rest, DNS on",
        memory,
        16.0,
        "MiB",
        "after some logins",
    );
    Ok(())
}

/// How long an ephemeral service takes until it is ready: the middle of five.
fn ephemeral(binary: &Path) -> Result<Duration, Error> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let child = Command::new(binary)
            .args(["serve", "--ephemeral"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut child = Stopped(child);
        let mut line = String::new();
        BufReader::new(child.0.stdout.take().ok_or("it has no output")?).read_line(&mut line)?;
        times.push(began.elapsed());
        let ready: serde_json::Value = serde_json::from_str(&line)?;
        ready["endpoint"]
            .as_str()
            .ok_or("it says not where it listens")?;
        child.terminate()?;
    }
    times.sort();
    Ok(times[times.len() / 2])
}

struct Stopped(Child);

impl Stopped {
    /// Lets it end by itself, so that it takes away what it has made.
    fn terminate(&mut self) -> Result<(), Error> {
        let pid = nix::unistd::Pid::from_raw(self.0.id().try_into()?);
        nix::sys::signal::kill(pid, nix::sys::signal::SIGTERM)?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn build() -> Result<std::path::PathBuf, Error> {
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "cloudsfor-cli",
            "--message-format=json",
        ])
        .stderr(Stdio::inherit())
        .output()?;
    let messages = String::from_utf8(output.stdout)?;
    let executable = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(Into::into)
    });
    executable.ok_or_else(|| "the binary can't be built".into())
}

fn resident_mebibytes(pid: u32) -> Result<f64, Error> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes: f64 = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .ok_or("no VmRSS")?
        .trim()
        .parse()?;
    Ok(kibibytes / 1024.0)
}
