//! Actions on several VMs at once, and waiting for several: one bar, a result for
//! each, and one exit code.

use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::Args;
use cloudsfor_core::bulk::{Bulk, Outcome};
use cloudsfor_core::{Api, ErrorKind, wait_for_actions};
use cloudsfor_types::{Action, ActionId, ActionStatus, Vm, VmAction, VmId, VmSelector};
use futures_util::{StreamExt, stream};

use super::act::not_started;
use super::find::find_id;
use super::goal::{Goal, Waiter};
use crate::args::{Global, Waiting};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::count;
use crate::kinds::targets::Targets;
use crate::output;
use crate::terminal::{Interrupt, Terminal};

/// How many VMs are waited for at a time.
const AT_ONCE: usize = 32;

/// Which VMs to wait for, and how far.
#[derive(Args)]
pub(crate) struct Wait {
    #[command(flatten)]
    targets: Targets<VmSelector>,

    #[command(flatten)]
    goal: Goal,
}

/// Starts an action on each of several VMs and waits for all. On the VMs of `there`
/// nothing has to be done: they are shown with the others.
pub(super) async fn act(
    api: &dyn Api,
    vms: &[Vm],
    there: Vec<Vm>,
    request: &VmAction,
    waiting: &Waiting,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let mut interrupt = terminal.interrupt();
    let waiter = Waiter::new(api, &waiting.goal, global);
    let started = start(api, vms, request, global, terminal, &mut interrupt).await?;
    let mut ends: Vec<Result<(), Exit>> = started
        .iter()
        .map(|started| started.as_ref().map(|_| ()).map_err(|exit| *exit))
        .collect();
    let actions: Vec<&Action> = started.iter().flatten().collect();
    if waiting.no_wait {
        let actions: Vec<_> = actions.into_iter().cloned().collect();
        output::list(terminal, &global.view, &actions)?;
        if let Some(command) = action_wait(&actions, global) {
            terminal.note(&format!(
                "They go on in the cloud. To wait for them: {command}"
            ));
        }
        return Ok(Exit::of_several(&ends));
    }
    let ended = wait_for_all(api, &actions, &waiter, global, terminal, &mut interrupt).await?;
    let mut ready = Vec::new();
    for ((vm, started), end) in vms.iter().zip(&started).zip(&mut ends) {
        let Ok(action) = started else { continue };
        let ended = ended
            .iter()
            .find(|ended| ended.action_id == action.action_id);
        match ended {
            Some(ended) if ended.status == ActionStatus::Errored => {
                let why = ended
                    .error
                    .as_deref()
                    .unwrap_or("the server doesn't say why");
                let kind = request.action_type();
                let what = format!("the action {kind} on the VM {} ({}) failed", vm.name, vm.id);
                let look = global.command(&format!("vm get {}", vm.id));
                let failure = Failure::new(Exit::Error, what, why)
                    .next(format!("to see how the VM is: {look}"))
                    .about(&vm.id);
                global.tell_failure(terminal, &failure);
                *end = Err(Exit::Error);
            }
            _ => ready.push((vm.id.clone(), end)),
        }
    }
    let (ids, of_ready): (Vec<_>, Vec<_>) = ready.into_iter().unzip();
    let reached = reach_each(&ids, &waiter, global, terminal, &mut interrupt).await?;
    let mut shown = there;
    for (reached, end) in reached.into_iter().zip(of_ready) {
        match reached {
            Ok(vm) => shown.push(vm),
            Err(exit) => *end = Err(exit),
        }
    }
    output::list(terminal, &global.view, &shown)?;
    summary(&ends, terminal);
    Ok(Exit::of_several(&ends))
}

