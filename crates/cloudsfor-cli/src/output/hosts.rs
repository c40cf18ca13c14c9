//! VMs as other programs' lists of hosts: `-o ansible-inventory|ssh-config`.
//!
//! Those programs run parts of what they read: Ansible evaluates templates in
//! variables, OpenSSH hands addresses to commands. So a server's values go out only if
//! they can't be more than they should: an address that is an IP address, a name that
//! is a host's name, an id that is one, text without templates. What isn't, is left out
//! and told.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{self, Write};
use std::net::IpAddr;

use cloudsfor_types::{id, rules};
use serde_json::{Map, Value, json};

/// What those programs need to know of a VM.
pub(crate) struct Host<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: &'a str,
    /// Where it is reached; VMs without an address are left out.
    pub(crate) address: Option<&'a str>,
    /// The port of SSH there, if it isn't SSH's own.
    pub(crate) ssh_port: Option<u16>,
    pub(crate) region: Option<&'a str>,
    pub(crate) image: Option<&'a str>,
    pub(crate) private_addresses: Vec<&'a str>,
    pub(crate) labels: Vec<(&'a str, &'a str)>,
}

/// The user whose account a VM is made with.
const USER: &str = "root";

/// Hosts that can go out, and what is said of the others.
pub(super) struct Safe<'h> {
    hosts: Vec<SafeHost<'h>>,
    /// A sentence for each thing that was left out.
    pub(super) left_out: Vec<String>,
}

struct SafeHost<'h> {
    /// Its name, or its id where another host has the name.
    alias: &'h str,
    address: IpAddr,
    labels: Vec<(&'h str, &'h str)>,
    host: &'h Host<'h>,
}

impl<'h> Safe<'h> {
    /// The hosts that have an address, each once under a name of its own.
    pub(super) fn of(hosts: &'h [Host<'h>]) -> Self {
        let mut safe = Self {
            hosts: Vec::with_capacity(hosts.len()),
            left_out: Vec::new(),
        };
        let mut taken = HashSet::new();
        for host in hosts {
            let Some(address) = host.address else {
                continue;
            };
            let told = format!("VM {:?} ({:?})", host.name, host.id);
            let Ok(address) = address.parse() else {
                safe.left_out.push(format!(
                    "the {told} is left out: its address {address:?} is none"
                ));
                continue;
            };
            let has_host_name = host.name.is_ascii() && rules::vm_name(host.name).is_ok();
            let by_name = has_host_name && taken.insert(host.name.to_ascii_lowercase());
            if !by_name && !id::is_canonical(host.id) {
                safe.left_out.push(format!(
                    "the {told} is left out: neither its name nor its id can be a host's"
                ));
                continue;
            }
            if !by_name && !taken.insert(host.id.to_owned()) {
                continue;
            }
            let (labels, odd): (Vec<_>, Vec<_>) = host
                .labels
                .iter()
                .partition(|(key, value)| !is_template(key) && !is_template(value));
            for (key, _) in odd {
                safe.left_out.push(format!(
                    "the label {key:?} of the {told} is left out: it has a template in it"
                ));
            }
            safe.hosts.push(SafeHost {
                alias: if by_name { host.name } else { host.id },
                address,
                labels,
                host,
            });
        }
        safe
    }

    /// An inventory as Ansible's scripts print it: all hosts, and groups by region
    /// (`region_moscow_01`) and label (`role_web`).
    pub(super) fn ansible_inventory(&self) -> Value {
        let mut inventory = Map::new();
        let variables = self
            .hosts
            .iter()
            .map(|host| (host.alias.to_owned(), host.variables()));
        let variables: Map<_, _> = variables.collect();
        inventory.insert("_meta".into(), json!({"hostvars": variables}));
        let all: Vec<_> = self.hosts.iter().map(|host| host.alias).collect();
        inventory.insert("all".into(), json!({"hosts": all}));
        for (group, hosts) in self.groups() {
            inventory.insert(group, json!({"hosts": hosts}));
        }
        inventory.into()
    }

    /// The hosts by group. Labels whose names for Ansible would be the same have
    /// different groups: one that is ambiguous is named with its digest.
    fn groups(&self) -> BTreeMap<String, BTreeSet<&str>> {
        let mut sources: BTreeMap<String, BTreeSet<(&str, &str)>> = BTreeMap::new();
        let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for host in &self.hosts {
            if let Some(region) = host.host.region.filter(|region| is_plain(region)) {
                let group = groups.entry(group("region", region)).or_default();
                group.insert(host.alias);
            }
            for (key, value) in &host.labels {
                sources
                    .entry(group(key, value))
                    .or_default()
                    .insert((key, value));
            }
        }
        let regions: BTreeSet<_> = groups.keys().cloned().collect();
        for host in &self.hosts {
            for (key, value) in &host.labels {
                let mut name = group(key, value);
                if sources[&name].len() > 1 || regions.contains(&name) {
                    name = format!("{name}_{:08x}", digest(key, value));
                }
                groups.entry(name).or_default().insert(host.alias);
            }
        }
        groups
    }

    /// `Host` sections of OpenSSH's configuration.
    pub(super) fn ssh_config(&self, out: &mut dyn Write) -> io::Result<()> {
        for host in &self.hosts {
            writeln!(out, "Host {}", host.alias)?;
            writeln!(out, "    HostName {}", host.address)?;
            if let Some(port) = host.host.ssh_port {
                writeln!(out, "    Port {port}")?;
            }
            if let Some(alias) = host.key_alias() {
                writeln!(out, "    HostKeyAlias {alias}")?;
            }
            writeln!(out, "    User {USER}")?;
        }
        Ok(())
    }
}

