//! The verbs that start an action on a VM, wait until it has ended, and show
//! what came of it: one function for all of them.

use clap::{ArgGroup, Args};
use cloudsfor_core::list::list_all;
use cloudsfor_core::{Api, Error};
use cloudsfor_types::operations::LIST_VM_SNAPSHOTS;
use cloudsfor_types::{Action, ActionType, Vm, VmAction, VmSelector};
use serde_json::{Value, json};

use super::find::find;
use crate::action::wait::{Wait, until_it_ends};
use crate::args::{Global, Waiting, number, selector};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::terminal::{Interrupt, Terminal};

/// On which VM, and how long to wait.
#[derive(Args)]
pub(crate) struct OnVm {
    /// The VM's name or id; `name:` and `id:` before it say which
    vm: VmSelector,

    #[command(flatten)]
    waiting: Waiting,
}

/// What sizes to give to which VM.
#[derive(Args)]
#[command(group = ArgGroup::new("sizes").required(true).multiple(true))]
pub(crate) struct Resize {
    #[command(flatten)]
    on: OnVm,

    /// Memory in GB: 0.25 to 1024 in steps of 0.25
    #[arg(long, value_name = "GB", value_parser = number, allow_negative_numbers = true,
          group = "sizes")]
    size: Option<f64>,

    /// Virtual processors: 1 to 128
    #[arg(long, value_name = "N", value_parser = number, allow_negative_numbers = true,
          group = "sizes")]
    cpu: Option<f64>,

    /// Disk in GB: at least what it has, at most 65536
    #[arg(long, value_name = "GB", value_parser = number, allow_negative_numbers = true,
          group = "sizes")]
    disk_size: Option<f64>,
}

/// What to call which VM.
#[derive(Args)]
pub(crate) struct Rename {
    #[command(flatten)]
    on: OnVm,

    /// The new name, which is its hostname too
    #[arg(value_name = "NEW")]
    new_name: String,
}

/// What to call the snapshot of which VM.
#[derive(Args)]
pub(crate) struct Snapshot {
    #[command(flatten)]
    on: OnVm,

    /// The snapshot's name
    #[arg(long)]
    name: String,
}

/// What to put onto which VM's disk.
#[derive(Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    on: OnVm,

    /// The id of a snapshot or backup
    #[arg(long, value_name = "ID")]
    image: String,
}

/// What to make which VM of.
#[derive(Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    on: OnVm,

    /// The image to make it of: fedora-19, or a snapshot's id
    #[arg(long)]
    image: String,
}

/// An action as it was asked for.
pub(super) struct Asked<'a> {
    on: &'a OnVm,
    /// The request's body, unchecked.
    body: Value,
}

impl OnVm {
    /// An action that needs nothing but the VM.
    pub(super) fn asked(&self, action: &ActionType) -> Asked<'_> {
        Asked {
            on: self,
            body: json!({"type": action.as_str()}),
        }
    }
}

impl Resize {
    pub(super) fn asked(&self) -> Asked<'_> {
        let (size, cpu, disk_size) = (self.size, self.cpu, self.disk_size);
        Asked {
            on: &self.on,
            body: json!({"type": "resize", "size": size, "cpu": cpu, "disk_size": disk_size}),
        }
    }
}

impl Rename {
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked {
            on: &self.on,
            body: json!({"type": "rename", "name": self.new_name}),
        }
    }
}

impl Snapshot {
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked {
            on: &self.on,
            body: json!({"type": "snapshot", "name": self.name}),
        }
    }
}

impl Restore {
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked {
            on: &self.on,
            body: json!({"type": "restore", "image": self.image}),
        }
    }
}

impl Rebuild {
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked {
            on: &self.on,
            body: json!({"type": "rebuild", "image": self.image}),
        }
    }
}

pub(super) async fn act(
    api: &dyn Api,
    asked: &Asked<'_>,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let request = request(asked)?;
    let undone = "no action was started: can't find the VM";
    let vm = find(api, &asked.on.vm, global, undone).await?;
    let mut interrupt = terminal.interrupt();
    let action = send(api, &vm, &request, global, &mut interrupt).await?;
    let wait = Wait::new(&action, &vm.name, asked.on.waiting.timeout, global);
    if asked.on.waiting.no_wait {
        output::one(terminal, &global.view, &action)?;
        terminal.note(&wait.how_to_go_on());
        return Ok(Exit::Done);
    }
    until_it_ends(api, &wait, terminal, &mut interrupt).await?;
    show(api, &vm, &request, global, terminal).await?;
    Ok(Exit::Done)
}

