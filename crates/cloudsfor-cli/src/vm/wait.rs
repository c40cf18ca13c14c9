//! Waiting until a VM runs, with progress.

use std::time::Duration;

use cloudsfor_core::{Api, CallOptions, Error, ErrorKind, wait_until_unlocked};
use cloudsfor_types::{Vm, VmStatus};
use tokio::time::Instant;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::cell::elapsed;
use crate::terminal::{Interrupt, Terminal};

/// What is waited for.
pub(super) struct Wait<'a> {
    /// The VM as it was accepted.
    pub(super) vm: &'a Vm,
    pub(super) at_most: Duration,
    /// The command that shows the VM later.
    pub(super) look: String,
}

/// Waits until nothing runs on the VM, and returns it if it is sound then.
pub(super) async fn until_it_runs(
    api: &dyn Api,
    wait: &Wait<'_>,
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
) -> Result<Vm, Failure> {
    let started = Instant::now();
    let call = CallOptions::default().with_timeout(wait.at_most);
    let mut progress = terminal.progress();
    progress.show(&state(wait.vm));
    let waited = tokio::select! {
        biased;
        waited = wait_until_unlocked(api, &wait.vm.id, &call, |vm| {
            if vm.locked {
                progress.show(&state(vm));
            }
        }) => waited.map_err(|error| wait.gave_up(&error))?,
        () = interrupt => return Err(wait.interrupted()),
    };
    if waited.status == VmStatus::Errored {
        return Err(wait.errored());
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
                let what = format!("{vm} doesn't run yet after {}", elapsed(self.at_most));
                let mut failure = self.to_look_at(Failure::of(error, what));
                failure.exit = Exit::StillRunning;
                failure
            }
            ErrorKind::NotFound => {
                let what = format!("{vm} is gone: it was accepted, and deleted since");
                Failure::of(error, what).about(&self.vm.id)
            }
            _ => {
                let what = format!("it is unknown whether {vm} runs: it was accepted");
                self.to_look_at(Failure::of(error, what))
            }
        }
    }

    fn interrupted(&self) -> Failure {
        let what = "interrupted while waiting";
        let why = format!("{} goes on being created", self.named());
        self.to_look_at(Failure::new(Exit::Interrupted, what, why))
    }

    fn errored(&self) -> Failure {
        let what = format!("{} could not be created", self.named());
        let why = "its creation failed in the cloud, and left it `errored`";
        self.to_look_at(Failure::new(Exit::Error, what, why))
            .next("delete it, then create another")
    }

    fn named(&self) -> String {
        format!("the VM {} ({})", self.vm.name, self.vm.id)
    }

    fn to_look_at(&self, failure: Failure) -> Failure {
        failure
            .instead(format!("to see how it is: {}", self.look))
            .about(&self.vm.id)
    }
}
