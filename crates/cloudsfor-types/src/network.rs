//! A VM's addresses.

use std::net::IpAddr;

use crate::id::NetworkId;
use crate::lenient::{OneOrMany, Text};
use crate::object::object;
use crate::open_enum::open_enum;

open_enum! {
    /// Who can reach an address.
    pub enum AddressType {
        /// Reachable from outside.
        Public = "public",
        /// Reachable from VMs of the same private network.
        Private = "private",
    }
}

object! {
    /// One address of a VM.
    pub struct Address {
        /// The address as text; [`Address::ip`] parses it.
        required ip_address: String;
        /// The netmask: dotted for IPv4 (`255.255.255.0`), a prefix length for
        /// IPv6 (`64`).
        optional netmask: Option<String> as Text;
        /// The router's address.
        optional gateway: Option<String>;
        /// Public or private (`type` on the wire).
        optional r#type: Option<AddressType>;
        /// The port that leads to the VM's SSH, if the server says one: else 22.
        optional ssh_port: Option<u16>;
        /// The private network that it is an address of, if the server says it.
        optional network_id: Option<NetworkId>;
    }
}

impl Address {
    /// The address, if the server's text is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.ip_address.parse().ok()
    }
}

object! {
    /// A VM's addresses by protocol. The documents don't spell the keys; the
    /// contract accepts `v4`, `ipv4` and `IPv4` (`v6` likewise) and emits `v4`.
    #[derive(Default)]
    pub struct VmNetworks {
        /// IPv4 addresses.
        listed v4: Vec<Address> as OneOrMany<Address>, or "ipv4", or "IPv4";
        /// IPv6 addresses; none unless the VM was created with `ipv6`.
        listed v6: Vec<Address> as OneOrMany<Address>, or "ipv6", or "IPv6";
    }
}

impl VmNetworks {
    /// All addresses, IPv4 first.
    pub fn iter(&self) -> impl Iterator<Item = &Address> {
        self.v4.iter().chain(&self.v6)
    }

    /// The first public IPv4 address: where people reach the VM.
    pub fn public_v4(&self) -> Option<&Address> {
        self.v4
            .iter()
            .find(|address| address.r#type == Some(AddressType::Public))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_have_three_spellings() {
        for key in ["v4", "ipv4", "IPv4"] {
            let json = format!(r#"{{"{key}":[{{"ip_address":"100.64.0.2","type":"public"}}]}}"#);
            let networks: VmNetworks = serde_json::from_str(&json).unwrap();
            let address = networks.public_v4().unwrap();
            assert_eq!(address.ip(), Some("100.64.0.2".parse().unwrap()));
            assert_eq!(
                serde_json::to_string(&networks).unwrap(),
                r#"{"v4":[{"ip_address":"100.64.0.2","type":"public"}]}"#
            );
        }
    }

    #[test]
    fn no_address_is_an_empty_object_and_a_strange_one_fails_nothing() {
        assert_eq!(serde_json::to_string(&VmNetworks::default()).unwrap(), "{}");
        let odd: VmNetworks = serde_json::from_str(
            r#"{"v6":{"ip_address":"soon","netmask":64,"type":"floating"},"vpn":[1]}"#,
        )
        .unwrap();
        assert_eq!(odd.v6[0].ip(), None);
        assert_eq!(odd.v6[0].netmask.as_deref(), Some("64"));
        assert_eq!(odd.extra["vpn"][0], 1);
    }
}
