//! `serve --ephemeral`: ready in one line of JSON, and nothing left behind.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use cloudsfor_tests::binary::{cloudsfor, create, run};
use serde_json::Value;

/// One that runs, and is stopped when the test ends.
struct Ephemeral {
    process: Child,
    /// Its one line.
    ready: Value,
}

impl Ephemeral {
    fn start(temporary: &Path, more: &[&str]) -> Self {
        let mut command = cloudsfor(&["serve", "--ephemeral", "--create-time", "1ms"]);
        command.args(more).env("TMPDIR", temporary);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        lines.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { process, ready }
    }

    fn said(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// A command against it, by what it said.
    fn cli(&self, args: &[&str]) -> Command {
        let mut command = cloudsfor(args);
        command
            .env("CLOUDSFOR_ENDPOINT", self.said("endpoint"))
            .env("CLOUDSFOR_EMAIL", self.said("email"))
            .env("CLOUDSFOR_PASSWORD", self.said("password"));
        command
    }
}

impl Drop for Ephemeral {
    fn drop(&mut self) {
        // Gone already if the test ended it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn it_is_used_by_what_it_says_and_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let left = || std::fs::read_dir(temporary.path()).unwrap().count();
    let mut one = Ephemeral::start(temporary.path(), &[]);
    // Several run at once, each on a port and with a state of its own.
    let other = Ephemeral::start(temporary.path(), &[]);
    assert_ne!(one.said("endpoint"), other.said("endpoint"));
    assert_ne!(one.said("password"), other.said("password"));
    assert!(one.ready.get("dns").is_none());

    run(&mut one.cli(&create("web", &[]))).ok();
    let vms = run(&mut one.cli(&["vm", "list", "-o", "json"])).ok().stdout;
    assert!(vms.contains("web"), "{vms}");
    let vms = run(&mut other.cli(&["vm", "list", "-o", "json"]))
        .ok()
        .stdout;
    assert_eq!(vms.trim(), "[]");

    assert_eq!(left(), 2);
    let pid = one.process.id().to_string();
    run(Command::new("kill").args(["-s", "TERM", &pid])).ok();
    assert!(one.process.wait().unwrap().success());
    assert_eq!(left(), 1);
}

#[test]
fn its_account_can_be_chosen() {
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("password");
    std::fs::write(&file, "correct horse").unwrap();
    let account = [
        "--account",
        "me@example.com",
        "--password-file",
        file.to_str().unwrap(),
    ];
    let dns = ["--dns-listen", "127.0.0.1:0"];
    let service = Ephemeral::start(temporary.path(), &[&account[..], &dns].concat());
    assert_eq!(service.said("email"), "me@example.com");
    assert_eq!(service.said("password"), "correct horse");
    assert!(service.said("dns").starts_with("127.0.0.1:"));
    run(&mut service.cli(&["vm", "list"])).ok();
}

#[test]
fn what_would_be_kept_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("data");
    let dir = dir.to_str().unwrap();
    for args in [["--data-dir", dir], ["--compute", "qemu"]] {
        let ended = run(cloudsfor(&["serve", "--ephemeral"]).args(args));
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
        assert!(ended.stderr.contains("--ephemeral"), "{ended:?}");
    }
    assert!(!Path::new(dir).exists());
}
