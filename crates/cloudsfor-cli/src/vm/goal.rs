//! How far to wait for a VM: `--wait-for` and `--timeout`.

use std::net::IpAddr;
use std::process::Stdio;
use std::time::Duration;

use clap::{Args, ValueEnum};
use cloudsfor_core::{Api, CallOptions, Error, ErrorKind, wait_for_ssh, wait_until_unlocked};
use cloudsfor_types::{Vm, VmFeature, VmId, VmStatus};
use tokio::time::{Instant, timeout_at};

use super::view::{main_address, ssh_port};
use super::{errored, ssh};
use crate::args::{Global, duration, selector};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::cell::elapsed;

/// How far and how long to wait.
#[derive(Debug, Clone, Args)]
pub(crate) struct Goal {
    /// What to wait for
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub(crate) wait_for: WaitFor,

    /// The longest to wait; then it goes on in the cloud, and the exit code is 8
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10m")]
    pub(crate) timeout: Duration,
}

/// What a VM is waited for to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Default, ValueEnum)]
pub(crate) enum WaitFor {
    /// The operation on it has ended
    #[default]
    Action,
    /// It runs
    Running,
    /// SSH answers at its address
    Ssh,
    /// Its first boot is set up (asks cloud-init by SSH)
    CloudInit,
}

/// A wait that is going on, until a point in time.
pub(crate) struct Waiter<'a> {
    api: &'a dyn Api,
    goal: &'a Goal,
    global: &'a Global,
    until: Instant,
}

impl Goal {
    /// The command that waits for this VM on.
    pub(crate) fn resume(&self, vm: &VmId, global: &Global) -> String {
        let value = self.wait_for.to_possible_value();
        let name = value.as_ref().map_or("action", |value| value.get_name());
        let further = match self.wait_for {
            WaitFor::Action => String::new(),
            _ => format!(" --wait-for {name}"),
        };
        global.command(&format!("vm wait {}{further}", selector(vm)))
    }
}

impl<'a> Waiter<'a> {
    pub(crate) fn new(api: &'a dyn Api, goal: &'a Goal, global: &'a Global) -> Self {
        Self {
            api,
            goal,
            global,
            until: Instant::now() + goal.timeout,
        }
    }

    /// The command that takes the wait up again.
    fn resume(&self, vm: &VmId) -> String {
        self.goal.resume(vm, self.global)
    }

    /// Another command on this VM: `vm start`, and what comes after the VM.
    fn on(&self, verb: &str, vm: &Vm, more: &str) -> String {
        let command = format!("{verb} {}{more}", selector(&vm.id));
        self.global.command(&command)
    }

