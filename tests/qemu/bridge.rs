//! VMs on a bridge of the host's: they have the addresses there that the service says.

use std::process::Command;

use cloudsfor_tests::binary::{Ended, run};
use serde_json::Value;

use crate::host::{Host, IMAGE, image, not_tested, until};

/// Set where the test has a network and an `/etc` of its own.
const INSIDE: &str = "CLOUDSFOR_TEST_INSIDE";

/// Makes the network and the `/etc`, and goes on with its arguments.
const MAKE: &str = "
set -e
mount -t sysfs sysfs /sys
ip link set lo up
ip link add br-test type bridge
ip address add 192.0.2.1/24 dev br-test
ip link set br-test up
ip tuntap add tap-test mode tap
ip link delete tap-test
cp -rP /etc/. \"$0\" 2>/dev/null || true # Nothing needs what can't be read.
mount --bind \"$0\" /etc
mkdir -p /etc/qemu /etc/ssh
echo 'allow br-test' >/etc/qemu/bridge.conf
echo 'UserKnownHostsFile /dev/null' >>/etc/ssh/ssh_config
exec \"$@\"
";

/// Says whom the helper of bridges serves.
const ALLOWED: &str = "/etc/qemu/bridge.conf";

#[test]
fn vms_are_on_the_bridge_that_the_operator_chose() {
    let Some(image) = image() else { return };
    if std::env::var_os(INSIDE).is_none() {
        return run_inside("bridge::vms_are_on_the_bridge_that_the_operator_chose");
    }
    let mut host = Host::start(&image);
    host.create("before", IMAGE, &["--no-wait"]).ok();

    // Of a bridge that isn't there, everybody says so.
    configure(&mut host, "br-none");
    let doctor = examined(&host);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert!(
        doctor.stdout.contains("no bridge \"br-none\""),
        "{doctor:?}"
    );
    let lost = host.create("lost", IMAGE, &[]);
    assert_ne!(lost.code, 0, "{lost:?}");
    assert!(lost.stderr.contains("no bridge \"br-none\""), "{lost:?}");
    host.cli(&["vm", "delete", "lost", "--yes"]).ok();

    // New VMs are on it with an address of the range; VMs of before stay where they are.
    configure(&mut host, "br-test");
    let doctor = examined(&host);
    assert_eq!(doctor.code, 0, "{doctor:?}");
    assert!(doctor.stdout.contains("br-test"), "{doctor:?}");
    host.cli(&["domain", "create", "example.com"]).ok();
    let private = ["--private-networking", "--no-wait"];
    created(&host, "one.example.com", IMAGE, &private);
    created(&host, "two", IMAGE, &private);
    let names = ["before", "one.example.com", "two"];
    host.cli(&[&["vm", "wait"], &names[..], &["--wait-for", "ssh"]].concat())
        .ok();
    let one = public(&host, "one.example.com");
    let one_is_at = one["ip_address"].as_str().unwrap().to_owned();
    let two_is_at = address(&host, "two");
    let mut addresses = [one_is_at.as_str(), two_is_at.as_str()];
    addresses.sort_unstable();
    assert_eq!(addresses, ["192.0.2.100", "192.0.2.101"]);
    assert_eq!(
        (&one["netmask"], &one["gateway"], &one["ssh_port"]),
        (&"255.255.255.0".into(), &"192.0.2.1".into(), &Value::Null)
    );
    assert_eq!(by_vm_ssh(&host, "one.example.com"), "one.example.com");
    assert!(address(&host, "before").starts_with("127.64."));
    assert_eq!(by_vm_ssh(&host, "before"), "before");
    let records = [
        "domain",
        "record",
        "list",
        "example.com",
        "--output",
        "json",
    ];
    let records = host.cli(&records).ok().stdout;
    let reverse = one_is_at.rsplit_once('.').unwrap().1.to_owned() + ".2.0.192.in-addr.arpa.";
    assert!(records.contains(&one_is_at), "{records}");
    assert!(records.contains(&reverse), "{records}");

    // They reach each other and the gateway there, and each other in a private network.
    for to in [&two_is_at, "192.0.2.1", "two.internal"] {
        until(&format!("one reaches {to}"), || {
            let ping = format!("ping -c 1 -W 2 {to} >/dev/null 2>&1 && echo yes || echo no");
            host.ssh("one.example.com", &ping) == "yes"
        });
    }
    let route = host.ssh("two", "ip route show default; cat /etc/resolv.conf");
    assert!(route.contains("via 192.0.2.1 dev eth0"), "{route}");
    assert!(route.contains("nameserver 192.0.2.2"), "{route}");

    // There are as many as the range has addresses.
    let third = host.create("three", IMAGE, &[]);
    assert_eq!(third.code, 6, "{third:?}");
    assert!(third.stderr.contains("no free address"), "{third:?}");

    // One that is made of a snapshot has its own.
    let snapshot = ["vm", "snapshot", "one.example.com", "--name", "now"];
    host.cli(&snapshot).ok();
    let snapshot = host.cli(&["snapshot", "list", "--output", "id"]).ok();
    host.cli(&["vm", "delete", "two", "--yes"]).ok();
    let snapshot = snapshot.stdout.trim();
    created(&host, "three", snapshot, &["--wait-for", "ssh"]);
    assert_eq!(address(&host, "three"), two_is_at);
    assert_eq!(by_vm_ssh(&host, "three"), "three");

    // Whatever is chosen later, they keep what they have.
    host.end("TERM");
    std::fs::remove_file(host.data().join("bridge.toml")).unwrap();
    host.restart();
    assert_eq!(public(&host, "one.example.com"), one);
    host.cli(&["vm", "rename", "one.example.com", "first"]).ok();
    host.cli(&["vm", "reset", "first", "--wait-for", "ssh"])
        .ok();
    assert_eq!(public(&host, "first"), one);
    assert_eq!(by_vm_ssh(&host, "first"), "first");

    // The host may forbid it.
    host.cli(&["vm", "stop", "three"]).ok();
    let allowed = std::fs::read(ALLOWED).unwrap();
    std::fs::write(ALLOWED, "deny all\n").unwrap();
    let refused = host.cli(&["vm", "start", "three"]);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert!(refused.stderr.contains("access denied"), "{refused:?}");
    assert!(refused.stderr.contains(ALLOWED), "{refused:?}");
    std::fs::write(ALLOWED, allowed).unwrap();

    // No tap is left of those that are off or gone.
    assert_eq!(taps(), 1);
    host.cli(&["vm", "delete", "before", "first", "three", "--yes"])
        .ok();
    until("the taps are gone", || taps() == 0);
}

