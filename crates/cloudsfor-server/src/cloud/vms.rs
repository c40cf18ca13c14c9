//! The life of VMs: what may be done with them and what it changes. Functions
//! over a transaction; what takes time is left to the worker as an operation.

use cloudsfor_types::{
    CreateVm, FieldFault, Plan, Reason, Snapshot, Timestamp, Vm, VmFeature, VmFilter, VmId,
    VmStatus,
};
use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::{catalog, network};
use crate::store::accounts::AccountId;
use crate::store::snapshots::SnapshotRecord;
use crate::store::vms::{VmRecord, Window};
use crate::store::{accounts, addresses, operations, snapshots, vms};

/// What a new VM needs from outside the transaction.
#[derive(Debug, Clone)]
pub struct NewVm {
    /// Its id.
    pub id: VmId,
    /// The id of the action that creates it.
    pub action_id: String,
    /// What the compute driver's machines have.
    pub features: Vec<VmFeature>,
    /// The present.
    pub now: jiff::Timestamp,
}

/// Checks what only the service knows: whether it offers what is asked for.
pub fn check(request: &CreateVm) -> CloudResult<()> {
    let mut faults = catalog::faults(&request.region, &request.image);
    for (index, key) in request.ssh_keys.iter().enumerate() {
        let message = format!("there is no key {key} in this account");
        faults.push(FieldFault::new(format!("ssh_keys[{index}]"), message));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(CloudError::Invalid(faults))
    }
}

/// Accepts a VM: it is `new` and locked until the worker has made it.
pub fn create(
    connection: &Connection,
    account: AccountId,
    request: &CreateVm,
    new: NewVm,
) -> CloudResult<Vm> {
    if request.unique_name
        && let Some(holder) = vms::holder_of_name(connection, account, &request.name)?
    {
        return Err(CloudError::NameTaken {
            name: request.name.clone(),
            holder,
        });
    }
    if !accounts::take_quota(connection, account)? {
        return Err(CloudError::Refused {
            reason: Reason::Quota,
            message: "the account has as many VMs as it may: delete one, or ask for a higher limit"
                .into(),
        });
    }
    let take = |pool: &str, hosts| take_address(connection, pool, hosts, &new.id);
    let record = VmRecord {
        public_host: take(network::PUBLIC, network::PUBLIC_HOSTS)?,
        private_host: match request.private_networking {
            true => Some(take(
                &network::private_pool(account),
                network::PRIVATE_HOSTS,
            )?),
            false => None,
        },
        features: features(request, new.features),
        id: new.id,
        account,
        name: request.name.clone(),
        region: request.region.clone(),
        distro: request.image.clone(),
        memory: request.size,
        vcpus: request.cpu,
        disk: request.disk_size,
        plan: request.plan.clone().unwrap_or(Plan::Fixed),
        status: VmStatus::New,
        locked: true,
        labels: request.labels.clone(),
        ssh_keys: request.ssh_keys.clone(),
        user_data: request.user_data.clone(),
        protected: request.protected,
        snapshot_count: 0,
        created_at: new.now.as_second(),
    };
    vms::insert(connection, &record)?;
    operations::insert(
        connection,
        &new.action_id,
        operations::Kind::Create,
        account,
        &record.id,
        new.now.as_millisecond(),
    )?;
    view(connection, record)
}

fn take_address(connection: &Connection, pool: &str, hosts: u32, vm: &VmId) -> CloudResult<u32> {
    addresses::take(connection, pool, hosts, vm.as_str())?.ok_or_else(|| CloudError::Refused {
        reason: Reason::Capacity,
        message: "the network has no free address: delete a VM first".into(),
    })
}

fn features(request: &CreateVm, of_driver: Vec<VmFeature>) -> Vec<VmFeature> {
    let asked = [
        (request.backups, VmFeature::Backups),
        (request.ipv6, VmFeature::Ipv6),
        (request.private_networking, VmFeature::PrivateNetworking),
    ];
    let asked = asked
        .into_iter()
        .filter_map(|(wanted, feature)| wanted.then_some(feature));
    asked.chain(of_driver).collect()
}

/// The account's VM with this id.
pub fn get(connection: &Connection, account: AccountId, id: &str) -> CloudResult<Vm> {
    view(connection, record(connection, account, id)?)
}

