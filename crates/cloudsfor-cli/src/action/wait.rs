//! Waiting until an action has ended, with progress.

use cloudsfor_core::{Api, Error, ErrorKind, wait_for_action, wait_until_unlocked};
use cloudsfor_types::{Action, ActionStatus};
use tokio::time::Instant;

use crate::args::{Global, selector};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::cell::elapsed;
use crate::terminal::{Interrupt, Terminal};
use crate::vm::goal::{Goal, WaitFor, Waiter};

/// What is waited for.
pub(crate) struct Wait<'a> {
    /// The action as it was accepted.
    action: &'a Action,
    /// The name of its VM.
    name: &'a str,
    goal: &'a Goal,
    /// The command that takes the wait up again.
    resume: String,
    /// The command that shows the VM.
    look: String,
}

/// Waits until the action has completed.
pub(crate) async fn until_it_ends(
    api: &dyn Api,
    wait: &Wait<'_>,
    waiter: &Waiter<'_>,
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
) -> Result<(), Failure> {
    let started = Instant::now();
    let call = waiter.call();
    let mut progress = terminal.progress();
    progress.show(&wait.state(&wait.action.status));
    let ended = async {
        match &wait.action.action_id {
            Some(id) => {
                let show = |action: &Action| {
                    if !action.has_ended() {
                        progress.show(&wait.state(&action.status));
                    }
                };
                wait_for_action(api, id, &call, show).await.map(drop)
            }
            // An action without an id can be seen only by the VM's lock.
            None => wait_until_unlocked(api, wait.action.vm_id(), &call, |_| ())
                .await
                .map(drop),
        }
    };
    tokio::select! {
        biased;
        ended = ended => ended.map_err(|error| wait.gave_up(&error))?,
        () = interrupt => return Err(wait.interrupted()),
    }
    let took = elapsed(started.elapsed());
    let kind = &wait.action.r#type;
    progress.finish(&format!("{}: {kind} is done after {took}", wait.name));
    Ok(())
}

impl<'a> Wait<'a> {
    pub(crate) fn new(action: &'a Action, name: &'a str, goal: &'a Goal, global: &Global) -> Self {
        let look = global.command(&format!("vm get {}", selector(action.vm_id())));
        let resume = match &action.action_id {
            Some(id) if goal.wait_for == WaitFor::Action => {
                global.command(&format!("action wait {id}"))
            }
            _ => goal.resume(action.vm_id(), global),
        };
        Self {
            action,
            name,
            goal,
            resume,
            look,
        }
    }

    /// What to say to somebody who doesn't wait.
    pub(crate) fn how_to_go_on(&self) -> String {
        format!("It goes on in the cloud. To wait for it: {}", self.resume)
    }

    fn state(&self, status: &ActionStatus) -> String {
        let Action { id, r#type, .. } = self.action;
        format!("{} ({id}): {type} is {status}", self.name)
    }

    fn gave_up(&self, error: &Error) -> Failure {
        let action = self.named();
        match error.kind() {
            ErrorKind::Deadline => {
                let what = format!("{action} still runs after {}", elapsed(self.goal.timeout));
                let mut failure = self.to_go_on(Failure::of(error, what));
                failure.exit = Exit::StillRunning;
                failure
            }
            ErrorKind::ActionErrored { action: ended } => {
                let why = ended.error.as_deref();
                let why = why.unwrap_or("the server doesn't say why");
                let failure = Failure::new(Exit::Error, format!("{action} failed"), why);
                self.about(failure.next(format!("to see how the VM is: {}", self.look)))
            }
            _ => {
                let what = format!("it is unknown whether {action} has ended: it was accepted");
                self.to_go_on(Failure::of(error, what))
            }
        }
    }

    fn interrupted(&self) -> Failure {
        let what = "interrupted while waiting";
        let why = format!("{} goes on in the cloud", self.named());
        self.to_go_on(Failure::new(Exit::Interrupted, what, why))
    }

    fn named(&self) -> String {
        let Action { id, r#type, .. } = self.action;
        format!("the action {type} on the VM {} ({id})", self.name)
    }

    fn to_go_on(&self, failure: Failure) -> Failure {
        self.about(failure.instead(format!("to wait for it: {}", self.resume)))
    }

    fn about(&self, failure: Failure) -> Failure {
        let mut failure = failure.about(self.action.vm_id());
        failure.facts.action_id.clone_from(&self.action.action_id);
        failure
    }
}
