//! What is to be changed of a VM that exists.

use std::collections::BTreeMap;

use cloudsfor_types::{
    AddressType, CreateVm, Network, NetworkId, SshKey, UpdateVm, UserData, Vm, VmAction, VmFeature,
    VmStatus,
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::fleet::VmWish;
use super::plan::{key_id, network_of};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::ensure::differences;

/// The network that `private_networking` means.
const DEFAULT_NETWORK: &str = "default";

/// The changes of one VM, in their order.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) vm: Vm,
    pub(super) update: Option<UpdateVm>,
    pub(super) actions: Vec<VmAction>,
    /// The networks to join, by the names that the file has.
    pub(super) joins: Vec<String>,
    pub(super) leaves: Vec<NetworkId>,
    /// What is told of it: `memory 1 GB -> 2 GB`.
    pub(super) told: Vec<String>,
}

/// What a cloud has that VMs are compared by.
pub(super) struct Known<'a> {
    pub(super) keys: &'a [SshKey],
    pub(super) networks: &'a [Network],
    pub(super) global: &'a Global,
}

impl Change {
    /// The changes that bring the VM to the wish, if any; fails if none can.
    pub(super) fn between(
        vm: &Vm,
        wish: &VmWish,
        known: &Known<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Option<Self>, Failure> {
        let request = &wish.request;
        if vm.status == VmStatus::Errored {
            return Err(errored(vm, known.global));
        }
        let mut told = Vec::new();
        let mut fixed = Vec::new();
        for difference in differences(vm, request) {
            match difference.attribute {
                "memory" | "vcpus" | "disk" | "backups" => {
                    let arrow = format!("{} -> {}", difference.is, difference.wanted);
                    told.push(format!("{} {arrow}", difference.attribute));
                }
                // They are compared below, as a whole.
                "labels" | "protected" | "private_networking" => {}
                _ => fixed.push(difference.told()),
            }
        }
        if request.disk_size < u32::try_from(vm.disk).unwrap_or(u32::MAX) {
            fixed.push(format!(
                "disk is {} GB and never shrinks to {} GB",
                vm.disk, request.disk_size
            ));
        }
        let has = |feature| vm.features.contains(&feature);
        if wish.ipv6 == Some(false) && has(VmFeature::Ipv6) {
            fixed.push("ipv6 is on, not off".into());
        }
        if wish.backups == Some(false) && has(VmFeature::Backups) {
            told.push("backups on -> off".into());
        }
        fixed.extend(other_keys(vm, wish, known, notes));
        fixed.extend(other_user_data(vm, request, notes));
        let (joins, leaves) = memberships(vm, wish, known, &mut fixed, notes);
        if !fixed.is_empty() {
            return Err(impossible(vm, wish, &fixed, known.global));
        }
        let name_of = |id: &NetworkId| {
            let network = known.networks.iter().find(|network| network.id == *id);
            network.map_or_else(|| id.to_string(), |network| network.name.clone())
        };
        told.extend(joins.iter().map(|name| format!("joins the network {name}")));
        told.extend(
            leaves
                .iter()
                .map(|id| format!("leaves the network {}", name_of(id))),
        );
        let update = update(vm, wish, &mut told);
        if told.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            update,
            actions: actions(vm, request, wish.backups, has(VmFeature::Backups)),
            vm: vm.clone(),
            joins,
            leaves,
            told,
        }))
    }

    /// Whether the VM doesn't run for a while.
    pub(super) fn stops(&self) -> bool {
        self.actions.contains(&VmAction::Shutdown)
    }
}

/// Keys are put into root's account when a VM is made.
fn other_keys(
    vm: &Vm,
    wish: &VmWish,
    known: &Known<'_>,
    notes: &mut Vec<String>,
) -> Option<String> {
    let wanted = wish.keys.as_ref()?;
    let Some(is) = &vm.ssh_key_ids else {
        notes.push(cannot_compare("ssh_keys", vm));
        return None;
    };
    let mut is = is.clone();
    is.sort_unstable();
    is.dedup();
    // A key that is still to be added is in no VM.
    let ids: Option<Vec<u64>> = wanted.iter().map(|name| key_id(name, known.keys)).collect();
    let ids = ids.map(|mut ids| {
        ids.sort_unstable();
        ids.dedup();
        ids
    });
    if ids.as_ref() == Some(&is) {
        return None;
    }
    let name = |id: &u64| {
        let key = known.keys.iter().find(|key| key.id == *id);
        key.map_or_else(|| format!("{id} (deleted)"), |key| key.name.clone())
    };
    let is: Vec<_> = is.iter().map(name).collect();
    Some(format!(
        "ssh_keys is [{}], not [{}]",
        is.join(", "),
        wanted.join(", ")
    ))
}

fn other_user_data(vm: &Vm, request: &CreateVm, notes: &mut Vec<String>) -> Option<String> {
    let wanted = sha256(request.user_data.as_ref()?);
    match &vm.user_data_sha256 {
        None => {
            notes.push(cannot_compare("user_data", vm));
            None
        }
        Some(Some(is)) if *is == wanted => None,
        Some(Some(_)) => Some("user_data is another text".into()),
        Some(None) => Some("user_data is none".into()),
    }
}

