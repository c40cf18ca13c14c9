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

/// How many labels the zone of a reverse name has: that of its address's /24 or
/// /64; and an address in that network. `labels` are the name's from the last to
/// the first. `None` if the name is above such zones, or in none.
#[cfg(feature = "serve")]
pub(super) fn reverse_zone(labels: &[String]) -> Option<(usize, IpAddr)> {
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    match *labels.as_slice() {
        ["arpa", "in-addr", a, b, c, ..] => {
            let [a, b, c] = [a, b, c].map(octet);
            Some((5, IpAddr::from([a?, b?, c?, 0])))
        }
        ["arpa", "ip6", ref nibbles @ ..] => {
            let network = nibbles.get(..16)?.iter().try_fold(0, |bits: u128, digit| {
                let digit = digit.as_bytes();
                let is_one = digit.len() == 1 && digit[0].is_ascii_hexdigit();
                let digit = char::from(*digit.first().filter(|_| is_one)?).to_digit(16)?;
                Some((bits << 4) | u128::from(digit))
            })?;
            Some((18, IpAddr::from((network << 64).to_be_bytes())))
        }
        _ => None,
    }
}

#[cfg(feature = "serve")]
fn octet(label: &str) -> Option<u8> {
    // As it is written: 064 is another name.
    label.parse().ok().filter(|n: &u8| n.to_string() == label)
}

/// The label by which the service names an address that has no name of its own:
/// `100-64-0-2`, `fd63-6c6f-7564-0-0-0-0-2`.
#[cfg(feature = "serve")]
pub(super) fn own_label(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.octets().map(|octet| octet.to_string()).join("-"),
        IpAddr::V6(ip) => ip
            .segments()
            .map(|segment| format!("{segment:x}"))
            .join("-"),
    }
}

/// The address that such a label names.
#[cfg(feature = "serve")]
pub(super) fn of_own_label(label: &str) -> Option<IpAddr> {
    let parts: Vec<&str> = label.split('-').collect();
    let ip: IpAddr = match parts.len() {
        4 => parts.join(".").parse::<Ipv4Addr>().ok()?.into(),
        8 => parts.join(":").parse::<Ipv6Addr>().ok()?.into(),
        _ => return None,
    };
    (own_label(ip) == label).then_some(ip)
}

/// Whether an address is one that VMs get.
#[cfg(feature = "serve")]
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

    #[cfg(feature = "serve")]
    #[test]
    fn a_reverse_name_is_in_the_zone_of_its_network() {
        let labels = |name: &str| -> Vec<String> {
            name.trim_end_matches('.')
                .rsplit('.')
                .map(Into::into)
                .collect()
        };
        for (ip, labels_of_zone, network) in [
            ("100.64.0.2", 5, "100.64.0.0"),
            ("fd63:6c6f:7564::2", 18, "fd63:6c6f:7564::"),
        ] {
            let ip: IpAddr = ip.parse().unwrap();
            let name = labels(&reverse_name(ip));
            let network: IpAddr = network.parse().unwrap();
            assert_eq!(reverse_zone(&name), Some((labels_of_zone, network)));
            assert_eq!(
                reverse_zone(&name[..labels_of_zone]),
                Some((labels_of_zone, network))
            );
            assert_eq!(reverse_zone(&name[..labels_of_zone - 1]), None);
            assert!(is_ours(ip) && is_ours(network));
            assert_eq!(of_own_label(&own_label(ip)), Some(ip));
        }
        for other in [
            "example.com",
            "1.2.in-addr.arpa",
            "064.064.100.in-addr.arpa",
            "0.64.256.in-addr.arpa",
        ] {
            assert_eq!(reverse_zone(&labels(other)), None, "{other}");
        }
        for other in [
            "web",
            "1-2-3",
            "100-64-0-02",
            "FD63-6c6f-7564-0-0-0-0-2",
            "256-0-0-1",
        ] {
            assert_eq!(of_own_label(other), None, "{other}");
        }
        assert!(!is_ours(IpAddr::from([192, 0, 2, 1])));
    }
}