    /// The options of a call that may take all the time that is left.
    pub(crate) fn call(&self) -> CallOptions {
        CallOptions::default().with_timeout(self.left())
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Waits until nothing runs on the VM, and then for the rest of the goal, which an
    /// `errored` VM never reaches.
    pub(crate) async fn reach(
        &self,
        id: &VmId,
        mut show: impl FnMut(&str) + Send,
    ) -> Result<Vm, Failure> {
        let call = self.call();
        let unlocked = wait_until_unlocked(self.api, id, &call, |vm| {
            if vm.locked {
                show(&format!("{} ({id}): {}", vm.name, vm.status));
            }
        });
        let vm = unlocked.await.map_err(|error| {
            let named = format!("the VM {}", selector(id));
            self.gave_up(&error, &named, id, "something runs on it")
        })?;
        if vm.status == VmStatus::Errored {
            return Err(errored::failure(self.api, &vm).await);
        }
        self.go_on(&vm, show).await?;
        Ok(vm)
    }

    /// Waits for what comes after the end of the operation, if that is the goal.
    pub(crate) async fn go_on(
        &self,
        vm: &Vm,
        mut show: impl FnMut(&str) + Send,
    ) -> Result<(), Failure> {
        if self.goal.wait_for == WaitFor::Action {
            return Ok(());
        }
        if vm.status != VmStatus::Running {
            let what = format!("{} doesn't run: it is {}", named(vm), vm.status);
            let why = "nothing runs on it any more that would change that";
            let next = format!("to start it: {}", self.on("vm start", vm, ""));
            return Err(Failure::new(Exit::Conflict, what, why)
                .next(next)
                .about(&vm.id));
        }
        if self.goal.wait_for == WaitFor::Running {
            return Ok(());
        }
        let address = reachable(vm)?;
        let port = ssh_port(vm).unwrap_or(ssh::PORT);
        show(&format!("{} ({}): waiting for SSH", vm.name, vm.id));
        wait_for_ssh(address, port, self.left())
            .await
            .map_err(|error| self.gave_up(&error, &named(vm), &vm.id, "SSH doesn't answer"))?;
        if self.goal.wait_for == WaitFor::CloudInit {
            show(&format!("{} ({}): waiting for cloud-init", vm.name, vm.id));
            self.cloud_init(vm, address, port).await?;
        }
        Ok(())
    }

    async fn cloud_init(&self, vm: &Vm, address: IpAddr, port: u16) -> Result<(), Failure> {
        let mut ssh = ssh::command(vm, ssh::ROOT, false);
        ssh.arg("-p").arg(port.to_string());
        ssh.arg(address.to_string());
        ssh.args(["cloud-init", "status", "--wait"]);
        ssh.stdin(Stdio::null()).stdout(Stdio::null());
        let mut ssh = tokio::process::Command::from(ssh);
        ssh.kill_on_drop(true);
        let what = || format!("cloud-init has not set {} up", named(vm));
        match timeout_at(self.until, ssh.status()).await {
            Ok(Ok(status)) => match Unready::of(status.code()) {
                None => Ok(()),
                Some(unready) => {
                    let (to, verb, more) = unready.next;
                    let next = format!("{to}: {}", self.on(verb, vm, more));
                    Err(Failure::new(Exit::Error, what(), unready.why)
                        .next(next)
                        .about(&vm.id))
                }
            },
            Ok(Err(error)) => Err(ssh::not_started(&error).about(&vm.id)),
            Err(_) => {
                let why = format!("it is at it still after {}", elapsed(self.goal.timeout));
                let resume = format!("to wait on: {}", self.resume(&vm.id));
                let failure = Failure::new(Exit::StillRunning, what(), why);
                Err(failure.next(resume).about(&vm.id))
            }
        }
    }

    /// The failure of a wait that the user ended.
    pub(crate) fn interrupted(&self, id: &VmId) -> Failure {
        let why = format!(
            "what happens to the VM {} goes on in the cloud",
            selector(id)
        );
        Failure::new(Exit::Interrupted, "interrupted while waiting", why)
            .next(format!("to wait on: {}", self.resume(id)))
            .about(id)
    }

    fn gave_up(&self, error: &Error, vm: &str, id: &VmId, state: &str) -> Failure {
        let resume = format!("to wait on: {}", self.resume(id));
        let failure = match error.kind() {
            ErrorKind::Deadline => {
                let what = format!("{vm} isn't ready after {}", elapsed(self.goal.timeout));
                let mut failure = Failure::of(error, format!("{what}: {state}")).instead(resume);
                failure.exit = Exit::StillRunning;
                failure
            }
            ErrorKind::NotFound => Failure::of(error, format!("{vm} is gone")),
            _ => Failure::of(error, format!("it is unknown whether {vm} is ready")).instead(resume),
        };
        failure.about(id)
    }
}

/// Why a VM isn't set up, and what to do: to what end, which verb, and what comes after
/// the VM.
#[derive(Debug, PartialEq)]
struct Unready {
    why: &'static str,
    next: (&'static str, &'static str, &'static str),
}

impl Unready {
    /// By how `ssh VM cloud-init status --wait` ended; `None` if the VM is set up.
    fn of(code: Option<i32>) -> Option<Self> {
        let (why, next) = match code {
            // 2 says that it recovered from errors.
            Some(0 | 2) => return None,
            Some(127) => (
                "its image has no cloud-init",
                ("to wait for SSH instead", "vm wait", " --wait-for ssh"),
            ),
            Some(255) => (
                "ssh could not log in as root without asking",
                ("to see why (ssh-add adds a key)", "vm ssh", ""),
            ),
            _ => (
                "it failed in the VM",
                ("to see why", "vm ssh", " -- cloud-init status --long"),
            ),
        };
        Some(Self { why, next })
    }
}

/// The address at which a VM can be reached by SSH.
fn reachable(vm: &Vm) -> Result<IpAddr, Failure> {
    let unreachable = |why: &str, next: &str| {
        let what = format!("{} can't be waited for any further", named(vm));
        Failure::new(Exit::Conflict, what, why)
            .next(next)
            .about(&vm.id)
    };
    if vm.features.contains(&VmFeature::Simulated) {
        return Err(unreachable(
            "it is simulated: there is nothing inside that could answer",
            "wait for `running` instead",
        ));
    }
    let address = main_address(vm).and_then(|address| address.parse().ok());
    address.ok_or_else(|| unreachable("it has no address", "look at it: cloudsfor vm get"))
}

fn named(vm: &Vm) -> String {
    format!("the VM {} ({})", vm.name, vm.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_cloud_init_ended_says_what_to_do() {
        for set_up in [0, 2] {
            assert_eq!(Unready::of(Some(set_up)), None);
        }
        for (code, verb, more) in [
            (Some(127), "vm wait", " --wait-for ssh"),
            (Some(255), "vm ssh", ""),
            (Some(1), "vm ssh", " -- cloud-init status --long"),
            (None, "vm ssh", " -- cloud-init status --long"),
        ] {
            let (_, to_do, further) = Unready::of(code).unwrap().next;
            assert_eq!((to_do, further), (verb, more), "{code:?}");
        }
    }
}