/// The request, read as strictly as the server does, so that every fault is
/// found at once and before anything is sent.
fn request(asked: &Asked<'_>) -> Result<VmAction, Failure> {
    let body = asked.body.as_object().cloned().unwrap_or_default();
    VmAction::decode(body).map_err(|faults| {
        let kind = asked.body["type"].as_str().unwrap_or_default();
        Failure::breaking_rules(format!("the action {kind} was not started"), faults)
            .naming(|attribute| flag(attribute, kind))
    })
}

async fn send(
    api: &dyn Api,
    vm: &Vm,
    request: &VmAction,
    global: &Global,
    interrupt: &mut Interrupt,
) -> Result<Action, Failure> {
    let call = global.call();
    tokio::select! {
        biased;
        action = api.create_vm_action(&vm.id, request, &call) => {
            action.map_err(|error| not_started(&error, vm, request, global))
        }
        () = interrupt => {
            let why = "the command was interrupted before the server answered";
            let failure = Failure::new(Exit::Interrupted, unknown_outcome(vm, request), why);
            Err(to_look_at(failure, vm, global))
        }
    }
}

fn not_started(error: &Error, vm: &Vm, request: &VmAction, global: &Global) -> Failure {
    if error.may_have_been_applied() {
        return to_look_at(Failure::of(error, unknown_outcome(vm, request)), vm, global);
    }
    let kind = request.action_type();
    let what = format!("the action {kind} was not started on {}", named(vm));
    Failure::of(error, what)
        .naming(|attribute| flag(attribute, kind.as_str()))
        .about(&vm.id)
}

fn unknown_outcome(vm: &Vm, request: &VmAction) -> String {
    let kind = request.action_type();
    format!(
        "it is unknown whether the action {kind} was started on {}",
        named(vm)
    )
}

fn to_look_at(failure: Failure, vm: &Vm, global: &Global) -> Failure {
    let look = global.command(&format!("action list {}", selector(&vm.id)));
    failure
        .instead(format!("to see whether it was: {look}"))
        .about(&vm.id)
}

fn named(vm: &Vm) -> String {
    format!("the VM {} ({})", vm.name, vm.id)
}

/// What the user calls an attribute of the request.
fn flag(attribute: &str, kind: &str) -> String {
    match (attribute, kind) {
        ("name", "rename") => "NEW".into(),
        (other, _) => format!("--{}", other.replace('_', "-")),
    }
}

/// Shows what came of the action: the snapshot that was taken, or else the VM.
async fn show(
    api: &dyn Api,
    before: &Vm,
    request: &VmAction,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let what = || format!("the action {} is done, but", request.action_type());
    if let VmAction::Snapshot { name } = request {
        let unseen = || format!("{} the snapshot can't be shown", what());
        let fetch =
            |page, call| async move { api.list_vm_snapshots(&before.id, &page, &call).await };
        let snapshots = list_all(LIST_VM_SNAPSHOTS.name, &global.call(), fetch)
            .await
            .map_err(|error| Failure::of(&error, unseen()).about(&before.id))?;
        let is_new = |snapshot: &&cloudsfor_types::Snapshot| {
            snapshot.name.as_deref() == Some(name) && !before.snapshot_ids.contains(&snapshot.id)
        };
        // The last of them, should somebody else have taken one of that name.
        let snapshot = snapshots.iter().rfind(is_new).ok_or_else(|| {
            Failure::new(Exit::NotFound, unseen(), "it is gone already")
                .next("list the VM's snapshots to see what there is")
                .about(&before.id)
        })?;
        output::one(terminal, &global.view, snapshot)?;
    } else {
        let vm = api
            .get_vm(&before.id, &global.call())
            .await
            .map_err(|error| {
                Failure::of(&error, format!("{} the VM can't be shown", what())).about(&before.id)
            })?;
        output::one(terminal, &global.view, &vm)?;
    }
    Ok(())
}
