//! The network: which addresses host numbers stand for.
//!
//! Public addresses of simulated VMs are of 100.64.0.0/10, the range set aside for
//! carriers' own use, so that a simulated VM never claims anybody's real address.
//! Their IPv6 counterparts are of a unique local /64. Those of real VMs are of
//! 127.64.0.0/10: addresses of this host, of which each VM has its own, and ports
//! that lead into the VM; or those of a bridge that the operator chose. Each private
//! network has one of its account's 256 subnets of 10.0.0.0/8; other accounts have the
//! same ones, since they are apart.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use cloudsfor_types::{Address, AddressType, NetworkId, VmFeature, VmNetworks};

use crate::bridge::Bridge;
use crate::store::vms::VmRecord;

/// Hosts of 100.64.0.0/10, without the network, the gateway and the broadcast.
const PUBLIC_HOSTS: u32 = (1 << 22) - 3;

/// Hosts of a private /16, without the network, the gateway and the broadcast.
pub(super) const PRIVATE_HOSTS: u32 = (1 << 16) - 3;

const PUBLIC_V4: u32 = u32::from_be_bytes([100, 64, 0, 0]);
/// The same hosts, on this machine.
const LOOPBACK_V4: u32 = u32::from_be_bytes([127, 64, 0, 0]);
const PUBLIC_MASK: Ipv4Addr = Ipv4Addr::new(255, 192, 0, 0);
const PUBLIC_V6: u128 = 0xfd63_6c6f_7564_0000_0000_0000_0000_0000;

/// Network and gateway come before the first host.
const FIRST_HOST: u32 = 2;

/// The pool of public addresses, and its hosts. Those on bridges are numbered by what they
/// are, so that a bridge can get others.
pub(super) fn public_pool(bridge: Option<&Bridge>) -> (&'static str, Range<u32>) {
    match bridge {
        Some(bridge) => ("bridged", bridge.hosts()),
        None => ("public", 0..PUBLIC_HOSTS),
    }
}

/// The pool of a private network's addresses.
pub(super) fn private_pool(network: &NetworkId) -> String {
    format!("network-{network}")
}

/// A VM's public IPv4 address.
pub(super) fn public_v4(vm: &VmRecord) -> Ipv4Addr {
    Ipv4Addr::from(match vm.bridge {
        Some(_) => vm.public_host,
        None => network(vm) + vm.public_host + FIRST_HOST,
    })
}

fn is_simulated(vm: &VmRecord) -> bool {
    vm.features.contains(&VmFeature::Simulated)
}

fn network(vm: &VmRecord) -> u32 {
    if is_simulated(vm) {
        PUBLIC_V4
    } else {
        LOOPBACK_V4
    }
}

/// A VM's public IPv6 address, if it has one: no real VM has.
pub(super) fn public_v6(vm: &VmRecord) -> Option<Ipv6Addr> {
    let number = u128::from(vm.public_host + FIRST_HOST);
    (vm.features.contains(&VmFeature::Ipv6) && is_simulated(vm))
        .then(|| Ipv6Addr::from(PUBLIC_V6 + number))
}

/// How many bits of a private address are its network's.
pub(super) const PRIVATE_PREFIX: u8 = 16;

/// A VM's address in a private network.
pub(super) fn private_v4(subnet: u8, host: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from_be_bytes([10, subnet, 0, 0]) + host + FIRST_HOST)
}

/// A private network's own address.
pub(super) fn private_gateway(subnet: u8) -> Ipv4Addr {
    [10, subnet, 0, 1].into()
}

/// A VM's addresses.
pub(super) fn addresses(vm: &VmRecord) -> VmNetworks {
    let mut networks = VmNetworks::default();
    let (netmask, gateway) = match &vm.bridge {
        Some(bridge) => (bridge.netmask(), bridge.gateway),
        None => (PUBLIC_MASK, Ipv4Addr::from(network(vm) + 1)),
    };
    networks.v4.push(Address {
        ssh_port: vm.ssh_port,
        ..address(
            public_v4(vm).to_string(),
            &netmask.to_string(),
            gateway.to_string(),
            AddressType::Public,
        )
    });
    for (subnet, host) in &vm.private_places {
        networks.v4.push(address(
            private_v4(*subnet, *host).to_string(),
            "255.255.0.0",
            private_gateway(*subnet).to_string(),
            AddressType::Private,
        ));
    }
    if let Some(ip) = public_v6(vm) {
        networks.v6.push(address(
            ip.to_string(),
            "64",
            Ipv6Addr::from(PUBLIC_V6 + 1).to_string(),
            AddressType::Public,
        ));
    }
    networks
}

/// The name under which DNS keeps the name of an address.
pub(super) fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(ip) => {
            let digits = format!("{:032x}", u128::from(ip));
            let digits: Vec<_> = digits.chars().rev().map(String::from).collect();
            format!("{}.ip6.arpa.", digits.join("."))
        }
    }
}

/// The address of such a name, and the zone that it is in: that of its /24 or /64.
pub(super) fn of_reverse_name(name: &str) -> Option<(IpAddr, String)> {
    let name = name.to_ascii_lowercase();
    let (ip, labels) = if let Some(octets) = name.strip_suffix(".in-addr.arpa") {
        let octets: Vec<u8> = parsed(octets.split('.'), 10)?;
        let [d, c, b, a] = octets.try_into().ok()?;
        (IpAddr::from([a, b, c, d]), 1)
    } else {
        let digits: Vec<u8> = parsed(name.strip_suffix(".ip6.arpa")?.split('.'), 16)?;
        let digits: [u8; 32] = digits.try_into().ok()?;
        let bits = digits.iter().rev().try_fold(0, |bits: u128, digit| {
            (*digit < 16).then_some((bits << 4) | u128::from(*digit))
        })?;
        (IpAddr::from(bits.to_be_bytes()), 16)
    };
    let zone = name.splitn(labels + 1, '.').last()?;
    Some((ip, format!("{zone}.")))
}

fn parsed<'a>(labels: impl Iterator<Item = &'a str>, radix: u32) -> Option<Vec<u8>> {
    labels
        .map(|label| u8::from_str_radix(label, radix).ok())
        .collect()
}

/// Whether an address is one that VMs get.
pub(super) fn is_ours(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => [PUBLIC_V4, LOOPBACK_V4]
            .iter()
            .any(|network| u32::from(ip) >> 22 == network >> 22),
        IpAddr::V6(ip) => u128::from(ip) >> 64 == PUBLIC_V6 >> 64,
    }
}

fn address(ip: String, netmask: &str, gateway: String, kind: AddressType) -> Address {
    Address {
        network_id: None,
        ip_address: ip,
        netmask: Some(netmask.into()),
        gateway: Some(gateway),
        r#type: Some(kind),
        ssh_port: None,
        extra: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_by_its_reverse_name() {
        for ip in ["100.64.0.2", "fd63:6c6f:7564::2"] {
            let ip: IpAddr = ip.parse().unwrap();
            let name = reverse_name(ip);
            let (found, of) = of_reverse_name(name.strip_suffix('.').unwrap()).unwrap();
            assert_eq!(found, ip);
            assert!(name.ends_with(&of), "{of}");
            assert!(is_ours(ip));
        }
        for other in [
            "example.com",
            "1.2.in-addr.arpa",
            "x.0.64.100.in-addr.arpa",
            "256.0.64.100.in-addr.arpa",
        ] {
            assert_eq!(of_reverse_name(other), None, "{other}");
        }
        assert!(!is_ours(IpAddr::from([192, 0, 2, 1])));
    }
}
