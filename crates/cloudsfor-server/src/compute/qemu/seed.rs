//! What a VM reads at its first boot: hostname, keys, and the user's data, in the
//! form that cloud-init calls NoCloud: a small FAT file system named `cidata`.

use std::io::{self, Cursor, Write};
use std::net::Ipv4Addr;

use fatfs::{FileSystem, FormatVolumeOptions, FsOptions, format_volume};

use super::arguments::mac;
use super::networks::{self, INTERNAL};
use crate::bridge::Bridge;
use crate::compute::Machine;

/// Enough for the largest user data and all keys.
const BYTES: usize = 2 << 20;

/// The volume's name, by which it is found inside.
const LABEL: [u8; 11] = *b"cidata     ";

/// Keys are for root, as the contract says; images differ in that. And networks are
/// looked at at each boot, since they may have changed.
const VENDOR_DATA: &str = "\
#cloud-config
disable_root: false
updates:
  network:
    when: [boot]
";

/// Writes its arguments into the list of hosts, in place of those of the boot before.
const WRITE_HOSTS: &str = "sed -i '/ # private$/d' /etc/hosts; \
    for host; do echo \"$host # private\" >>/etc/hosts; done";

/// So many others of a network are in the list of hosts at most; the network's own name
/// server knows all of them.
const HOSTS: usize = 500;

/// When there is none; cloud-init wants the file.
const NO_USER_DATA: &str = "#cloud-config\n{}\n";

/// The image of a machine's seed.
pub(super) fn seed(machine: &Machine) -> io::Result<Vec<u8>> {
    let mut image = Cursor::new(vec![0; BYTES]);
    format_volume(&mut image, FormatVolumeOptions::new().volume_label(LABEL))?;
    {
        let system = FileSystem::new(&mut image, FsOptions::new())?;
        let user_data = machine.user_data.as_ref();
        let user_data = user_data.map_or(NO_USER_DATA.as_bytes(), |data| data.as_bytes());
        for (name, content) in [
            ("meta-data", meta_data(machine).as_bytes()),
            ("user-data", user_data),
            ("vendor-data", vendor_data(machine).as_bytes()),
            ("network-config", network_config(machine).as_bytes()),
        ] {
            let mut file = system.root_dir().create_file(name)?;
            file.write_all(content)?;
        }
    }
    Ok(image.into_inner())
}

/// The id of the instance is the VM's: a VM made from another's snapshot has its
/// own, so that it gets its own host keys.
fn meta_data(machine: &Machine) -> String {
    let mut text = format!(
        "instance-id: {}\nlocal-hostname: {}\npublic-keys:\n",
        quoted(machine.id.as_str()),
        quoted(&machine.name)
    );
    for key in &machine.ssh_keys {
        text.push_str(&format!("  - {}\n", quoted(key)));
    }
    if machine.ssh_keys.is_empty() {
        text.push_str("  []\n");
    }
    text
}

fn network_config(machine: &Machine) -> String {
    let mut text = format!(
        "version: 2\nethernets:\n  public:\n    match:\n      macaddress: {}\n",
        quoted(&mac(machine.address))
    );
    match &machine.bridge {
        // QEMU's own network tells the rest.
        None => text.push_str("    dhcp4: true\n"),
        Some(bridge) => text.push_str(&on_bridge(machine.address, bridge)),
    }
    for (number, network) in machine.networks.iter().enumerate() {
        text.push_str(&format!(
            "  private{number}:\n    match:\n      macaddress: {}\n    addresses: [{}]\n    \
             nameservers:\n      search: [{INTERNAL}]\n      addresses: [{}]\n",
            quoted(&networks::mac(network.address)),
            quoted(&format!("{}/{}", network.address, network.prefix)),
            quoted(&network.gateway.to_string()),
        ));
    }
    text
}

/// What a VM is told that nobody on the bridge may tell it.
fn on_bridge(address: Ipv4Addr, bridge: &Bridge) -> String {
    let servers: Vec<_> = bridge
        .name_servers
        .iter()
        .map(Ipv4Addr::to_string)
        .collect();
    let mut text = format!(
        "    addresses: [{}]\n    routes:\n      - to: \"0.0.0.0/0\"\n        via: {}\n",
        quoted(&format!("{address}/{}", bridge.prefix)),
        quoted(&bridge.gateway.to_string()),
    );
    if !servers.is_empty() {
        let servers = serde_json::Value::from(servers);
        text.push_str(&format!("    nameservers:\n      addresses: {servers}\n"));
    }
    text
}

