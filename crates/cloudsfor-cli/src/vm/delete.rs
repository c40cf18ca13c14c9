//! `vm delete`

use clap::Args;
use cloudsfor_core::{Api, Error};
use cloudsfor_types::{Vm, VmSelector};
use serde::Serialize;

use super::find::find;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::cell::ago;
use crate::output::{self, Format};
use crate::terminal::Terminal;

/// Which VMs to delete.
#[derive(Args)]
pub(crate) struct Delete {
    /// The VMs' names or ids; `name:` and `id:` before one say which
    #[arg(required = true, value_name = "VM")]
    vms: Vec<VmSelector>,

    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

/// What became of one VM.
#[derive(Serialize)]
struct Outcome<'a> {
    id: &'a str,
    name: &'a str,
    deleted: bool,
}

pub(super) async fn delete(
    api: &dyn Api,
    args: &Delete,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    if !args.yes && !terminal.can_ask() {
        return Err(Failure::new(
            Exit::Usage,
            "nothing was deleted",
            "there is no terminal to ask on whether these VMs may really go",
        )
        .next("repeat the command with --yes if they may"));
    }
    let vms = find_all(api, &args.vms, global).await?;
    if !args.yes && !confirmed(&vms, terminal)? {
        terminal.note("Nothing was deleted.");
        return Ok(Exit::Error);
    }
    delete_all(api, &vms, global, terminal).await
}

/// Finds all VMs before any is touched, so that a slip in one name deletes none.
/// A VM that is named twice is deleted once.
async fn find_all(
    api: &dyn Api,
    selectors: &[VmSelector],
    global: &Global,
) -> Result<Vec<Vm>, Failure> {
    let mut vms: Vec<Vm> = Vec::with_capacity(selectors.len());
    for selector in selectors {
        let vm = find(
            api,
            selector,
            global,
            "nothing was deleted: can't find the VM",
        )
        .await?;
        if vms.iter().all(|known| known.id != vm.id) {
            vms.push(vm);
        }
    }
    Ok(vms)
}

fn confirmed(vms: &[Vm], terminal: &mut Terminal) -> Result<bool, Failure> {
    terminal.say("This deletes for good, with disks and backups; snapshots are kept:");
    for vm in vms {
        terminal.say(&format!("  {}", losses(vm, terminal.now())));
    }
    let question = format!("Delete {}?", count(vms.len(), "VM"));
    terminal.confirm(&question).map_err(|error| {
        Failure::new(Exit::Error, "nothing was deleted", error.to_string())
            .next("repeat the command with --yes if these VMs may go")
    })
}

/// What the user loses with a VM.
fn losses(vm: &Vm, now: jiff::Timestamp) -> String {
    let created = match vm.created_at.instant() {
        Some(instant) => ago(instant, now),
        None => vm.created_at.to_string(),
    };
    format!(
        "{} ({}), {}, created {created}: {} GB of disk, {}; kept: {}",
        vm.name,
        vm.id,
        vm.status,
        vm.disk,
        count(vm.backup_ids.len(), "backup"),
        count(vm.snapshot_ids.len(), "snapshot"),
    )
}

fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

async fn delete_all(
    api: &dyn Api,
    vms: &[Vm],
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let mut outcomes = Vec::with_capacity(vms.len());
    let mut failures = Vec::new();
    for vm in vms {
        let result = api.delete_vm(&vm.id, &global.call()).await;
        outcomes.push(Outcome {
            id: vm.id.as_str(),
            name: &vm.name,
            deleted: result.is_ok(),
        });
        match result {
            Ok(()) => show_deleted(vm, global.output, terminal)?,
            Err(error) => {
                let failure = failed(vm, &error);
                output::failure::failure(terminal, global.output, &failure);
                failures.push(failure.exit);
            }
        }
    }
    if global.output == Format::Json {
        output::json::write_pretty(terminal.out(), &outcomes)?;
    }
    Ok(match failures.first() {
        None => Exit::Done,
        Some(_) if failures.len() < vms.len() => Exit::Partial,
        Some(first) => *first,
    })
}

fn failed(vm: &Vm, error: &Error) -> Failure {
    let failure = if error.may_have_been_applied() {
        let what = format!(
            "it is unknown whether the VM {} ({}) was deleted",
            vm.name, vm.id
        );
        Failure::of(error, what).instead("repeat the command: a VM that is gone stays gone")
    } else {
        Failure::of(
            error,
            format!("the VM {} ({}) was not deleted", vm.name, vm.id),
        )
    };
    failure.about(&vm.id)
}

/// A line for each VM as soon as it is gone; JSON comes as a whole at the end.
fn show_deleted(vm: &Vm, format: Format, terminal: &mut Terminal) -> Result<(), Failure> {
    match format {
        Format::Json => Ok(()),
        Format::Table => output::line(terminal, &format!("deleted {} ({})", vm.name, vm.id)),
        Format::Id => output::line(terminal, vm.id.as_str()),
        Format::Name => output::line(terminal, &vm.name),
    }
    .and_then(|()| terminal.flush())
    .map_err(Failure::from)
}
