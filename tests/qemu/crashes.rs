//! The service or a VM is killed: afterwards everything is what it is said to be.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cloudsfor_tests::binary::{cloudsfor, run};

use crate::host::{Host, IMAGE, image, kill, named, running, until};

#[test]
fn whatever_is_killed_what_is_said_is_so() {
    let Some(image) = image() else { return };
    let mut host = Host::start(&image);

    // The service, right after it has accepted a VM: the next one makes it, once.
    host.create("one", IMAGE, &["--no-wait"]).ok();
    host.end("KILL");
    host.restart();
    host.cli(&["vm", "wait", "one"]).ok();
    assert_eq!(host.vm("one")["status"], "running");
    assert_eq!(host.processes().len(), 1);

    // The VM: it is stopped, and can be started again.
    kill(&host.processes());
    until("the VM is said to be stopped", || {
        host.vm("one")["status"] == "stopped"
    });
    host.cli(&["vm", "start", "one"]).ok();
    assert_eq!(host.processes().len(), 1);

    // Both, as when the host loses its power.
    host.end("KILL");
    kill(&host.processes());
    host.restart();
    assert_eq!(host.vm("one")["status"], "stopped");
    host.cli(&["vm", "start", "one"]).ok();

    // A VM that doesn't answer any more is deleted all the same.
    let process = host.processes();
    run(Command::new("kill").args(["-s", "STOP"]).args(&process)).ok();
    let dir = host.dir_of("one");
    host.cli(&["vm", "delete", "one", "--yes"]).ok();
    assert!(!dir.exists());
    assert!(!Path::new("/proc").join(&process[0]).join("exe").exists());
}

#[test]
fn a_deleted_vm_has_ended_when_that_is_said_whatever_is_under_way() {
    let Some(image) = image() else { return };
    let host = Host::start(&image);
    let under_way: [&[&str]; 3] = [
        // Nothing inside hears it so early.
        &["vm", "shutdown", "one", "--no-wait"],
        &["vm", "snapshot", "one", "--name", "some", "--no-wait"],
        &["vm", "reset", "one", "--no-wait"],
    ];
    for action in under_way {
        host.create("one", IMAGE, &[]).ok();
        let dir = host.dir_of("one");
        let id = dir.file_name().unwrap().to_string_lossy().into_owned();
        host.cli(action).ok();
        host.cli(&["vm", "delete", "one", "--yes"]).ok();
        assert!(running(|line| line.contains(&id)).is_empty(), "{action:?}");
        assert!(!dir.exists(), "{action:?}");
    }
    // While it is being made, too.
    host.create("one", IMAGE, &["--no-wait"]).ok();
    host.cli(&["vm", "delete", "one", "--yes"]).ok();
    assert!(host.processes().is_empty());
}

#[test]
fn the_embedded_cloud_keeps_a_time_limit_and_leaves_no_vm_behind() {
    let Some(image) = image() else { return };
    // A directory of any length does.
    let dir = tempfile::tempdir().unwrap();
    let long = dir.path().join("alexandra.konstantinopolskaya/".repeat(5));
    let command = |arguments: &[&str]| {
        let mut command = cloudsfor(arguments);
        command
            .env("CLOUDSFOR_DATA_DIR", &long)
            .env("CLOUDSFOR_COMPUTE", "qemu");
        command
    };
    let mut import = command(&["serve", "image", "import", IMAGE]);
    run(import.arg(&image)).ok();
    let local = |arguments: &[&str]| run(&mut command(&[&["--local"], arguments].concat()));
    let create = [
        "vm",
        "create",
        "web",
        "--region",
        "moscow_01",
        "--image",
        IMAGE,
    ];
    let sizes = [
        "--size",
        "0.25",
        "--cpu",
        "1",
        "--disk-size",
        "1",
        "-o",
        "id",
    ];
    let private = ["--private-networking"];
    let created = local(&[&create[..], &sizes, &private].concat()).ok();
    let id = created.stdout.trim().to_owned();
    let _ended = Ended(&id);
    assert_eq!(running(|line| line.contains(&id)).len(), 1);

    // Held, it hears nothing.
    let process = running(|line| line.contains(&id));
    run(Command::new("kill").args(["-s", "STOP"]).args(&process)).ok();
    let began = Instant::now();
    let late = local(&["vm", "shutdown", "web", "--timeout", "1s"]);
    assert_eq!(late.code, 8, "{late:?}");
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    local(&["vm", "delete", "web", "--yes"]).ok();
    assert!(running(|line| line.contains(&id)).is_empty());
    until("its network's switch has ended", || {
        running_switches(&long).is_empty()
    });
}

/// The switches of networks below this directory.
fn running_switches(data: &Path) -> Vec<String> {
    named(|line| line.starts_with("cloudsfor\0serve\0switch\0"))
        .into_iter()
        .filter(|process| {
            let dir = std::fs::read_link(format!("/proc/{process}/cwd"));
            dir.is_ok_and(|dir| dir.starts_with(data))
        })
        .collect()
}

/// Ends a VM's QEMU if the test failed before it did.
struct Ended<'a>(&'a str);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let left = running(|line| line.contains(self.0));
        for process in left {
            let _ = Command::new("kill").args(["-s", "KILL", &process]).status();
        }
    }
}
