//! The life of VMs: creation, changes, deletion. What takes time is left to the
//! worker as an operation.

use cloudsfor_types::{
    Action, AddressType, CreateVm, FieldFault, Plan, Reason, UpdateVm, Vm, VmFeature, VmFilter,
    VmId, VmStatus, names, rules,
};
use rusqlite::Connection;
use serde_json::{Map, Value};

use super::error::{CloudError, CloudResult};
use super::images::Image;
use super::tx::Tx;
use super::{
    actions, addressing, capacity, catalog, events, images, networks, record_rules, records,
    timestamp, user_data,
};
use crate::compute::Compute;
use crate::store::accounts::AccountId;
use crate::store::networks::memberships;
use crate::store::operations::Work;
use crate::store::vms::{self, VmRecord};
use crate::store::window::{Position, Window};
use crate::store::{accounts, addresses, keys, snapshots, usage};

/// Accepts a VM: it is `new` and locked until the worker has made it.
pub fn create(tx: &Tx<'_>, account: AccountId, request: &CreateVm) -> CloudResult<(Vm, Action)> {
    let image = offered(tx, account, request)?;
    if request.unique_name
        && let Some(holder) = vms::holder_of_name(tx.connection, account, &request.name)?
    {
        return Err(CloudError::NameTaken {
            name: request.name.clone(),
            holder,
        });
    }
    record_rules::check_vm_name(tx.connection, account, &request.name)?;
    capacity::check(
        tx,
        capacity::More {
            memory: request.size.get(),
            vcpus: request.cpu.into(),
            disk: request.disk_size.into(),
            snapshots: 0.0,
        },
    )?;
    if !accounts::take_quota(tx.connection, account)? {
        return Err(CloudError::Refused {
            reason: Reason::Quota,
            message:
                "the account has as many VMs as its limit `vms` allows: delete one, or ask for a \
                      higher limit"
                    .into(),
        });
    }
    let id = tx.new_vm_id();
    let mut record = VmRecord {
        public_host: take_public_host(tx, &id)?,
        bridge: tx.compute().bridge().cloned(),
        ssh_port: None,
        private_places: Vec::new(),
        features: features(request, &tx.compute().features()),
        next_backup_at: request.backups.then(|| tx.next_backup()),
        id,
        account,
        name: request.name.clone(),
        region: request.region.clone(),
        distro: request.image.clone(),
        image_id: image.id,
        image_name: image.name,
        memory: request.size,
        vcpus: request.cpu,
        disk: request.disk_size,
        plan: request.plan.clone().unwrap_or(Plan::Fixed),
        status: VmStatus::New,
        locked: true,
        labels: request.labels.clone(),
        ssh_keys: request.ssh_keys.clone(),
        user_data: request.user_data.clone(),
        user_data_sha256: request.user_data.as_ref().map(user_data::sha256),
        protected: request.protected,
        snapshot_count: 0,
        created_at: tx.second(),
    };
    vms::insert(tx.connection, &record)?;
    usage::note(tx.connection, &record, tx.second())?;
    if request.private_networking {
        networks::join_default(tx, &mut record)?;
    }
    records::begin(tx, &record)?;
    let action = actions::begin(tx, &record, &Work::Create)?;
    let vm = view(tx.connection, record)?;
    events::vm(tx, account, &vm)?;
    Ok((vm, action))
}

/// What a create request names that only the service knows, as far as that can be
/// read from a body that may have other faults.
#[derive(Debug, Clone, Default)]
pub struct Named {
    region: Option<String>,
    image: Option<String>,
    ssh_keys: Vec<u64>,
}

impl Named {
    /// What this body names.
    pub fn by(body: &Map<String, Value>) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let keys = body.get("ssh_keys").and_then(Value::as_array);
        Self {
            region: text("region"),
            image: text("image"),
            ssh_keys: keys
                .into_iter()
                .flatten()
                .filter_map(Value::as_u64)
                .collect(),
        }
    }

    /// What of it there isn't for this account.
    pub fn faults(
        &self,
        connection: &Connection,
        compute: &dyn Compute,
        account: AccountId,
    ) -> CloudResult<Vec<FieldFault>> {
        let (_, faults) = self.look_up(connection, compute, account)?;
        Ok(faults)
    }

    /// The image that it names, and what of it there isn't.
    fn look_up(
        &self,
        connection: &Connection,
        compute: &dyn Compute,
        account: AccountId,
    ) -> CloudResult<(Option<Image>, Vec<FieldFault>)> {
        let region = self.region.as_deref();
        let mut faults: Vec<_> = region.and_then(catalog::region_fault).into_iter().collect();
        let image = match &self.image {
            Some(name) => {
                let image = images::find(connection, compute, account, name)?;
                if image.is_none() {
                    faults.push(catalog::image_fault(compute, name));
                }
                image
            }
            None => None,
        };
        for (index, key) in self.ssh_keys.iter().take(rules::SSH_KEYS_MAX).enumerate() {
            if keys::by_id(connection, account, *key)?.is_none() {
                let message = format!("there is no key {key} in this account");
                faults.push(FieldFault::new(format!("ssh_keys[{index}]"), message));
            }
        }
        Ok((image, faults))
    }
}

/// The image of a request that names only what there is.
fn offered(tx: &Tx<'_>, account: AccountId, request: &CreateVm) -> CloudResult<Image> {
    let named = Named {
        region: Some(request.region.clone()),
        image: Some(request.image.clone()),
        ssh_keys: request.ssh_keys.clone(),
    };
    let (image, mut faults) = named.look_up(tx.connection, tx.compute(), account)?;
    let too_small = |image| images::disk_fault(image, "disk_size", request.disk_size);
    faults.extend(image.as_ref().and_then(too_small));
    faults.extend(not_yet(tx, request));
    image
        .filter(|_| faults.is_empty())
        .ok_or(CloudError::Invalid(faults))
}