impl SafeHost<'_> {
    /// The name under which OpenSSH keeps the VM's key: another VM may get its address.
    fn key_alias(&self) -> Option<&str> {
        Some(self.host.id).filter(|id| id::is_canonical(id))
    }

    fn variables(&self) -> Value {
        let host = self.host;
        let labels: BTreeMap<_, _> = self.labels.iter().copied().collect();
        let private = host.private_addresses.iter();
        let private: Vec<IpAddr> = private.filter_map(|address| address.parse().ok()).collect();
        let mut variables = json!({
            "ansible_host": self.address,
            "ansible_user": USER,
            "cloudsfor_id": host.id,
            "cloudsfor_labels": labels,
            "cloudsfor_region": host.region.filter(|region| is_plain(region)),
            "cloudsfor_image": host.image.filter(|image| is_plain(image)),
            "cloudsfor_private_addresses": private,
        });
        if let Some(alias) = self.key_alias() {
            variables["ansible_ssh_common_args"] = format!("-o HostKeyAlias={alias}").into();
        }
        if let Some(port) = host.ssh_port {
            variables["ansible_port"] = port.into();
        }
        variables
    }
}

/// Whether Ansible would evaluate the text.
fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

/// Whether the text is an identifier of the service, as those of regions and images.
fn is_plain(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !text.is_empty() && text.chars().all(is_part)
}

/// A group's name as Ansible takes it: letters, digits and underscores, not a digit first.
fn group(key: &str, value: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = format!("{key}_{value}").chars().map(plain).collect();
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("label_{name}"),
        false => name,
    }
}

