//! Waiting until a VM runs, with progress.

use cloudsfor_core::{Api, Error, ErrorKind, wait_until_unlocked};
use cloudsfor_types::{Vm, VmStatus};
use tokio::time::Instant;

use super::errored;
use super::goal::{Goal, Waiter};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::cell::elapsed;
use crate::terminal::{Interrupt, Terminal};

/// What is waited for.
pub(super) struct Wait<'a> {
    /// The VM as it was accepted.
    pub(super) vm: &'a Vm,
    pub(super) waiter: &'a Waiter<'a>,
    pub(super) goal: &'a Goal,
    pub(super) global: &'a Global,
}

/// Waits until nothing runs on the VM, and returns it if it is sound then.
pub(super) async fn until_it_runs(
    api: &dyn Api,
    wait: &Wait<'_>,
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
) -> Result<Vm, Failure> {
    let started = Instant::now();
    let call = wait.waiter.call();
    let mut progress = terminal.progress();
    progress.show(&state(wait.vm));
    let waited = tokio::select! {
        biased;
        waited = wait_until_unlocked(api, &wait.vm.id, &call, |vm| {
            if vm.locked {
                progress.show(&state(vm));
            }
        }) => waited.map_err(|error| wait.gave_up(&error))?,
        () = &mut *interrupt => return Err(wait.interrupted()),
    };
    if waited.status == VmStatus::Errored {
        return Err(errored::failure(api, &waited).await);
    }
    tokio::select! {
        biased;
        ready = wait.waiter.go_on(&waited, |state| progress.show(state)) => ready?,
        () = interrupt => return Err(wait.waiter.interrupted(&waited.id)),
    }
    let took = elapsed(started.elapsed());
    progress.finish(&format!(
        "{} is {} after {took}",
        waited.name, waited.status
    ));
    Ok(waited)
}

fn state(vm: &Vm) -> String {
    format!(
        "{} ({}): {}, waiting until it runs",
        vm.name, vm.id, vm.status
    )
}

impl Wait<'_> {
    fn gave_up(&self, error: &Error) -> Failure {
        let vm = self.named();
        match error.kind() {
            ErrorKind::Deadline => {
                let what = format!("{vm} doesn't run yet after {}", elapsed(self.goal.timeout));
                let mut failure = self.to_go_on(Failure::of(error, what));
                failure.exit = Exit::StillRunning;
                failure
            }
            ErrorKind::NotFound => {
                let what = format!("{vm} is gone: it was accepted, and deleted since");
                Failure::of(error, what).about(&self.vm.id)
            }
            _ => {
                let what = format!("it is unknown whether {vm} runs: it was accepted");
                self.to_go_on(Failure::of(error, what))
            }
        }
    }

    fn interrupted(&self) -> Failure {
        let what = "interrupted while waiting";
        let why = format!("{} goes on being created", self.named());
        self.to_go_on(Failure::new(Exit::Interrupted, what, why))
    }

    fn named(&self) -> String {
        format!("the VM {} ({})", self.vm.name, self.vm.id)
    }

    fn to_go_on(&self, failure: Failure) -> Failure {
        failure
            .instead(format!(
                "to wait on: {}",
                self.goal.resume(&self.vm.id, self.global)
            ))
            .about(&self.vm.id)
    }
}
