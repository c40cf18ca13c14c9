//! What is to be changed of a VM that is there.

use cloudsfor_types::{CreateVm, UpdateVm, Vm, VmAction, VmFeature, VmStatus};
use serde_json::{Map, Value};

use super::fleet::VmWish;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::vm::ensure::differences;

/// The changes of one VM, in their order.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) vm: Vm,
    pub(super) update: Option<UpdateVm>,
    pub(super) actions: Vec<VmAction>,
    /// What is told of it: `memory 1 GB -> 2 GB`.
    pub(super) told: Vec<String>,
}

impl Change {
    /// The changes that bring the VM to the wish, if any; fails if none can.
    pub(super) fn between(vm: &Vm, wish: &VmWish) -> Result<Option<Self>, Failure> {
        let request = &wish.request;
        let mut told = Vec::new();
        let mut fixed = Vec::new();
        for difference in differences(vm, request) {
            match difference.attribute {
                "memory" | "vcpus" | "disk" | "labels" | "protected" | "backups" => {
                    let arrow = format!("{} -> {}", difference.is, difference.wanted);
                    told.push(format!("{} {arrow}", difference.attribute));
                }
                _ => fixed.push(difference.told()),
            }
        }
        if request.disk_size < u32::try_from(vm.disk).unwrap_or(u32::MAX) {
            fixed.push(format!(
                "disk is {} GB and never shrinks to {} GB",
                vm.disk, request.disk_size
            ));
        }
        if !fixed.is_empty() {
            let what = format!(
                "the VM {} ({}) can't become what the file says",
                vm.name, vm.id
            );
            return Err(Failure::new(Exit::Conflict, what, fixed.join("; "))
                .next("let the file say what there is, or give the new one another name")
                .about(&vm.id));
        }
        let unprotected = wish.protected == Some(false) && vm.protected.unwrap_or_default();
        if unprotected {
            told.push("protected true -> false".into());
        }
        let has_backups = vm.features.contains(&VmFeature::Backups);
        if wish.backups == Some(false) && has_backups {
            told.push("backups on -> off".into());
        }
        if told.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            update: update(vm, wish),
            actions: actions(vm, request, wish.backups, has_backups),
            vm: vm.clone(),
            told,
        }))
    }

    /// Whether the VM doesn't run for a while.
    pub(super) fn stops(&self) -> bool {
        self.actions.contains(&VmAction::Shutdown)
    }
}

/// Labels are added, and others that the VM has are kept.
fn update(vm: &Vm, wish: &VmWish) -> Option<UpdateVm> {
    let mut body = Map::new();
    let mut labels = vm.labels.clone().unwrap_or_default();
    let before = labels.len();
    let changed = wish
        .request
        .labels
        .iter()
        .any(|(k, v)| labels.get(k) != Some(v));
    labels.extend(wish.request.labels.clone());
    if changed || labels.len() != before {
        body.insert(
            "labels".into(),
            serde_json::to_value(labels).unwrap_or_default(),
        );
    }
    match wish.protected {
        Some(wanted) if wanted != vm.protected.unwrap_or_default() => {
            body.insert("protected".into(), Value::Bool(wanted));
        }
        _ => {}
    }
    match body.is_empty() {
        true => None,
        false => UpdateVm::decode(body).ok(),
    }
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
