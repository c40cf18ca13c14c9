//! The service or a VM is killed: afterwards everything is what it is said to be.

use std::process::Command;

use cloudsfor_tests::binary::run;

use crate::host::{Host, IMAGE, image, kill, until};

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
    until("its directory is gone", || !dir.exists());
    assert!(
        !std::path::Path::new("/proc")
            .join(&process[0])
            .join("exe")
            .exists()
    );
}
