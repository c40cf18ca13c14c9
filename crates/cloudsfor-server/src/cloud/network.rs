//! The simulated network: which address a host number stands for.
//!
//! Public addresses are of 100.64.0.0/10, the range set aside for carriers'
//! own use, so that a simulated VM never claims anybody's real address. Their
//! IPv6 counterparts are of a unique local /64. Private networks are 10.0.0.0/16,
//! the same for every account, since they are apart.

use std::net::{Ipv4Addr, Ipv6Addr};

use cloudsfor_types::{Address, AddressType, VmFeature, VmNetworks};

use crate::store::accounts::AccountId;
use crate::store::vms::VmRecord;

/// The pool of public addresses.
pub(super) const PUBLIC: &str = "public";

/// Hosts of 100.64.0.0/10, without the network, the gateway and the broadcast.
pub(super) const PUBLIC_HOSTS: u32 = (1 << 22) - 3;

/// Hosts of 10.0.0.0/16, without the network, the gateway and the broadcast.
pub(super) const PRIVATE_HOSTS: u32 = (1 << 16) - 3;

const PUBLIC_V4: u32 = u32::from_be_bytes([100, 64, 0, 0]);
const PRIVATE_V4: u32 = u32::from_be_bytes([10, 0, 0, 0]);
const PUBLIC_V6: u128 = 0xfd63_6c6f_7564_0000_0000_0000_0000_0000;

/// Network and gateway come before the first host.
const FIRST_HOST: u32 = 2;

/// The pool of an account's private addresses.
pub(super) fn private_pool(account: AccountId) -> String {
    format!("private-{}", account.0)
}

/// A VM's addresses.
pub(super) fn addresses(vm: &VmRecord) -> VmNetworks {
    let mut networks = VmNetworks::default();
    let number = vm.public_host + FIRST_HOST;
    networks.v4.push(address(
        Ipv4Addr::from(PUBLIC_V4 + number).to_string(),
        "255.192.0.0",
        Ipv4Addr::from(PUBLIC_V4 + 1).to_string(),
        AddressType::Public,
    ));
    if let Some(host) = vm.private_host {
        networks.v4.push(address(
            Ipv4Addr::from(PRIVATE_V4 + host + FIRST_HOST).to_string(),
            "255.255.0.0",
            Ipv4Addr::from(PRIVATE_V4 + 1).to_string(),
            AddressType::Private,
        ));
    }
    if vm.features.contains(&VmFeature::Ipv6) {
        networks.v6.push(address(
            Ipv6Addr::from(PUBLIC_V6 + u128::from(number)).to_string(),
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
