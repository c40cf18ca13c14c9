//! Private networks: who is in one reaches its others, and nobody else does.

use crate::host::{Host, IMAGE, count, image, kill, until};

#[test]
fn members_reach_each_other_and_others_do_not() {
    let Some(image) = image() else { return };
    let mut host = Host::start(&image);
    for name in ["one", "two"] {
        host.create(name, IMAGE, &["--private-networking", "--no-wait"])
            .ok();
    }
    host.create("apart", IMAGE, &["--no-wait"]).ok();
    host.cli(&["vm", "wait", "one", "two", "apart", "--wait-for", "ssh"])
        .ok();
    let (one, two) = (private(&host, "one"), private(&host, "two"));
    assert_eq!(private_of(&host, "apart"), None);

    // By address and by name.
    for (from, to) in [
        ("one", &*two),
        ("two", "one"),
        ("one", "two"),
        ("one", "two.internal"),
    ] {
        until(&format!("{from} reaches {to}"), || reaches(&host, from, to));
    }
    assert!(!reaches(&host, "one", "three"));
    // What is at the same address outside, if anything is, isn't `one`.
    host.ssh("one", "echo of one >/tmp/file; httpd -p 7777 -h /tmp");
    assert_eq!(fetched(&host, "two", &one), "of one");
    assert_eq!(fetched(&host, "apart", &one), "");

    // A switch that ends is started again, and its members find it.
    let switches = host.switches();
    assert_eq!(switches.len(), 1);
    kill(&switches);
    until("there is a switch again", || {
        let now = host.switches();
        !now.is_empty() && now != switches
    });
    until("they reach each other again", || {
        reaches(&host, "one", "two")
    });

    // It runs on while there is no service, like the VMs.
    let switches = host.switches();
    host.end("TERM");
    assert_eq!(host.switches(), switches);
    host.restart();

    // Whoever joins has an interface at once, and loses it when he leaves.
    let network = host.cli(&["network", "list", "--output", "id"]).ok();
    let network = network.stdout.trim().to_owned();
    host.cli(&["network", "join", &network, "apart"]).ok();
    let address = private(&host, "apart");
    until("it has the interface", || interfaces(&host, "apart") == 2);
    let up = format!("ip link set eth1 up && ip addr add {address}/16 dev eth1");
    host.ssh("apart", &up);
    assert_eq!(fetched(&host, "apart", &one), "of one");
    // It was told of it by no list.
    until("one reaches apart", || reaches(&host, "one", "apart"));
    host.cli(&["network", "leave", &network, "apart"]).ok();
    until("it has one interface", || interfaces(&host, "apart") == 1);
    assert!(!reaches(&host, "one", &address));
    assert_eq!(private_of(&host, "apart"), None);

    // With its last member, a network's switch and directory are gone.
    host.cli(&["vm", "delete", "one", "two", "apart", "--yes"])
        .ok();
    let networks = host.data().join("qemu/networks");
    until("the network's directory is gone", || {
        std::fs::read_dir(&networks)
            .unwrap()
            .flatten()
            .all(|entry| !entry.path().is_dir())
    });
    until("its switch has ended", || host.switches().is_empty());
    host.cli(&["network", "delete", &network, "--yes"]).ok();
    until("the VMs are gone", || {
        count(&host.data().join("qemu/vms")) == 0
    });
}

/// A VM's address in its private network.
fn private(host: &Host, vm: &str) -> String {
    private_of(host, vm).unwrap()
}

fn private_of(host: &Host, vm: &str) -> Option<String> {
    let vm = host.vm(vm);
    let addresses = vm["networks"]["v4"].as_array().unwrap();
    let private = addresses
        .iter()
        .find(|address| address["type"] == "private")?;
    Some(private["ip_address"].as_str().unwrap().to_owned())
}

fn reaches(host: &Host, vm: &str, other: &str) -> bool {
    let ping = format!("ping -c 1 -W 2 {other} >/dev/null 2>&1 && echo yes || echo no");
    host.ssh(vm, &ping) == "yes"
}

/// What a VM gets from the one at this address.
fn fetched(host: &Host, vm: &str, address: &str) -> String {
    let get = r"printf 'GET /file HTTP/1.0\r\n\r\n'";
    host.ssh(vm, &format!("{get} | nc -w 3 {address} 7777 | tail -n 1"))
}

fn interfaces(host: &Host, vm: &str) -> usize {
    let count = host.ssh(vm, "ls -d /sys/class/net/eth* | wc -l");
    count.parse().unwrap()
}
