//! The simulated network: which addresses host numbers stand for.
//!
//! Public addresses are of 100.64.0.0/10, the range set aside for carriers'
//! own use, so that a simulated VM never claims anybody's real address. Their
//! IPv6 counterparts are of a unique local /64. Each private network has one of
//! its account's 256 subnets of 10.0.0.0/8; other accounts have the same ones,
//! since they are apart.

use std::net::{Ipv4Addr, Ipv6Addr};

use cloudsfor_types::{Address, AddressType, NetworkId, VmFeature, VmNetworks};

use crate::store::vms::VmRecord;

/// The pool of public addresses.
pub(super) const PUBLIC: &str = "public";

/// Hosts of 100.64.0.0/10, without the network, the gateway and the broadcast.
pub(super) const PUBLIC_HOSTS: u32 = (1 << 22) - 3;

/// Hosts of a private /16, without the network, the gateway and the broadcast.
pub(super) const PRIVATE_HOSTS: u32 = (1 << 16) - 3;

const PUBLIC_V4: u32 = u32::from_be_bytes([100, 64, 0, 0]);
const PUBLIC_V6: u128 = 0xfd63_6c6f_7564_0000_0000_0000_0000_0000;

/// Network and gateway come before the first host.
const FIRST_HOST: u32 = 2;

/// The pool of a private network's addresses.
pub(super) fn private_pool(network: &NetworkId) -> String {
    format!("network-{network}")
}

/// A VM's public IPv4 address.
pub(super) fn public_v4(vm: &VmRecord) -> Ipv4Addr {
    Ipv4Addr::from(PUBLIC_V4 + vm.public_host + FIRST_HOST)
}

/// A VM's public IPv6 address, if it has one.
pub(super) fn public_v6(vm: &VmRecord) -> Option<Ipv6Addr> {
    let number = u128::from(vm.public_host + FIRST_HOST);
    vm.features
        .contains(&VmFeature::Ipv6)
        .then(|| Ipv6Addr::from(PUBLIC_V6 + number))
}

fn private_v4(subnet: u8, host: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from_be_bytes([10, subnet, 0, 0]) + host)
}

/// A VM's addresses.
pub(super) fn addresses(vm: &VmRecord) -> VmNetworks {
    let mut networks = VmNetworks::default();
    networks.v4.push(address(
        public_v4(vm).to_string(),
        "255.192.0.0",
        Ipv4Addr::from(PUBLIC_V4 + 1).to_string(),
        AddressType::Public,
    ));
    for (subnet, host) in &vm.private_places {
        networks.v4.push(address(
            private_v4(*subnet, host + FIRST_HOST).to_string(),
            "255.255.0.0",
            private_v4(*subnet, 1).to_string(),
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

fn address(ip: String, netmask: &str, gateway: String, kind: AddressType) -> Address {
    Address {
        ip_address: ip,
        netmask: Some(netmask.into()),
        gateway: Some(gateway),
        r#type: Some(kind),
        extra: Default::default(),
    }
}