/// What is asked of a real machine that only simulated ones have so far: it is
/// refused, rather than promised and not kept.
fn not_yet(tx: &Tx<'_>, request: &CreateVm) -> Option<FieldFault> {
    (request.ipv6 && tx.compute().is_real()).then(|| {
        let message = "can't be true here: real VMs don't have an IPv6 address yet";
        FieldFault::new("ipv6", message)
    })
}

fn take_public_host(tx: &Tx<'_>, vm_id: &VmId) -> CloudResult<u32> {
    let (pool, hosts) = addressing::public_pool(tx.compute().bridge());
    addresses::take(tx.connection, pool, hosts, vm_id.as_str())?.ok_or_else(no_address)
}

/// The network has no address left.
pub(super) fn no_address() -> CloudError {
    CloudError::Refused {
        reason: Reason::Capacity,
        message: "the network has no free address: delete a VM first".into(),
    }
}

fn features(request: &CreateVm, of_driver: &[VmFeature]) -> Vec<VmFeature> {
    let asked = [
        (request.backups, VmFeature::Backups),
        (request.ipv6, VmFeature::Ipv6),
    ];
    let asked = asked
        .into_iter()
        .filter_map(|(wanted, feature)| wanted.then_some(feature));
    asked.chain(of_driver.iter().cloned()).collect()
}

/// Changes the labels and the protection of the account's VM.
pub fn update(tx: &Tx<'_>, account: AccountId, id: &str, request: UpdateVm) -> CloudResult<Vm> {
    let mut vm = record(tx.connection, account, id)?;
    vm.labels = request.labels.unwrap_or(vm.labels);
    vm.protected = request.protected.unwrap_or(vm.protected);
    vms::update(tx.connection, &vm)?;
    let vm = view(tx.connection, vm)?;
    events::vm(tx, account, &vm)?;
    Ok(vm)
}

/// The account's VM with this id.
pub fn get(connection: &Connection, account: AccountId, id: &str) -> CloudResult<Vm> {
    view(connection, record(connection, account, id)?)
}

pub(super) fn record(
    connection: &Connection,
    account: AccountId,
    id: &str,
) -> CloudResult<VmRecord> {
    vms::get(connection, account, id)?.ok_or_else(|| CloudError::NotFound {
        what: "VM",
        id: id.to_owned(),
    })
}

/// The account's VMs that pass the filter, by creation time, then id, with their
/// places in the list; and how many pass on all pages.
pub fn list(
    connection: &Connection,
    account: AccountId,
    filter: &VmFilter,
    window: &Window,
) -> CloudResult<(Vec<(Position, Vm)>, u64)> {
    let total = vms::count(connection, account, filter)?;
    let placed = |record: VmRecord| Ok((record.position(), view(connection, record)?));
    let records = vms::list(connection, account, filter, window)?;
    Ok((
        records
            .into_iter()
            .map(placed)
            .collect::<CloudResult<_>>()?,
        total,
    ))
}

/// Deletes the account's VM, whatever runs on it. Its machine and its addresses
/// are given back by the worker.
pub fn delete(tx: &Tx<'_>, account: AccountId, id: &str) -> CloudResult<()> {
    let vm = record(tx.connection, account, id)?;
    if vm.protected {
        return Err(CloudError::Refused {
            reason: Reason::Protected,
            message: format!("the VM {} is protected: lift the protection first", vm.id),
        });
    }
    records::forget(tx, &vm)?;
    networks::leave_all(tx, &vm)?;
    vms::delete(tx.connection, &vm.id, tx.second())?;
    usage::end(tx.connection, &vm.id, tx.second())?;
    accounts::give_quota_back(tx.connection, account)?;
    actions::begin_destroy(tx, &vm)?;
    events::vm_deleted(tx, account, &vm.id)
}

/// A VM as the API shows it. The server always says its plan, image, region and
/// networks, though the documents leave them out of some examples.
pub(super) fn view(connection: &Connection, record: VmRecord) -> CloudResult<Vm> {
    let user_data = record.user_data.as_ref();
    let known = record.user_data_sha256.clone();
    let user_data_sha256 = known.or_else(|| user_data.map(user_data::sha256));
    let (snapshot_ids, backup_ids) = match record.snapshot_count {
        0 => (Vec::new(), Vec::new()),
        _ => snapshots::ids_of_vm(connection, &record.id)?,
    };
    let mut networks = addressing::addresses(&record);
    if !record.private_places.is_empty() {
        // Both are in the order of the networks' subnets.
        let private = networks.v4.iter_mut();
        let private = private.filter(|of| of.r#type == Some(AddressType::Private));
        let memberships = memberships(connection, &record.id)?;
        for (address, membership) in private.zip(memberships) {
            address.network_id = Some(membership.network);
        }
    }
    Ok(Vm {
        networks: Some(networks),
        region: Some(catalog::region(&record.region)),
        image: Some(cloudsfor_types::VmImage {
            id: Some(record.image_id),
            distro: Some(record.distro),
            name: Some(record.image_name),
            extra: Default::default(),
        }),
        id: record.id,
        name_unicode: names::unicode(&record.name),
        name: record.name,
        memory: record.memory,
        vcpus: record.vcpus.into(),
        disk: record.disk.into(),
        locked: record.locked,
        status: record.status,
        plan: Some(record.plan),
        created_at: timestamp(record.created_at),
        features: record.features,
        backup_ids,
        snapshot_ids,
        labels: Some(record.labels),
        protected: Some(record.protected),
        ssh_key_ids: Some(record.ssh_keys),
        user_data_sha256: Some(user_data_sha256),
        extra: Default::default(),
    })
}