pub(super) async fn wait(
    api: &dyn Api,
    args: &Wait,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let mut ids: Vec<VmId> = Vec::new();
    for vm in args.targets.all(global, terminal)? {
        let id = find_id(api, &vm, global, "can't wait for the VM").await?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let mut interrupt = terminal.interrupt();
    let waiter = Waiter::new(api, &args.goal, global);
    let reached = reach_each(&ids, &waiter, global, terminal, &mut interrupt).await?;
    let ends: Vec<_> = reached
        .iter()
        .map(|reached| reached.as_ref().map(|_| ()).map_err(|exit| *exit))
        .collect();
    let vms: Vec<Vm> = reached.into_iter().flatten().collect();
    match &vms[..] {
        [vm] if ids.len() == 1 => output::one(terminal, &global.view, vm)?,
        [] => {}
        vms => output::list(terminal, &global.view, vms)?,
    }
    summary(&ends, terminal);
    Ok(Exit::of_several(&ends))
}

/// Asks for the action on each VM, some at a time. Failures are told at once.
async fn start(
    api: &dyn Api,
    vms: &[Vm],
    request: &VmAction,
    global: &Global,
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
) -> Result<Vec<Result<Action, Exit>>, Failure> {
    let call = &global.call();
    let bulk = Bulk::default();
    let starting = bulk.run(vms, |vm| async move {
        api.create_vm_action(&vm.id, request, call).await
    });
    let outcomes = tokio::select! {
        biased;
        outcomes = starting => outcomes,
        () = interrupt => {
            let what = "it is unknown on which of the VMs the action was started";
            let why = "the command was interrupted before the server answered";
            let look = global.command("action list");
            return Err(Failure::new(Exit::Interrupted, what, why)
                .next(format!("to see which were: {look}")));
        }
    };
    let results = vms.iter().zip(outcomes).map(|(vm, outcome)| match outcome {
        Outcome::Done(action) => Ok(action),
        Outcome::Failed(error) => {
            let failure = not_started(&error, vm, request, global);
            global.tell_failure(terminal, &failure);
            Err(failure.exit)
        }
        Outcome::NotBegun => Err(Exit::Error),
    });
    Ok(results.collect())
}

/// Waits until all actions have ended, as far as they have ids.
async fn wait_for_all(
    api: &dyn Api,
    actions: &[&Action],
    waiter: &Waiter<'_>,
    global: &Global,
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
) -> Result<Vec<Action>, Failure> {
    let ids: Vec<ActionId> = actions
        .iter()
        .filter_map(|action| action.action_id.clone())
        .collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let all: Vec<Action> = actions.iter().map(|action| (*action).clone()).collect();
    let go_on = || {
        let command = action_wait(&all, global).unwrap_or_default();
        format!("to wait on: {command}")
    };
    let mut progress = terminal.progress();
    let mut done = 0;
    progress.count(
        0,
        ids.len(),
        &format!("waiting for {}", count(ids.len(), "action")),
    );
    let tell = |action: &Action| {
        done += 1;
        let state = format!("{}: {} is {}", action.vm_id(), action.r#type, action.status);
        progress.count(done, ids.len(), &state);
    };
    let call = waiter.call();
    tokio::select! {
        biased;
        ended = wait_for_actions(api, &ids, &call, tell) => ended.map_err(|error| {
            let mut failure = match error.kind() {
                ErrorKind::Deadline => {
                    let what = "not all of the actions have ended in time";
                    let mut failure = Failure::of(&error, what);
                    failure.exit = Exit::StillRunning;
                    failure
                }
                _ => Failure::of(&error, "it is unknown whether the actions have ended"),
            };
            failure.next = vec![go_on()];
            failure
        }),
        () = interrupt => {
            let why = "what has not ended goes on in the cloud";
            let failure = Failure::new(Exit::Interrupted, "interrupted while waiting", why);
            Err(failure.next(go_on()))
        }
    }
}

/// Waits for each VM to reach the goal, some at a time. Failures are told.
async fn reach_each(
    ids: &[VmId],
    waiter: &Waiter<'_>,
    global: &Global,
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
) -> Result<Vec<Result<Vm, Exit>>, Failure> {
    let mut progress = terminal.progress();
    let shared = &Mutex::new((&mut progress, 0));
    let reaching = stream::iter(ids).map(|id| async move {
        let all = ids.len();
        let reached = waiter
            .reach(id, |state| {
                let (progress, done) = &mut *lock(shared);
                match all {
                    1 => progress.show(state),
                    _ => progress.count(*done, all, state),
                }
            })
            .await;
        lock(shared).1 += 1;
        reached
    });
    let reached: Vec<_> = tokio::select! {
        biased;
        reached = reaching.buffered(AT_ONCE).collect() => reached,
        () = interrupt => match ids {
            [id] => return Err(waiter.interrupted(id)),
            ids => return Err(interrupted(ids, global)),
        },
    };
    drop(progress);
    let results = reached.into_iter().map(|reached| {
        reached.map_err(|failure| {
            let exit = failure.exit;
            global.tell_failure(terminal, &failure);
            exit
        })
    });
    Ok(results.collect())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn interrupted(ids: &[VmId], global: &Global) -> Failure {
    let ids: Vec<_> = ids.iter().map(VmId::as_str).collect();
    let resume = global.command(&format!("vm wait {}", ids.join(" ")));
    let why = "what happens to the VMs goes on in the cloud";
    Failure::new(Exit::Interrupted, "interrupted while waiting", why)
        .next(format!("to wait on: {resume}"))
}

fn action_wait(actions: &[Action], global: &Global) -> Option<String> {
    let ids = actions
        .iter()
        .filter_map(|action| action.action_id.as_ref());
    let ids: Vec<_> = ids.map(ActionId::as_str).collect();
    (!ids.is_empty()).then(|| global.command(&format!("action wait {}", ids.join(" "))))
}

fn summary(ends: &[Result<(), Exit>], terminal: &mut Terminal) {
    let done = ends.iter().filter(|end| end.is_ok()).count();
    if done < ends.len() && ends.len() > 1 {
        terminal.note(&format!("{done} of {} done.", count(ends.len(), "VM")));
    }
}