/// The command that writes the hosts is run at each boot.
fn vendor_data(machine: &Machine) -> String {
    let mut text = String::from(VENDOR_DATA);
    text.push_str(&format!(
        "bootcmd:\n  - - sh\n    - -c\n    - {}\n    - sh\n",
        quoted(WRITE_HOSTS)
    ));
    for network in &machine.networks {
        for (name, address) in network.others.iter().take(HOSTS) {
            let host = format!("{address} {name} {name}.{INTERNAL}");
            text.push_str(&format!("    - {}\n", quoted(&host)));
        }
    }
    text
}

/// A string of JSON is one of YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use cloudsfor_types::UserData;

    use super::*;
    use crate::compute::PrivateNetwork;

    #[test]
    fn a_seed_has_what_the_machine_is_told() {
        let machine = Machine {
            id: "9a33ef4fec394360a88e3c60b78b5dbc".parse().unwrap(),
            name: "web-1.example.com".into(),
            image: "debian-13".into(),
            memory: 1.into(),
            vcpus: 1,
            disk: 1,
            run: true,
            address: [127, 64, 0, 2].into(),
            bridge: None,
            ssh_keys: vec!["ssh-ed25519 AAAA \"me\": #1".into()],
            user_data: Some(UserData::from("x".repeat(64 << 10))),
            networks: vec![PrivateNetwork {
                id: "0a33ef4fec394360a88e3c60b78b5dbc".parse().unwrap(),
                address: [10, 3, 0, 2].into(),
                prefix: 16,
                gateway: [10, 3, 0, 1].into(),
                others: vec![("db".into(), [10, 3, 1, 4].into())],
            }],
            requested_at: Default::default(),
        };
        let image = seed(&machine).unwrap();
        // Where those who look for the volume's name look.
        assert_eq!(&image[43..54], LABEL);
        let system = FileSystem::new(Cursor::new(image), FsOptions::new()).unwrap();
        let read = |name: &str| {
            let mut text = String::new();
            let mut file = system.root_dir().open_file(name).unwrap();
            file.read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(
            read("meta-data"),
            "instance-id: \"9a33ef4fec394360a88e3c60b78b5dbc\"\n\
             local-hostname: \"web-1.example.com\"\n\
             public-keys:\n  - \"ssh-ed25519 AAAA \\\"me\\\": #1\"\n"
        );
        assert_eq!(read("user-data").len(), 64 << 10);
        let network = read("network-config");
        let public = "\"52:54:00:40:00:02\"\n    dhcp4: true\n";
        assert!(network.contains(public), "{network}");
        assert!(
            network.ends_with(
                "      macaddress: \"52:54:0a:03:00:02\"\n    addresses: [\"10.3.0.2/16\"]\n    \
                 nameservers:\n      search: [internal]\n      addresses: [\"10.3.0.1\"]\n"
            ),
            "{network}"
        );
        let bridged = Machine {
            address: [192, 0, 2, 100].into(),
            bridge: Some(Bridge {
                name: "br0".into(),
                first: [192, 0, 2, 100].into(),
                last: [192, 0, 2, 199].into(),
                prefix: 24,
                gateway: [192, 0, 2, 1].into(),
                name_servers: vec![[192, 0, 2, 1].into(), [198, 51, 100, 1].into()],
            }),
            networks: Vec::new(),
            ..machine
        };
        assert_eq!(
            network_config(&bridged),
            "version: 2\nethernets:\n  public:\n    match:\n      \
             macaddress: \"52:54:00:00:02:64\"\n    addresses: [\"192.0.2.100/24\"]\n    \
             routes:\n      - to: \"0.0.0.0/0\"\n        via: \"192.0.2.1\"\n    \
             nameservers:\n      addresses: [\"192.0.2.1\",\"198.51.100.1\"]\n"
        );
        let vendor = read("vendor-data");
        assert!(
            vendor.ends_with("    - \"10.3.1.4 db db.internal\"\n"),
            "{vendor}"
        );
    }
}
