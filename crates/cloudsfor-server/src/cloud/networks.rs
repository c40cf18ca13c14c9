//! Private networks: VMs join them to reach each other.

use cloudsfor_types::{CreateNetwork, Network, Reason, VmFeature, VmId};
use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::tx::Tx;
use super::{actions, addressing, events, quota, vms};
use crate::compute::PrivateNetwork;
use crate::store::accounts::AccountId;
use crate::store::networks::{self, Membership, NetworkRecord};
use crate::store::vms::VmRecord;
use crate::store::window::Position;
use crate::store::{addresses, vms as vm_rows};

/// What the account's default network is called.
const DEFAULT_NAME: &str = "default";

/// So many others of a network a machine is told of at most.
const NAMED: u32 = 500;

/// Makes a network.
pub fn create(tx: &Tx<'_>, account: AccountId, request: &CreateNetwork) -> CloudResult<Network> {
    quota::check_network(tx, account)?;
    make(tx, account, &request.name, false).map(view)
}

fn make(
    tx: &Tx<'_>,
    account: AccountId,
    name: &str,
    is_default: bool,
) -> CloudResult<NetworkRecord> {
    let taken = networks::list(tx.connection, account)?;
    // A VM that is on a bridge couldn't tell the two networks apart.
    let is_outside = |subnet| {
        let bridge = tx.compute().bridge();
        let address = addressing::private_gateway(subnet);
        bridge.is_some_and(|bridge| bridge.overlaps(address, addressing::PRIVATE_PREFIX))
    };
    let free = |subnet: &u8| {
        let is_taken = taken.iter().any(|network| network.subnet == *subnet);
        !is_taken && !is_outside(*subnet)
    };
    let subnet = (0..=u8::MAX)
        .find(free)
        .ok_or_else(|| CloudError::Refused {
            reason: Reason::Quota,
            message: "the account has 256 networks, and there are no more addresses for its `networks`: delete \
                      one first".into(),
        })?;
    let id = tx.new_network_id();
    let network = NetworkRecord {
        id,
        name: name.to_owned(),
        subnet,
        is_default,
        created_at: tx.second(),
    };
    networks::insert(tx.connection, account, &network)?;
    Ok(network)
}

/// The account's networks, oldest first, with their places in the list.
pub fn list(connection: &Connection, account: AccountId) -> CloudResult<Vec<(Position, Network)>> {
    let networks = networks::list(connection, account)?;
    Ok(networks
        .into_iter()
        .map(|network| (network.position(), view(network)))
        .collect())
}

/// The account's network with this id.
pub fn get(connection: &Connection, account: AccountId, id: &str) -> CloudResult<Network> {
    record(connection, account, id).map(view)
}

fn record(connection: &Connection, account: AccountId, id: &str) -> CloudResult<NetworkRecord> {
    networks::get(connection, account, id)?.ok_or_else(|| CloudError::NotFound {
        what: "network",
        id: id.to_owned(),
    })
}

/// Deletes the account's network, if no VM is in it.
pub fn delete(tx: &Tx<'_>, account: AccountId, id: &str) -> CloudResult<()> {
    let network = record(tx.connection, account, id)?;
    match networks::member_count(tx.connection, &network.id)? {
        0 => Ok(networks::delete(tx.connection, &network.id)?),
        n => Err(CloudError::Conflict(format!(
            "there are {n} VMs in the network {}: take them out first",
            network.id
        ))),
    }
}

/// Puts the account's VM into the account's network.
pub fn join(tx: &Tx<'_>, account: AccountId, id: &str, vm_id: &str) -> CloudResult<Network> {
    let network = record(tx.connection, account, id)?;
    let mut vm = vms::record(tx.connection, account, vm_id)?;
    if networks::host(tx.connection, &network.id, &vm.id)?.is_some() {
        return Err(CloudError::Conflict(format!(
            "the VM {} is in the network {} already",
            vm.id, network.id
        )));
    }
    enter(tx, &network, &mut vm)?;
    actions::begin_connect(tx, &vm)?;
    events::vm(tx, account, &vms::view(tx.connection, vm)?)?;
    Ok(view(network))
}

