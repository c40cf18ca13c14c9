//! A VM's life, from nothing to nothing.

use crate::consoles;
use crate::host::{Host, IMAGE, count, image, running, until};

const FOR_SSH: [&str; 2] = ["--wait-for", "ssh"];

#[test]
fn a_vm_lives_as_its_owner_says() {
    let Some(image) = image() else { return };
    let mut host = Host::start(&image);

    // It is what was asked for, and it is said where it really is reached.
    let script = host.data().join("script");
    std::fs::write(&script, "#!/bin/sh\necho told >/root/told\n").unwrap();
    let asked = ["--backups", "--user-data", script.to_str().unwrap()];
    host.create("one.example.com", IMAGE, &[&asked[..], &FOR_SSH].concat())
        .ok();
    let vm = host.vm("one.example.com");
    assert_eq!(vm["status"], "running");
    assert!(!vm["features"].to_string().contains("simulated"), "{vm}");
    assert_eq!(host.ssh("one.example.com", "hostname"), "one.example.com");
    assert_eq!(host.ssh("one.example.com", "nproc"), "1");
    until("the user's script has run", || {
        host.ssh("one.example.com", "cat /root/told 2>/dev/null || true") == "told"
    });
    assert_eq!(sectors(&host, "one.example.com"), gigabytes(1));
    let memory = host.ssh(
        "one.example.com",
        "awk '/MemTotal/ { print $2 }' /proc/meminfo",
    );
    let memory: u64 = memory.parse().unwrap();
    assert!((180_000..262_145).contains(&memory), "{memory} kB");

    consoles::one_sits_at_the_console(&host, "one.example.com");
    consoles::it_has_a_display(&host, "one.example.com");

    // A snapshot is what the disk was; the VM goes on meanwhile.
    host.ssh("one.example.com", "echo old > /root/file; sync");
    host.cli(&["vm", "snapshot", "one.example.com", "--name", "old"])
        .ok();
    host.ssh("one.example.com", "echo new > /root/file; sync");
    let snapshot = host.cli(&["snapshot", "list", "--output", "id"]).ok();
    let snapshot = snapshot.stdout.trim().to_owned();
    host.create("two", &snapshot, &FOR_SSH).ok();
    assert_eq!(host.ssh("two", "cat /root/file; hostname"), "old\ntwo");
    assert_eq!(host.ssh("one.example.com", "cat /root/file"), "new");
    let host_key = "cat /etc/dropbear/dropbear_ed25519_host_key | md5sum";
    assert_ne!(
        host.ssh("one.example.com", host_key),
        host.ssh("two", host_key)
    );

    // A disk is put back; and whoever stands on a snapshot doesn't miss it.
    let restore = [
        "vm",
        "restore",
        "one.example.com",
        "--image",
        &snapshot,
        "--yes",
    ];
    host.cli(&[&restore[..], &FOR_SSH].concat()).ok();
    assert_eq!(host.ssh("one.example.com", "cat /root/file"), "old");
    host.cli(&["snapshot", "delete", &snapshot, "--yes"]).ok();
    let snapshots = host.data().join("qemu/snapshots");
    until("the snapshot's file is gone", || count(&snapshots) == 0);

    // VMs run on while there is no service, and are found again.
    let before = host.processes();
    assert_eq!(before.len(), 2);
    host.end("TERM");
    assert_eq!(host.processes(), before);
    host.restart();
    assert_eq!(host.vm("two")["status"], "running");
    assert_eq!(host.ssh("two", "cat /root/file"), "old");

    // Down in good order, larger, and up again.
    host.cli(&["vm", "shutdown", "two"]).ok();
    assert_eq!(host.processes().len(), 1);
    consoles::one_that_is_off_or_elsewhere_has_none(&host, "two", "one.example.com");
    let resize = [
        "vm",
        "resize",
        "two",
        "--size",
        "0.5",
        "--cpu",
        "2",
        "--disk-size",
        "2",
    ];
    host.cli(&resize).ok();
    host.cli(&[&["vm", "start", "two"], &FOR_SSH[..]].concat())
        .ok();
    assert_eq!(host.ssh("two", "nproc; cat /root/file"), "2\nold");
    host.cli(&["vm", "rename", "two", "second"]).ok();
    assert_eq!(sectors(&host, "second"), gigabytes(2));
    // While it runs, too.
    host.cli(&["vm", "resize", "second", "--disk-size", "3"])
        .ok();
    assert_eq!(sectors(&host, "second"), gigabytes(3));
    let uptime = |host: &Host| -> f64 {
        let uptime = host.ssh("second", "cut -d' ' -f1 /proc/uptime");
        uptime.parse().unwrap()
    };
    let before = uptime(&host);
    host.cli(&[&["vm", "reboot", "second"], &FOR_SSH[..]].concat())
        .ok();
    assert!(uptime(&host) < before + 5.0, "it was restarted");
    // That is when its new name is read.
    assert_eq!(host.ssh("second", "hostname"), "second");

    // Backups are made of whoever asked for them.
    host.a_day_passes();
    until("there is a backup", || {
        let vm = host.vm("one.example.com");
        vm["backup_ids"].as_array().unwrap().len() == 1 && vm["locked"] == false
    });
    assert_eq!(count(&host.data().join("qemu/snapshots")), 1);
    assert_eq!(host.vm("second")["backup_ids"].to_string(), "[]");

    // Nothing is left behind.
    let ids: Vec<_> = ["one.example.com", "second"]
        .map(|name| host.vm(name)["id"].as_str().unwrap().to_owned())
        .to_vec();
    host.cli(&["vm", "delete", "one.example.com", "second", "--yes"])
        .ok();
    let vms = host.data().join("qemu/vms");
    until("the VMs' directories are gone", || count(&vms) == 0);
    assert!(running(|line| ids.iter().any(|id| line.contains(id))).is_empty());
}

#[test]
fn what_a_host_has_not_is_refused_with_what_to_do() {
    let Some(image) = image() else { return };
    let host = Host::start(&image);
    let missing = host.create("a", "debian-13", &[]);
    assert_eq!(missing.code, 2, "{missing:?}");
    let how = "cloudsfor serve image pull debian-13";
    assert!(missing.stderr.contains(how), "{missing:?}");
    let mut large = vec![
        "vm",
        "create",
        "b",
        "--region",
        "moscow_01",
        "--image",
        IMAGE,
    ];
    large.extend(["--size", "1024", "--cpu", "1", "--disk-size", "1"]);
    let large = host.cli(&large);
    assert_eq!(large.code, 6, "{large:?}");
    assert!(large.stderr.contains("GB of memory"), "{large:?}");
    let refused = host.create("c", IMAGE, &["--ipv6"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.stderr.contains("real VMs don't have"),
        "{refused:?}"
    );
    assert_eq!(host.cli(&["vm", "list", "--output", "id"]).ok().stdout, "");
}

fn gigabytes(number: u64) -> u64 {
    number << 30 >> 9
}

/// The size of a VM's disk as it sees it.
fn sectors(host: &Host, vm: &str) -> u64 {
    host.ssh(vm, "cat /sys/block/vda/size").parse().unwrap()
}
