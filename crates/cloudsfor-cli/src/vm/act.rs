//! The verbs that start an action on VMs, wait until it has ended, and show what
//! came of it: one function for all of them.

use cloudsfor_core::list::list_all;
use cloudsfor_core::{Api, Error, ErrorKind};
use cloudsfor_types::operations::LIST_VM_SNAPSHOTS;
use cloudsfor_types::{Action, ActionType, Vm, VmAction, VmStatus};

use super::asked::{Asked, Loss};
use super::goal::Waiter;
use super::list::Vms;
use super::several;
use crate::action::wait::{Wait, until_it_ends};
use crate::args::{Global, Waiting, selector};
use crate::confirm::{Confirmation, confirmed};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::count;
use crate::kinds::targets::{Targets, find_each};
use crate::output;
use crate::terminal::{Interrupt, Terminal};

pub(super) async fn act(
    api: &dyn Api,
    asked: Asked<'_>,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let request = request(&asked)?;
    let loss = asked.loss.filter(|_| !global.dry_run);
    let question = |number| {
        let verb = loss.map_or("", |loss| loss.verb);
        format!("{verb} {}?", count(number, "VM"))
    };
    let confirmation = loss.map(|loss| Confirmation {
        undone: loss.undone,
        question: &question,
    });
    if let Some(confirmation) = &confirmation {
        confirmation.possible(terminal)?;
    }
    let named = Targets {
        named: asked.targets.clone(),
    };
    let named = named.all(global, terminal)?;
    let undone = "no action was started: can't find the VM";
    let vms = find_each(&Vms::default(), api, &named, global, undone).await?;
    if let (Some(confirmation), Some(loss)) = (&confirmation, loss) {
        let now = terminal.now();
        let losses: Vec<_> = vms.iter().map(|vm| Loss::of(vm, now)).collect();
        if !confirmed(confirmation, loss.warning, &losses, terminal)? {
            return Ok(Exit::Error);
        }
    }
    let (vms, there) = match &asked.goal {
        Some((status, _)) => partition(vms, status),
        None => (vms, Vec::new()),
    };
    if vms.is_empty() {
        return there_already(&there, &asked, global, terminal);
    }
    match (&vms[..], &there[..]) {
        ([vm], []) => on_one(api, vm, &request, asked.waiting, global, terminal).await,
        _ => several::act(api, &vms, there, &request, asked.waiting, global, terminal).await,
    }
}

/// The VMs that are to be brought into a status, and those that are in it.
fn partition(vms: Vec<Vm>, status: &VmStatus) -> (Vec<Vm>, Vec<Vm>) {
    // Of a locked VM it is the service that knows what is to become of it.
    vms.into_iter()
        .partition(|vm| vm.locked || vm.status != *status)
}

/// Shows VMs on which nothing has to be done.
fn there_already(
    vms: &[Vm],
    asked: &Asked<'_>,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    for vm in vms {
        terminal.note(&format!(
            "The VM {} ({}) is {} already.",
            vm.name, vm.id, vm.status
        ));
    }
    match vms {
        [] => {}
        [vm] => output::one(terminal, &global.view, vm)?,
        vms => output::list(terminal, &global.view, vms)?,
    }
    Ok(match asked.goal {
        Some((_, true)) => Exit::Unchanged,
        _ => Exit::Done,
    })
}

async fn on_one(
    api: &dyn Api,
    vm: &Vm,
    request: &VmAction,
    waiting: &Waiting,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let mut interrupt = terminal.interrupt();
    let action = send(api, vm, request, global, &mut interrupt).await?;
    let goal = &waiting.goal;
    let wait = Wait::new(&action, &vm.name, goal, global);
    if waiting.no_wait {
        output::one(terminal, &global.view, &action)?;
        terminal.note(&wait.how_to_go_on());
        return Ok(Exit::Done);
    }
    let waiter = Waiter::new(api, goal, global);
    until_it_ends(api, &wait, &waiter, terminal, &mut interrupt).await?;
    show(api, vm, request, &waiter, global, terminal, &mut interrupt).await?;
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

pub(super) fn not_started(error: &Error, vm: &Vm, request: &VmAction, global: &Global) -> Failure {
    if error.may_have_been_applied() {
        return to_look_at(Failure::of(error, unknown_outcome(vm, request)), vm, global);
    }
    let kind = request.action_type();
    let what = format!("the action {kind} was not started on {}", named(vm));
    let failure = Failure::of(error, what)
        .naming(|attribute| flag(attribute, kind.as_str()))
        .about(&vm.id);
    if let (
        ErrorKind::State,
        VmAction::Resize {
            disk_size: Some(disk),
            ..
        },
    ) = (error.kind(), request)
        && u64::from(*disk) < vm.disk
    {
        return failure.instead(format!("give it at least the {} GB that it has", vm.disk));
    }
    match (error.kind(), &vm.status) {
        (ErrorKind::State, VmStatus::Running) if matches!(request, VmAction::Resize { size, cpu, .. } if size.is_some() || cpu.is_some()) =>
        {
            let stop = global.command(&format!("vm shutdown {}", selector(&vm.id)));
            failure.instead(format!("shut it down first: {stop}"))
        }
        (ErrorKind::State, VmStatus::Stopped)
            if matches!(
                kind,
                ActionType::PowerOff
                    | ActionType::Shutdown
                    | ActionType::Reboot
                    | ActionType::PowerCycle
            ) =>
        {
            let start = global.command(&format!("vm start {}", selector(&vm.id)));
            failure.instead(format!("start it first: {start}"))
        }
        _ => failure,
    }
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
    waiter: &Waiter<'_>,
    global: &Global,
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
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
        let mut progress = terminal.progress();
        tokio::select! {
            biased;
            ready = waiter.go_on(&vm, |state| progress.show(state)) => ready?,
            () = interrupt => return Err(waiter.interrupted(&vm.id)),
        }
        drop(progress);
        output::one(terminal, &global.view, &vm)?;
    }
    Ok(())
}