/// Runs a test again where it can have bridges, if there is such a place.
fn run_inside(test: &str) {
    let inside = |arguments: &[&str]| -> Ended {
        let etc = tempfile::tempdir().unwrap();
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--net", "--mount", "sh", "-c", MAKE])
            .arg(etc.path())
            .args(arguments)
            .env(INSIDE, "yes");
        run(&mut command)
    };
    let can = inside(&["true"]);
    if can.code != 0 {
        return not_tested("VMs on a bridge", &can.stderr);
    }
    let this = std::env::current_exe().unwrap();
    let tested = inside(&[this.to_str().unwrap(), "--exact", test, "--nocapture"]);
    assert_eq!(tested.code, 0, "{}\n{}", tested.stdout, tested.stderr);
    assert!(tested.stdout.contains("1 passed"), "{}", tested.stdout);
}

/// Has the service give new VMs two addresses on a bridge.
fn configure(host: &mut Host, bridge: &str) {
    host.end("TERM");
    let text = format!(
        "name = {bridge:?}\n\
         first = \"192.0.2.100\"\n\
         last = \"192.0.2.101\"\n\
         prefix = 24\n\
         gateway = \"192.0.2.1\"\n\
         name_servers = [\"192.0.2.1\", \"192.0.2.2\"]\n"
    );
    std::fs::write(host.data().join("bridge.toml"), text).unwrap();
    host.restart();
}

fn examined(host: &Host) -> Ended {
    run(&mut host.command(&["serve", "doctor"]))
}

/// Creates a VM once there is an address for it: one becomes free when the VM that had it
/// is really gone.
fn created(host: &Host, name: &str, image: &str, more: &[&str]) {
    until(&format!("there is room for {name}"), || {
        let created = host.create(name, image, more);
        assert!([0, 6].contains(&created.code), "{created:?}");
        created.code == 0
    });
}

fn public(host: &Host, vm: &str) -> Value {
    host.vm(vm)["networks"]["v4"][0].clone()
}

fn address(host: &Host, vm: &str) -> String {
    public(host, vm)["ip_address"].as_str().unwrap().to_owned()
}

/// What a VM says its name is, when the command logs in to it.
fn by_vm_ssh(host: &Host, vm: &str) -> String {
    let key = host.key();
    let key = key.to_str().unwrap();
    let hostname = ["vm", "ssh", vm, "--identity", key, "--", "hostname"];
    host.cli(&hostname).ok().stdout.trim().to_owned()
}

fn taps() -> usize {
    let interfaces = std::fs::read_dir("/sys/class/net").unwrap().flatten();
    interfaces
        .filter(|interface| interface.path().join("tun_flags").exists())
        .count()
}
