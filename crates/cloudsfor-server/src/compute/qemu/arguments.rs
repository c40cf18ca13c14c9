//! What QEMU is told.
//!
//! QEMU is started in the VM's own directory and told the names of the files in
//! it, which are always the same: so nothing that a user or an operator chose gets
//! into an option, where a comma would begin another one.

use std::net::Ipv4Addr;
use std::os::fd::RawFd;

use super::acceleration::Acceleration;
use super::networks::Interface;
use super::places::{CONSOLE, CONSOLE_LOG, CONTROL, DEBUG, DISK, DISPLAY, PID, SEED};
use crate::compute::Machine;

/// The disk's name inside QEMU.
pub(super) const DISK_NODE: &str = "disk";

/// The console's name inside QEMU.
pub(super) const CONSOLE_DEVICE: &str = "console";

/// The kind of network interface that guests see.
pub(super) const NIC: &str = "virtio-net-pci";

/// Where the guest's own end of its public interface is: not among the addresses of
/// private networks, and hardly among those of a network that this host is in.
const INSIDE: &str = "198.18.0.0/24";

/// QEMU goes into the background within its sandbox, where it needs a process and a
/// session of its own: so `spawn` and `elevateprivileges` can't be denied.
const SANDBOX: &str = "on,obsolete=deny,resourcecontrol=deny";

/// By what a VM's QEMU is known among processes.
pub(super) fn process_name(id: &str) -> String {
    format!("cloudsfor-{id}")
}

/// Where a machine's public interface leads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outside {
    /// Into QEMU, which reaches what this host reaches, as far as the filter lets it (see
    /// `uplink`), and leads from this port at the machine's address to its SSH.
    Host(u16),
    /// Onto a bridge, by the tap that is this file of QEMU's.
    Tap(RawFd),
}

/// The arguments that start a machine in the background.
pub(super) fn arguments(
    machine: &Machine,
    interfaces: &[Interface],
    outside: Outside,
    acceleration: Acceleration,
) -> Vec<String> {
    let megabytes = (machine.memory.get() * 1024.0) as u64;
    let mac = mac(machine.address);
    let options = [
        ("name", process_name(machine.id.as_str())),
        ("machine", kind(acceleration)),
        ("cpu", acceleration.cpu().into()),
        ("smp", machine.vcpus.to_string()),
        ("m", format!("{megabytes}M")),
        ("sandbox", SANDBOX.into()),
        ("blockdev", block(DISK_NODE, "qcow2", DISK, "discard=unmap")),
        ("device", device("virtio-blk-pci", "drive=disk,bootindex=0")),
        ("blockdev", block("seed", "raw", SEED, "read-only=on")),
        ("device", device("virtio-blk-pci", "drive=seed")),
        ("netdev", public(machine.address, outside)),
        (
            "device",
            device(NIC, &format!("netdev=public,mac={mac},romfile=")),
        ),
        ("device", "virtio-rng-pci".into()),
        (
            "chardev",
            // Appended to, so that it can be cut while it is written (see `console_log`).
            format!(
                "{},logfile={CONSOLE_LOG},logappend=on",
                socket(CONSOLE_DEVICE, CONSOLE)
            ),
        ),
        ("serial", format!("chardev:{CONSOLE_DEVICE}")),
        ("device", "VGA".into()),
        ("vnc", format!("unix:{DISPLAY}")),
        ("chardev", socket("control", CONTROL)),
        ("mon", "chardev=control,mode=control".into()),
        ("chardev", socket("debug", DEBUG)),
        ("mon", "chardev=debug,mode=control".into()),
        ("pidfile", PID.into()),
    ];
    let private = interfaces.iter().flat_map(|interface| {
        let Interface { id, mac, netdev } = interface;
        // As JSON, in which the path of the data directory stays what it is.
        let properties = format!("netdev={id},id={id},mac={mac},romfile=");
        [
            ("netdev", netdev.to_string()),
            ("device", device(NIC, &properties)),
        ]
    });
    let flags = ["-nodefaults", "-no-user-config", "-daemonize"];
    let options = options
        .into_iter()
        .chain(filter(outside))
        .chain(private)
        .flat_map(|(name, value)| [format!("-{name}"), value]);
    flags.into_iter().map(String::from).chain(options).collect()
}

/// What begins the description of a machine's public interface.
const PUBLIC: [&str; 2] = ["user,id=public,", "tap,id=public,"];

/// The ends of the filter in QEMU, by their numbers among the open files there.
pub(super) const SENT: RawFd = 21;
pub(super) const LEAVES: RawFd = 22;

/// The other end of a machine's public interface.
fn public(address: Ipv4Addr, outside: Outside) -> String {
    let [user, tap] = PUBLIC;
    match outside {
        Outside::Host(port) => {
            format!("{user}net={INSIDE},ipv6=off,hostfwd=tcp:{address}:{port}-:22")
        }
        Outside::Tap(file) => format!("{tap}fd={file}"),
    }
}

/// What passes the guest's frames through the filter, if it needs one.
fn filter(outside: Outside) -> Vec<(&'static str, String)> {
    let Outside::Host(_) = outside else {
        return Vec::new();
    };
    vec![
        ("chardev", format!("socket,id=sent,fd={SENT}")),
        ("chardev", format!("socket,id=leaves,fd={LEAVES}")),
        (
            "object",
            "filter-redirector,id=uplink,netdev=public,queue=rx,outdev=sent,indev=leaves".into(),
        ),
    ]
}