/// A short digest of a label (FNV-1a), to tell it from others.
fn digest(key: &str, value: &str) -> u32 {
    let bytes = key.bytes().chain([b'=']).chain(value.bytes());
    bytes.fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "9a33ef4fec394360a88e3c60b78b5dbc";
    const OTHER_ID: &str = "4f0a7c1d5b9e4a26b1c3d8e7f6a59b08";

    fn host<'a>(name: &'a str, id: &'a str, address: Option<&'a str>) -> Host<'a> {
        Host {
            name,
            id,
            address,
            ssh_port: None,
            region: Some("moscow_01"),
            image: Some("fedora-19"),
            private_addresses: vec!["10.0.0.2"],
            labels: vec![("role", "web-1")],
        }
    }

    fn ssh_config(hosts: &[Host<'_>]) -> String {
        let mut out = Vec::new();
        Safe::of(hosts).ssh_config(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_inventory_has_groups_by_region_and_label() {
        let mut hosts = vec![
            host("a.example.com", ID, Some("100.64.0.2")),
            host("A.example.com", OTHER_ID, Some("100.64.0.3")),
            host("new.example.com", "3", None),
        ];
        hosts[1].ssh_port = Some(2222);
        let inventory = Safe::of(&hosts).ansible_inventory();
        let all = json!(["a.example.com", OTHER_ID]);
        assert_eq!(inventory["all"]["hosts"], all);
        let sorted = json!([OTHER_ID, "a.example.com"]);
        assert_eq!(inventory["role_web_1"]["hosts"], sorted);
        assert_eq!(inventory["region_moscow_01"]["hosts"], sorted);
        let variables = &inventory["_meta"]["hostvars"];
        assert_eq!(variables[OTHER_ID]["ansible_host"], "100.64.0.3");
        assert_eq!(variables[OTHER_ID]["ansible_port"], 2222);
        assert_eq!(variables["a.example.com"]["ansible_port"], Value::Null);
        assert_eq!(variables["a.example.com"]["ansible_user"], "root");
        assert_eq!(
            variables["a.example.com"]["cloudsfor_labels"]["role"],
            "web-1"
        );
        let alias = format!("-o HostKeyAlias={ID}");
        assert_eq!(variables["a.example.com"]["ansible_ssh_common_args"], alias);
    }

    #[test]
    fn different_labels_are_different_groups() {
        let mut hosts = vec![
            host("a", ID, Some("100.64.0.2")),
            host("b", OTHER_ID, Some("100.64.0.3")),
        ];
        hosts[0].labels = vec![("a_b", "c"), ("region", "moscow_01"), ("1", "x")];
        hosts[1].labels = vec![("a", "b_c"), ("role", "web")];
        let inventory = Safe::of(&hosts).ansible_inventory();
        let groups = inventory.as_object().unwrap();
        for (name, hosts) in groups.iter().filter(|(name, _)| name.starts_with("a_b_c")) {
            assert_eq!(hosts["hosts"].as_array().unwrap().len(), 1, "{name}");
        }
        assert_eq!(
            groups
                .keys()
                .filter(|name| name.starts_with("a_b_c_"))
                .count(),
            2
        );
        assert_eq!(inventory["region_moscow_01"]["hosts"], json!(["a", "b"]));
        assert_eq!(inventory["label_1_x"]["hosts"], json!(["a"]));
        assert_eq!(inventory["role_web"]["hosts"], json!(["b"]));
    }

    #[test]
    fn an_ssh_config_has_a_section_for_each() {
        let mut hosts = [
            host("a.example.com", ID, Some("100.64.0.2")),
            host("a.example.com", OTHER_ID, Some("fd00::2")),
        ];
        hosts[0].ssh_port = Some(2222);
        assert_eq!(
            ssh_config(&hosts),
            format!(
                "Host a.example.com\n    HostName 100.64.0.2\n    Port 2222\n    HostKeyAlias {ID}\n    User root\n\
                 Host {OTHER_ID}\n    HostName fd00::2\n    HostKeyAlias {OTHER_ID}\n    User root\n"
            )
        );
    }

    #[test]
    fn what_would_be_executed_is_left_out_and_told() {
        for address in [
            "$(>/tmp/x)",
            "%h",
            "a b",
            "{{ x }}",
            "example.com",
            "1.2.3.4 ",
            "-oX",
        ] {
            let hosts = [host("a", ID, Some(address))];
            let safe = Safe::of(&hosts);
            assert_eq!(ssh_config(&hosts), "");
            assert_eq!(safe.ansible_inventory()["all"]["hosts"], json!([]));
            assert_eq!(safe.left_out.len(), 1);
        }
        assert_eq!(ssh_config(&[host("a b", "x", Some("100.64.0.2"))]), "");
        let without_alias = "Host a\n    HostName 100.64.0.2\n    User root\n";
        assert_eq!(
            ssh_config(&[host("a", "../x", Some("100.64.0.2"))]),
            without_alias
        );
        for name in ["* evil", "{{ x }}", "a\nb", "!a", "-a", ""] {
            let hosts = [host(name, ID, Some("100.64.0.2"))];
            assert!(ssh_config(&hosts).starts_with(&format!("Host {ID}\n")));
        }
        let mut hosts = [host("a", ID, Some("100.64.0.2"))];
        hosts[0].labels = vec![
            ("x", "{{ lookup('pipe', 'id') }}"),
            ("{%", "y"),
            ("role", "web"),
        ];
        hosts[0].region = Some("{{ x }}");
        hosts[0].image = Some("{% x %}");
        hosts[0].private_addresses = vec!["{{ x }}"];
        let safe = Safe::of(&hosts);
        assert!(!is_template(&safe.ansible_inventory().to_string()));
        assert_eq!(safe.left_out.len(), 2);
    }
}