/// The digest that the server tells of user data.
fn sha256(data: &UserData) -> String {
    let digest = Sha256::digest(data.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cannot_compare(attribute: &str, vm: &Vm) -> String {
    format!(
        "{attribute} of the VM {} can't be compared: the server doesn't tell it",
        vm.name
    )
}

/// The networks to join and to leave.
fn memberships(
    vm: &Vm,
    wish: &VmWish,
    known: &Known<'_>,
    fixed: &mut Vec<String>,
    notes: &mut Vec<String>,
) -> (Vec<String>, Vec<NetworkId>) {
    let nothing = (Vec::new(), Vec::new());
    if wish.networks.is_none() && wish.private_networking.is_none() {
        return nothing;
    }
    let addresses = vm.networks.iter().flat_map(|of| of.iter());
    let private = addresses.filter(|of| of.r#type == Some(AddressType::Private));
    let current: Option<Vec<&NetworkId>> = private.map(|of| of.network_id.as_ref()).collect();
    let Some(current) = current else {
        notes.push(cannot_compare("networks", vm));
        return nothing;
    };
    let mut wanted: Vec<&str> = wish.networks.iter().flatten().map(String::as_str).collect();
    if wish.private_networking == Some(true) {
        wanted.push(DEFAULT_NETWORK);
    }
    let mut joins: Vec<String> = Vec::new();
    let mut stays = Vec::new();
    for name in wanted {
        match network_of(name, known.networks) {
            Some(network) if current.contains(&&network.id) => stays.push(&network.id),
            None if name == DEFAULT_NETWORK && wish.private_networking == Some(true) => {
                fixed.push(
                    "private_networking is off, not on: name a network in `networks` instead"
                        .into(),
                );
            }
            _ if joins.iter().any(|join| join == name) => {}
            _ => joins.push(name.to_owned()),
        }
    }
    let is_default = |id: &NetworkId| {
        let network = known.networks.iter().find(|network| network.id == *id);
        network.is_some_and(|network| network.name == DEFAULT_NETWORK)
    };
    let leaves = current.into_iter().filter(|id| {
        let is_managed = match is_default(id) {
            true => wish.networks.is_some() || wish.private_networking == Some(false),
            false => wish.networks.is_some(),
        };
        is_managed && !stays.contains(id)
    });
    let leaves = leaves.cloned().collect();
    (joins, leaves)
}

fn errored(vm: &Vm, global: &Global) -> Failure {
    let what = format!(
        "the VM {} ({}) can't become what the file says",
        vm.name, vm.id
    );
    let delete = global.command(&format!("vm delete {}", vm.id));
    Failure::new(Exit::Conflict, what, "its creation failed")
        .next(format!("delete it, then apply again: {delete}"))
        .about(&vm.id)
}

fn impossible(vm: &Vm, wish: &VmWish, fixed: &[String], global: &Global) -> Failure {
    let what = format!(
        "the VM {} ({}) can't become what the file says",
        vm.name, vm.id
    );
    let mut failure = Failure::new(Exit::Conflict, what, fixed.join("; "))
        .next("let the file say what there is, or give the new one another name");
    if fixed.iter().all(|reason| reason.starts_with("image ")) {
        let image = crate::args::quote(&wish.request.image);
        let rebuild = format!("vm rebuild {} --image {image}", vm.id);
        failure = failure.next(format!(
            "to make its disk anew of the image, with the loss of what is on it: {}",
            global.command(&rebuild)
        ));
    } else {
        let delete = global.command(&format!("vm delete {}", vm.id));
        failure = failure.next(format!("or for a new VM in its place, first: {delete}"));
    }
    failure.about(&vm.id)
}

/// The file's labels are all that the VM is to have.
fn update(vm: &Vm, wish: &VmWish, told: &mut Vec<String>) -> Option<UpdateVm> {
    let mut body = Map::new();
    let is = vm.labels.clone().unwrap_or_default();
    let wanted = &wish.request.labels;
    if is != *wanted {
        told.extend(labels_told(&is, wanted));
        body.insert(
            "labels".into(),
            serde_json::to_value(wanted).unwrap_or_default(),
        );
    }
    match wish.protected {
        Some(wanted) if wanted != vm.protected.unwrap_or_default() => {
            told.push(format!("protected {} -> {wanted}", !wanted));
            body.insert("protected".into(), Value::Bool(wanted));
        }
        _ => {}
    }
    match body.is_empty() {
        true => None,
        false => UpdateVm::decode(body).ok(),
    }
}

fn labels_told(is: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> Vec<String> {
    let mut told = Vec::new();
    for (key, value) in wanted {
        match is.get(key) {
            Some(old) if old == value => {}
            Some(old) => told.push(format!("label {key}={old} -> {value}")),
            None => told.push(format!("label {key}={value} is added")),
        }
    }
    let removed = is.iter().filter(|(key, _)| !wanted.contains_key(*key));
    told.extend(removed.map(|(key, value)| format!("label {key}={value} is removed")));
    told
}

/// Memory and processors change while the VM is stopped; a VM that ran runs again.
fn actions(vm: &Vm, request: &CreateVm, backups: Option<bool>, has_backups: bool) -> Vec<VmAction> {
    let mut actions = Vec::new();
    let size = (vm.memory != request.size).then_some(request.size);
    let cpu = (vm.vcpus != u64::from(request.cpu)).then_some(request.cpu);
    let disk_size = (vm.disk != u64::from(request.disk_size)).then_some(request.disk_size);
    let stops = (size.is_some() || cpu.is_some()) && vm.status == VmStatus::Running;
    if stops {
        actions.push(VmAction::Shutdown);
    }
    if size.is_some() || cpu.is_some() || disk_size.is_some() {
        actions.push(VmAction::Resize {
            size,
            cpu,
            disk_size,
        });
    }
    if stops {
        actions.push(VmAction::PowerOn);
    }
    match backups {
        Some(true) if !has_backups => actions.push(VmAction::EnableBackups),
        Some(false) if has_backups => actions.push(VmAction::DisableBackups),
        _ => {}
    }
    actions
}