fn kind(acceleration: Acceleration) -> String {
    format!("pc,accel={}", acceleration.name())
}

/// The arguments of a machine that is started once more, with another way out and another
/// acceleration.
pub(super) fn changed(
    arguments: &[String],
    address: Ipv4Addr,
    outside: Outside,
    acceleration: Acceleration,
) -> Vec<String> {
    let mut changed = arguments.to_vec();
    for at in 1..changed.len() {
        let new = match changed[at - 1].as_str() {
            "-machine" => kind(acceleration),
            "-cpu" => acceleration.cpu().into(),
            "-netdev" if PUBLIC.iter().any(|begin| changed[at].starts_with(begin)) => {
                public(address, outside)
            }
            _ => continue,
        };
        changed[at] = new;
    }
    changed
}

fn block(node: &str, format: &str, file: &str, more: &str) -> String {
    format!("driver={format},node-name={node},file.driver=file,file.filename={file},{more}")
}

fn device(model: &str, properties: &str) -> String {
    format!("{model},{properties}")
}

fn socket(id: &str, path: &str) -> String {
    format!("socket,id={id},path={path},server=on,wait=off")
}

/// The hardware address of a VM's public interface: QEMU's range, and what tells
/// VMs of a host apart.
pub(super) fn mac(address: Ipv4Addr) -> String {
    let [_, b, c, d] = address.octets();
    format!("52:54:00:{b:02x}:{c:02x}:{d:02x}")
}

#[cfg(test)]
mod tests {
    use std::slice;

    use cloudsfor_types::{Gigabytes, UserData};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn machine(name: &str, image: &str, data: &str) -> Machine {
        Machine {
            id: "9a33ef4fec394360a88e3c60b78b5dbc".parse().unwrap(),
            name: name.into(),
            image: image.into(),
            memory: Gigabytes::new(0.25).unwrap(),
            vcpus: 2,
            disk: 1,
            run: true,
            address: [127, 64, 0, 2].into(),
            bridge: None,
            ssh_keys: vec![data.into()],
            user_data: Some(UserData::from(data.to_owned())),
            networks: Vec::new(),
            requested_at: Default::default(),
        }
    }

    #[test]
    fn a_private_network_is_told_of_so_that_no_path_is_an_option() {
        let interface = Interface {
            id: "network-a".into(),
            mac: "52:54:0a:00:00:02".into(),
            netdev: json!({"type": "stream", "addr": {"path": "/a,b/\"c\".sock"}}),
        };
        let machine = machine("a", "b", "c");
        let arguments = arguments(&machine, &[interface], Outside::Host(22), Acceleration::Tcg);
        let netdevs: Vec<_> = arguments
            .windows(2)
            .filter(|pair| pair[0] == "-netdev")
            .map(|pair| &pair[1])
            .collect();
        assert_eq!(netdevs.len(), 2);
        let told: serde_json::Value = serde_json::from_str(netdevs[1]).unwrap();
        assert_eq!(told["addr"]["path"], "/a,b/\"c\".sock");
        let device = "virtio-net-pci,netdev=network-a,id=network-a,mac=52:54:0a:00:00:02,romfile=";
        assert!(arguments.iter().any(|argument| argument == device));
    }

    #[test]
    fn sizes_and_ways_in_are_those_of_the_machine() {
        let after = |option: &str, outside| {
            let arguments = arguments(&machine("a", "b", "c"), &[], outside, Acceleration::Tcg);
            assert!(!arguments.iter().any(|argument| argument.contains("tcp:0")));
            let at = arguments.iter().position(|argument| argument == option);
            arguments[at.unwrap() + 1].clone()
        };
        let host = Outside::Host(2222);
        assert_eq!(
            (after("-m", host), after("-smp", host)),
            ("256M".into(), "2".into())
        );
        assert!(after("-netdev", host).ends_with("hostfwd=tcp:127.64.0.2:2222-:22"));
        assert!(after("-object", host).contains("netdev=public,queue=rx,"));
        assert_eq!(after("-netdev", Outside::Tap(3)), "tap,id=public,fd=3");
        assert!(after("-sandbox", host).starts_with("on,"));
    }

    #[test]
    fn one_that_is_started_once_more_differs_as_if_it_had_been_started_so() {
        let machine = machine("a", "b", "c");
        let interface = Interface {
            id: "network-a".into(),
            mac: "52:54:0a:00:00:02".into(),
            netdev: json!({"type": "stream", "id": "public,"}),
        };
        let all = |outside, acceleration| {
            arguments(&machine, slice::from_ref(&interface), outside, acceleration)
        };
        for (before, after) in [
            (Outside::Host(1), Outside::Host(2)),
            (Outside::Tap(3), Outside::Tap(4)),
        ] {
            let kvm = all(before, Acceleration::Kvm);
            let tcg = changed(&kvm, machine.address, after, Acceleration::Tcg);
            assert_eq!(tcg, all(after, Acceleration::Tcg));
        }
    }

    proptest! {
        /// Whatever a user can choose freely never reaches QEMU's arguments.
        #[test]
        fn no_text_of_a_user_is_an_argument(name in ".*", image in ".*", data in ".*") {
            let with = |machine: &Machine| arguments(machine, &[], Outside::Host(22), Acceleration::Kvm);
            let plain = with(&machine("a", "b", "c"));
            prop_assert_eq!(with(&machine(&name, &image, &data)), plain);
        }
    }
}
