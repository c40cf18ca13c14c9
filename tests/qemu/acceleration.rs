//! KVM that only seems to work: a stand-in for QEMU under which the probe's guest runs, and a
//! machine does nothing.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cloudsfor_tests::binary::run;
use serde_json::Value;

use crate::host::{Host, IMAGE, image, until};

/// Emulates what is to run by KVM; a machine, unlike the probe, never begins.
const STAND_IN: &str = r#"#!/bin/bash
real=$(PATH=${PATH#*:} command -v qemu-system-x86_64)
case "$*" in
    *isa-debug-exit*) ;;
    *accel=kvm*) hang=-S ;;
esac
arguments=()
for argument; do
    case $argument in
        pc,accel=kvm) argument=pc,accel=tcg ;;
        host) argument=max ;;
    esac
    arguments+=("$argument")
done
exec -a qemu-system-x86_64 "$real" "${arguments[@]}" $hang
"#;

#[test]
fn a_machine_that_does_nothing_under_kvm_is_restarted_emulated_once() {
    let Some(image) = image() else { return };
    let dir = tempfile::tempdir().unwrap();
    let programs = dir.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let stand_in = programs.join("qemu-system-x86_64");
    fs::write(&stand_in, STAND_IN).unwrap();
    fs::set_permissions(&stand_in, PermissionsExt::from_mode(0o700)).unwrap();
    // Where there is no KVM, the operator says that there is.
    let kvm = OpenOptions::new().read(true).write(true).open("/dev/kvm");
    let how = if kvm.is_ok() { "auto" } else { "kvm" };
    let more = ["--acceleration", how, "--kvm-patience", "3s"];
    let host = Host::prepared(dir, &image, Some(programs), &more);
    if how == "auto" {
        let doctor = run(&mut host.command(&["serve", "doctor"])).ok();
        assert!(doctor.stdout.contains("run by KVM"), "{doctor:?}");
    }

    host.create("one", IMAGE, &["--wait-for", "ssh"]).ok();
    assert_eq!(host.ssh("one", "hostname"), "one");
    let first = started(&host.dir_of("one"));
    assert_eq!(
        (&first["acceleration"], &first["again"]),
        (&"tcg".into(), &true.into())
    );
    let notice = "no sign of life under KVM for 3 s";
    until("the action says so", || notices(&host) == 1);
    let actions = host
        .cli(&["action", "list", "--output", "json"])
        .ok()
        .stdout;
    assert!(actions.contains(notice), "{actions}");
    let log = fs::read_to_string(host.log()).unwrap();
    assert!(log.contains(notice), "{log}");

    // What was found is kept for the host.
    let found = fs::read_to_string(host.data().join("qemu/acceleration.json")).unwrap();
    assert!(
        found.contains("\"tcg\"") && found.contains("sign of life"),
        "{found}"
    );
    if how == "auto" {
        let doctor = run(&mut host.command(&["serve", "doctor"])).ok();
        assert!(doctor.stdout.contains("no sign of life"), "{doctor:?}");
        host.create("two", IMAGE, &[]).ok();
        let second = started(&host.dir_of("two"));
        assert_eq!(
            (&second["acceleration"], &second["again"]),
            (&"tcg".into(), &false.into())
        );
        host.cli(&["vm", "reset", "one"]).ok();
        assert_eq!(started(&host.dir_of("one"))["acceleration"], "tcg");
    }
    assert_eq!(notices(&host), 1);
}

/// How a machine was started last.
fn started(dir: &Path) -> Value {
    serde_json::from_slice(&fs::read(dir.join("started.json")).unwrap()).unwrap()
}

/// How many actions have a notice.
fn notices(host: &Host) -> usize {
    let actions = host
        .cli(&["action", "list", "--output", "json"])
        .ok()
        .json();
    let actions = actions.as_array().unwrap();
    actions
        .iter()
        .filter(|action| !action["notice"].is_null())
        .count()
}

#[test]
fn the_operators_choice_goes_before_the_probe() {
    let Some(image) = image() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = Host::prepared(dir, &image, None, &["--acceleration", "tcg"]);
    host.create("one", IMAGE, &[]).ok();
    assert_eq!(started(&host.dir_of("one"))["acceleration"], "tcg");
    assert!(
        !host.data().join("qemu/acceleration.json").exists(),
        "nothing was tried"
    );

    let mut doctor = host.command(&["serve", "doctor"]);
    let said = run(doctor.env("CLOUDSFOR_ACCELERATION", "tcg")).ok();
    assert!(
        said.stdout.contains("emulated (TCG), as chosen"),
        "{said:?}"
    );
    let refused = run(doctor.env("CLOUDSFOR_ACCELERATION", "fast"));
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("auto or kvm or tcg"), "{refused:?}");
}
