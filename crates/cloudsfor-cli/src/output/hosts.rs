//! VMs as other programs' lists of hosts: `-o ansible-inventory|ssh-config`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::clean::clean;

/// What those programs need to know of a VM.
pub(crate) struct Host<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: &'a str,
    /// Where it is reached; VMs without an address are left out.
    pub(crate) address: Option<&'a str>,
    pub(crate) region: Option<&'a str>,
    pub(crate) labels: Vec<(&'a str, &'a str)>,
}

/// The user whose account a VM is made with.
const USER: &str = "root";

/// An inventory as Ansible's scripts print it: all hosts, and groups by region
/// (`region_moscow_01`) and label (`role_web`).
pub(super) fn ansible_inventory(hosts: &[Host<'_>]) -> Value {
    let mut variables = Map::new();
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, host) in named(hosts) {
        let address = host.address.unwrap_or_default();
        variables.insert(
            name.to_owned(),
            json!({"ansible_host": address, "ansible_user": USER, "cloudsfor_id": host.id}),
        );
        groups.entry("all".into()).or_default().push(name);
        let region = host.region.map(|region| group("region", region));
        let labels = host.labels.iter().map(|(key, value)| group(key, value));
        for group in region.into_iter().chain(labels) {
            groups.entry(group).or_default().push(name);
        }
    }
    let mut inventory = Map::new();
    inventory.insert("_meta".into(), json!({"hostvars": variables}));
    for (group, hosts) in groups {
        inventory.insert(group, json!({"hosts": hosts}));
    }
    inventory.into()
}

/// `Host` sections of OpenSSH's configuration.
pub(super) fn ssh_config(out: &mut dyn Write, hosts: &[Host<'_>]) -> io::Result<()> {
    for (name, host) in named(hosts) {
        // A name that isn't one word would be several patterns.
        if name.contains(|c: char| c.is_whitespace() || "*?!\"#".contains(c)) {
            continue;
        }
        writeln!(out, "Host {}", clean(name))?;
        writeln!(
            out,
            "    HostName {}",
            clean(host.address.unwrap_or_default())
        )?;
        writeln!(out, "    User {USER}")?;
    }
    Ok(())
}

/// The hosts that have an address, each with a name of its own: where several
/// have one name, those after the first go by their ids.
fn named<'h>(hosts: &'h [Host<'_>]) -> Vec<(&'h str, &'h Host<'h>)> {
    let mut named: Vec<(&str, &Host<'_>)> = Vec::with_capacity(hosts.len());
    let mut taken = std::collections::HashSet::new();
    for host in hosts.iter().filter(|host| host.address.is_some()) {
        let name = if taken.insert(host.name) {
            host.name
        } else {
            host.id
        };
        named.push((name, host));
    }
    named
}

/// A group's name as Ansible takes it.
fn group(key: &str, value: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    format!("{key}_{value}").chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Vec<Host<'static>> {
        let host = |name, id, address| Host {
            name,
            id,
            address,
            region: Some("moscow_01"),
            labels: vec![("role", "web-1")],
        };
        vec![
            host("a.example.com", "1", Some("100.64.0.2")),
            host("a.example.com", "2", Some("100.64.0.3")),
            host("new.example.com", "3", None),
            host("* evil", "4", Some("100.64.0.4")),
        ]
    }

    #[test]
    fn an_inventory_has_groups_by_region_and_label() {
        let inventory = ansible_inventory(&hosts());
        let all = json!(["a.example.com", "2", "* evil"]);
        assert_eq!(inventory["all"]["hosts"], all);
        assert_eq!(inventory["role_web_1"]["hosts"], all);
        assert_eq!(inventory["region_moscow_01"]["hosts"], all);
        let variables = &inventory["_meta"]["hostvars"];
        assert_eq!(variables["2"]["ansible_host"], "100.64.0.3");
        assert_eq!(variables["2"]["ansible_user"], "root");
    }

    #[test]
    fn an_ssh_config_has_a_section_for_each() {
        let mut out = Vec::new();
        ssh_config(&mut out, &hosts()).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "Host a.example.com\n    HostName 100.64.0.2\n    User root\n\
             Host 2\n    HostName 100.64.0.3\n    User root\n"
        );
    }
}