fn record(connection: &Connection, account: AccountId, id: &str) -> CloudResult<VmRecord> {
    vms::get(connection, account, id)?.ok_or_else(|| CloudError::NotFound {
        what: "VM",
        id: id.to_owned(),
    })
}

/// A part of the account's VMs, with what its neighbours are found by.
#[derive(Debug, Clone, PartialEq)]
pub struct VmPage {
    /// The VMs with their places in the list.
    pub vms: Vec<(Vm, vms::Position)>,
    /// How many pass the filter, on all pages.
    pub total: u64,
}

/// Lists the account's VMs that pass the filter, by creation time, then id.
pub fn list(
    connection: &Connection,
    account: AccountId,
    filter: &VmFilter,
    window: &Window,
) -> CloudResult<VmPage> {
    let total = vms::count(connection, account, filter)?;
    let with_position = |record: VmRecord| {
        let position = record.position();
        Ok((view(connection, record)?, position))
    };
    let records = vms::list(connection, account, filter, window)?;
    let vms = records
        .into_iter()
        .map(with_position)
        .collect::<CloudResult<_>>()?;
    Ok(VmPage { vms, total })
}

/// The snapshots of the account's VM, oldest first.
pub fn snapshots(
    connection: &Connection,
    account: AccountId,
    id: &str,
) -> CloudResult<Vec<Snapshot>> {
    let vm = record(connection, account, id)?;
    let snapshots = snapshots::of_vm(connection, &vm.id)?;
    Ok(snapshots.into_iter().map(snapshot_view).collect())
}

/// Deletes the account's VM, whatever runs on it. Its machine and its addresses
/// are given back by the worker.
pub fn delete(
    connection: &Connection,
    account: AccountId,
    id: &str,
    destroy_id: &str,
    now: jiff::Timestamp,
) -> CloudResult<()> {
    let vm = record(connection, account, id)?;
    if vm.protected {
        return Err(CloudError::Refused {
            reason: Reason::Protected,
            message: format!("the VM {} is protected: lift the protection first", vm.id),
        });
    }
    operations::abort_all(connection, &vm.id, "the VM was deleted", now.as_second())?;
    vms::delete(connection, &vm.id, now.as_second())?;
    accounts::give_quota_back(connection, account)?;
    operations::insert(
        connection,
        destroy_id,
        operations::Kind::Destroy,
        account,
        &vm.id,
        now.as_millisecond(),
    )?;
    Ok(())
}

/// A VM as the API shows it. The server always says its plan, image, region and
/// networks, though the documents leave them out of some examples.
fn view(connection: &Connection, record: VmRecord) -> CloudResult<Vm> {
    let (snapshot_ids, backup_ids) = match record.snapshot_count {
        0 => (Vec::new(), Vec::new()),
        _ => snapshots::ids_of_vm(connection, &record.id)?,
    };
    Ok(Vm {
        networks: Some(network::addresses(&record)),
        region: Some(region(&record.region)),
        image: Some(image(&record.distro)),
        id: record.id,
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
        extra: Default::default(),
    })
}

/// "Both shapes": the union of an image's attributes and a VM's.
fn snapshot_view(record: SnapshotRecord) -> Snapshot {
    Snapshot {
        id: record.id,
        name: Some(record.name),
        vm_id: Some(record.vm_id),
        created_at: Some(timestamp(record.created_at)),
        distro: Some(record.distro),
        region: Some(region(&record.region)),
        size_gigabytes: Some(record.size),
        memory: Some(record.memory),
        vcpus: Some(record.vcpus),
        disk: Some(record.disk),
        locked: false,
        status: Some(record.status),
        backup_ids: Vec::new(),
        snapshot_ids: Vec::new(),
        features: Vec::new(),
        networks: Some(Default::default()),
        extra: Default::default(),
    }
}

/// A region that is no longer offered keeps its name.
fn region(name: &str) -> cloudsfor_types::Region {
    catalog::region(name).unwrap_or_else(|| cloudsfor_types::Region::named(name))
}

fn image(distro: &str) -> cloudsfor_types::VmImage {
    catalog::image(distro).unwrap_or_else(|| cloudsfor_types::VmImage {
        id: None,
        distro: Some(distro.to_owned()),
        name: None,
        extra: Default::default(),
    })
}

fn timestamp(second: i64) -> Timestamp {
    Timestamp::from(jiff::Timestamp::from_second(second).unwrap_or_default())
}