/// Puts a new VM into its account's default network, made if need be.
pub(super) fn join_default(tx: &Tx<'_>, vm: &mut VmRecord) -> CloudResult<()> {
    let existing = networks::list(tx.connection, vm.account)?;
    let network = match existing.into_iter().find(|network| network.is_default) {
        Some(network) => network,
        None => make(tx, vm.account, DEFAULT_NAME, true)?,
    };
    enter(tx, &network, vm)
}

fn enter(tx: &Tx<'_>, network: &NetworkRecord, vm: &mut VmRecord) -> CloudResult<()> {
    let pool = addressing::private_pool(&network.id);
    let host = addresses::take(
        tx.connection,
        &pool,
        0..addressing::PRIVATE_HOSTS,
        vm.id.as_str(),
    )?
    .ok_or_else(vms::no_address)?;
    networks::join(tx.connection, &network.id, &vm.id, host)?;
    vm.private_places = networks::places_of_vm(tx.connection, &vm.id)?;
    if !vm.features.contains(&VmFeature::PrivateNetworking) {
        // In the order in which the contract names them, before the driver's.
        let before = [VmFeature::Backups, VmFeature::Ipv6];
        let at = vm
            .features
            .iter()
            .take_while(|feature| before.contains(feature))
            .count();
        vm.features.insert(at, VmFeature::PrivateNetworking);
    }
    Ok(vm_rows::update(tx.connection, vm)?)
}

/// Takes the account's VM out of the account's network.
pub fn leave(tx: &Tx<'_>, account: AccountId, id: &str, vm_id: &str) -> CloudResult<()> {
    let network = record(tx.connection, account, id)?;
    let mut vm = vms::record(tx.connection, account, vm_id)?;
    if !networks::leave(tx.connection, &network.id, &vm.id)? {
        return Err(CloudError::NotFound {
            what: "VM in this network",
            id: vm_id.to_owned(),
        });
    }
    let pool = addressing::private_pool(&network.id);
    addresses::release_of_pool(tx.connection, &pool, vm.id.as_str())?;
    vm.private_places = networks::places_of_vm(tx.connection, &vm.id)?;
    if vm.private_places.is_empty() {
        vm.features
            .retain(|feature| *feature != VmFeature::PrivateNetworking);
    }
    vm_rows::update(tx.connection, &vm)?;
    actions::begin_connect(tx, &vm)?;
    events::vm(tx, account, &vms::view(tx.connection, vm)?)
}

/// A VM's networks, as its machine is to be in them.
pub(super) fn of_machine(connection: &Connection, vm: &VmId) -> CloudResult<Vec<PrivateNetwork>> {
    let network = |membership: Membership| {
        let Membership {
            network,
            subnet,
            host,
        } = membership;
        let others = networks::others(connection, &network, vm, NAMED)?;
        let at = |host| addressing::private_v4(subnet, host);
        Ok(PrivateNetwork {
            id: network,
            address: at(host),
            prefix: addressing::PRIVATE_PREFIX,
            gateway: addressing::private_gateway(subnet),
            others: others
                .into_iter()
                .map(|(name, host)| (name, at(host)))
                .collect(),
        })
    };
    let memberships = networks::memberships(connection, vm)?;
    memberships.into_iter().map(network).collect()
}

/// Takes a VM that is being deleted out of all networks. Its addresses stay
/// taken until its machine is gone.
pub(super) fn leave_all(tx: &Tx<'_>, vm: &VmRecord) -> CloudResult<()> {
    Ok(networks::leave_all(tx.connection, &vm.id)?)
}

fn view(record: NetworkRecord) -> Network {
    Network {
        id: record.id,
        name: record.name,
        parent_id: None,
        tag: Some(record.subnet.to_string()),
        size: Some(addressing::PRIVATE_HOSTS.into()),
        extra: Default::default(),
    }
}
