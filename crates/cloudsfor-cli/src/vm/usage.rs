//! `vm usage`: what VMs used, as far as the API tells it.

mod history;

use std::borrow::Cow;

use clap::Args;
use cloudsfor_core::list::list_all;
use cloudsfor_core::{Api, CallOptions};
use cloudsfor_types::operations::LIST_VM_ACTIONS;
use cloudsfor_types::{Vm, VmSelector};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::list::Vms;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::targets::{Targets, find_each};
use crate::output::table::Column;
use crate::output::{self, Resource};
use crate::terminal::Terminal;
use history::History;

/// Show how long VMs exist and ran, and what they used.
///
/// It is read from the actions of each VM, which a cloud keeps for a while. UNKNOWN H
/// are the hours of which they don't tell whether it ran: before the first one that is
/// kept, after one that failed, or where it stopped by itself. The GB and vCPU hours
/// are those of the VM's existence since it has its present size (SIZED SINCE). What is
/// billed, the cloud's operator knows.
#[derive(Args)]
pub(crate) struct Usage {
    #[command(flatten)]
    targets: Targets<VmSelector>,
}

pub(super) async fn usage(
    api: &dyn Api,
    args: &Usage,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let named = args.targets.all(global, terminal)?;
    let undone = "can't show what was used: can't find the VM";
    let vms = find_each(&Vms::default(), api, &named, global, undone).await?;
    let now = terminal.now();
    let mut used = Vec::with_capacity(vms.len());
    for vm in vms {
        used.push(Used::of(api, vm, now, &global.call()).await?);
    }
    output::list(terminal, &global.view, &used)?;
    Ok(Exit::Done)
}

/// What a VM used until now. A GB is 2^30 bytes.
#[derive(Serialize)]
struct Used {
    id: String,
    name: String,
    existed_hours: f64,
    /// At least.
    ran_hours: f64,
    /// What it may have run beyond that.
    unknown_hours: f64,
    memory_gb_hours: f64,
    vcpu_hours: f64,
    disk_gb_hours: f64,
    sized_since: cloudsfor_types::Timestamp,
}

impl Used {
    async fn of(
        api: &dyn Api,
        vm: Vm,
        now: Timestamp,
        call: &CallOptions,
    ) -> Result<Self, Failure> {
        let id = &vm.id;
        let what = || format!("can't show what the VM {} ({id}) used", vm.name);
        let created = vm.created_at.instant().ok_or_else(|| {
            Failure::new(
                Exit::Unavailable,
                what(),
                "the server doesn't say since when it exists",
            )
            .next("look at it: cloudsfor vm get")
            .about(id)
        })?;
        let actions = list_all(LIST_VM_ACTIONS.name, call, |page, call| async move {
            api.list_vm_actions(id, &page, &call).await
        });
        let actions = actions
            .await
            .map_err(|error| Failure::of(&error, what()).about(id))?;
        let now = now.max(created);
        let history = History::of(&vm, created, &actions, now);
        let sized = hours(now.duration_since(history.sized_since));
        Ok(Self {
            existed_hours: hours(now.duration_since(created)),
            ran_hours: hours(history.ran),
            unknown_hours: hours(history.unknown),
            memory_gb_hours: vm.memory.get() * sized,
            vcpu_hours: vm.vcpus as f64 * sized,
            disk_gb_hours: vm.disk as f64 * sized,
            sized_since: history.sized_since.into(),
            id: vm.id.to_string(),
            name: vm.name,
        })
    }
}

fn hours(time: SignedDuration) -> f64 {
    time.as_secs_f64() / 3600.0
}

fn rounded(hours: f64) -> String {
    format!("{hours:.2}")
}

impl Resource for Used {
    const NOUN: &'static str = "usage";

    const ATTRIBUTES: &'static [&'static str] = &[
        "id",
        "name",
        "existed_hours",
        "ran_hours",
        "unknown_hours",
        "memory_gb_hours",
        "vcpu_hours",
        "disk_gb_hours",
        "sized_since",
    ];

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", |used: &Self, cell| cell.text(&used.name)).elastic(),
        Column::new("EXISTED H", |used: &Self, cell| {
            cell.text(&rounded(used.existed_hours));
        }),
        Column::new("RAN H", |used: &Self, cell| {
            cell.text(&rounded(used.ran_hours));
        }),
        Column::new("UNKNOWN H", |used: &Self, cell| {
            cell.text(&rounded(used.unknown_hours));
        }),
        Column::new("MEMORY GB H", |used: &Self, cell| {
            cell.text(&rounded(used.memory_gb_hours));
        })
        .rank(3),
        Column::new("VCPU H", |used: &Self, cell| {
            cell.text(&rounded(used.vcpu_hours));
        })
        .rank(2),
        Column::new("DISK GB H", |used: &Self, cell| {
            cell.text(&rounded(used.disk_gb_hours));
        })
        .rank(1),
        Column::new("SIZED SINCE", |used: &Self, cell| {
            cell.time(&used.sized_since);
        })
        .rank(0),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.id.as_str().into()
    }

    fn name(&self) -> &str {
        &self.name
    }
}
