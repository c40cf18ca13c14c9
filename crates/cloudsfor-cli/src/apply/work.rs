//! Carrying a plan out: part by part, the VMs several at a time.

use std::cell::RefCell;

use cloudsfor_core::{Api, CallOptions, Error, wait_for_action, wait_until_unlocked};
use cloudsfor_types::{Network, SshKey, Vm, VmId, VmStatus};
use futures_util::{StreamExt, stream};

use super::change::Change;
use super::fleet::VmWish;
use super::plan::{Plan, key_id, network_of};
use super::records::RecordChange;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::vm::errored;

/// How many VMs are worked on at a time.
const AT_ONCE: usize = 8;

/// Tells what was done, and gathers how it ended.
struct Report<'a> {
    terminal: &'a mut Terminal,
    global: &'a Global,
    ends: Vec<Result<(), Exit>>,
}

impl Report<'_> {
    fn tell(&mut self, result: Result<String, Failure>) {
        match result {
            Ok(line) => {
                self.terminal.note(&line);
                self.ends.push(Ok(()));
            }
            Err(failure) => {
                self.global.tell_failure(self.terminal, &failure);
                self.ends.push(Err(failure.exit));
            }
        }
    }

    fn has_failed(&self) -> bool {
        self.ends.iter().any(Result::is_err)
    }
}

/// Carries it out. What fails doesn't stop what doesn't need it.
pub(super) async fn carry_out(
    api: &dyn Api,
    plan: Plan,
    resume: &str,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let mut interrupt = terminal.interrupt();
    let mut report = Report {
        terminal,
        global,
        ends: Vec::new(),
    };
    tokio::select! {
        biased;
        () = work(api, plan, resume, &mut report) => {}
        () = &mut interrupt => {
            let why = "what was begun goes on in the cloud";
            let failure = Failure::new(Exit::Interrupted, "interrupted while applying", why);
            return Err(failure.next(resume));
        }
    }
    let done = report.ends.iter().filter(|end| end.is_ok()).count();
    let exit = Exit::of_several(&report.ends);
    let (all, terminal) = (report.ends.len(), report.terminal);
    if done == all {
        terminal.note(&format!("Applied: {done} of {all} steps."));
    } else {
        terminal.say(&format!("Applied {done} of {all} steps; {resume}"));
    }
    Ok(exit)
}

async fn work(api: &dyn Api, plan: Plan, resume: &str, report: &mut Report<'_>) {
    let call = &report.global.call();
    let (mut keys, mut networks) = (plan.known_keys, plan.known_networks);
    for request in &plan.keys {
        let created = api.create_key(request, call).await;
        let told = outcome(&created, "created", &format!("the key {}", request.name));
        keys.extend(created);
        report.tell(told);
    }
    for (key, request) in &plan.renamed_keys {
        let renamed = api.update_key(&key.id.into(), request, call).await;
        let what = format!("the key {}", key.name);
        let told = outcome(&renamed, "renamed", &what);
        keys.retain(|known| renamed.is_err() || known.id != key.id);
        keys.extend(renamed);
        report.tell(told);
    }
    for request in &plan.networks {
        let created = api.create_network(request, call).await;
        let told = outcome(
            &created,
            "created",
            &format!("the network {}", request.name),
        );
        networks.extend(created);
        report.tell(told);
    }
    for request in &plan.domains {
        let created = api.create_domain(request, call).await;
        report.tell(outcome(
            &created,
            "created",
            &format!("the domain {}", request.name),
        ));
    }
    for (domain, change) in &plan.records {
        let (_, name, values) = change.told();
        let what = format!("the record {name} of {domain} ({values})");
        report.tell(match change {
            RecordChange::Create(spec) => {
                let created = api.create_record(domain, spec, call).await;
                outcome(&created, "created", &what)
            }
            RecordChange::Update(is, spec) => {
                let updated = api.update_record(domain, is.id, spec, call).await;
                outcome(&updated, "changed", &what)
            }
            RecordChange::Delete(is) => {
                let deleted = api.delete_record(domain, is.id, call).await;
                outcome(&deleted, "deleted", &what)
            }
        });
    }
    if report.has_failed() && !plan.creations.is_empty() {
        let why = "what it needs is not all there";
        for wish in &plan.creations {
            let what = format!("the VM {} was not created", wish.request.name);
            let failure = Failure::new(Exit::Error, what, why).next(resume);
            report.tell(Err(failure));
        }
    } else {
        let (keys, networks) = (&keys, &networks);
        each(plan.creations, report, |wish| {
            create(api, wish, keys, networks, call)
        })
        .await;
    }
    let networks = &networks;
    each(plan.changes, report, |change| {
        self::change(api, change, networks, call)
    })
    .await;
    each(plan.deletions, report, |vm| async move {
        let deleted = api.delete_vm(&vm.id, call).await;
        outcome(
            &deleted,
            "deleted",
            &format!("the VM {} ({})", vm.name, vm.id),
        )
    })
    .await;
}

/// Works on some at a time, and tells of each as soon as it is done.
async fn each<T, F>(items: Vec<T>, report: &mut Report<'_>, work: impl Fn(T) -> F)
where
    F: Future<Output = Result<String, Failure>>,
{
    let report = &RefCell::new(report);
    let working = stream::iter(items.into_iter().map(work)).buffer_unordered(AT_ONCE);
    working
        .for_each(|result| async move { report.borrow_mut().tell(result) })
        .await;
}

async fn create(
    api: &dyn Api,
    wish: VmWish,
    keys: &[SshKey],
    networks: &[Network],
    call: &CallOptions,
) -> Result<String, Failure> {
    let ids: Vec<u64> = wish
        .keys
        .iter()
        .flatten()
        .filter_map(|key| key_id(key, keys))
        .collect();
    let request = wish.request.with_ssh_keys(ids);
    let what = format!("the VM {}", request.name);
    let created = api.create_vm(&request, call).await;
    let created = created.map_err(|error| failed(&error, "created", &what))?;
    let vm = settled(api, &created.vm.id, &what).await?;
    let joins = wish.networks.iter().flatten();
    join(api, &vm.id, joins, networks, &what, call).await?;
    Ok(format!("created {what} ({}), {}", vm.id, vm.status))
}

/// Puts a VM into networks, one after the other.
async fn join(
    api: &dyn Api,
    vm: &VmId,
    names: impl Iterator<Item = &String>,
    networks: &[Network],
    what: &str,
    call: &CallOptions,
) -> Result<(), Failure> {
    for name in names {
        let Some(network) = network_of(name, networks) else {
            let why = "the network is not there";
            let into = format!("{what} didn't join the network {name}");
            return Err(Failure::new(Exit::Error, into, why).next("apply again"));
        };
        let joined = api.join_network(&network.id, vm, call).await;
        let into = format!("the joining of the network {} by {what}", network.name);
        joined.map_err(|error| failed(&error, "done", &into))?;
        settled(api, vm, what).await?;
    }
    Ok(())
}

async fn change(
    api: &dyn Api,
    change: Change,
    networks: &[Network],
    call: &CallOptions,
) -> Result<String, Failure> {
    let id = &change.vm.id;
    let what = format!("the VM {} ({id})", change.vm.name);
    settled(api, id, &what).await?;
    if let Some(update) = &change.update {
        let updated = api.update_vm(id, update, call).await;
        updated.map_err(|error| failed(&error, "changed", &what))?;
    }
    for network in &change.leaves {
        let left = api.leave_network(network, id, call).await;
        let from = format!("the leaving of the network {network} by {what}");
        left.map_err(|error| failed(&error, "done", &from))?;
        settled(api, id, &what).await?;
    }
    join(api, id, change.joins.iter(), networks, &what, call).await?;
    for action in &change.actions {
        let started = api.create_vm_action(id, action, call).await;
        let started = started.map_err(|error| failed(&error, "changed", &what))?;
        if let Some(action) = &started.action_id {
            let usual = CallOptions::default();
            let ended = wait_for_action(api, action, &usual, |_| ()).await;
            ended.map_err(|error| failed(&error, "changed", &what))?;
        }
        settled(api, id, &what).await?;
    }
    Ok(format!("changed {what}: {}", change.told.join(", ")))
}

/// Waits until nothing runs on a VM.
async fn settled(api: &dyn Api, id: &VmId, what: &str) -> Result<Vm, Failure> {
    let usual = CallOptions::default();
    let vm = wait_until_unlocked(api, id, &usual, |_| ()).await;
    let vm = vm.map_err(|error| Failure::of(&error, format!("{what} is not ready")).about(id))?;
    if vm.status == VmStatus::Errored {
        let why = errored::why(api, id).await;
        return Err(
            Failure::new(Exit::Error, format!("{what} is not ready"), why)
                .next("delete it, then apply again")
                .about(id),
        );
    }
    Ok(vm)
}

fn outcome<T>(result: &Result<T, Error>, verb: &str, what: &str) -> Result<String, Failure> {
    match result {
        Ok(_) => Ok(format!("{verb} {what}")),
        Err(error) => Err(failed(error, verb, what)),
    }
}

fn failed(error: &Error, verb: &str, what: &str) -> Failure {
    if error.may_have_been_applied() {
        Failure::of(error, format!("it is unknown whether {what} was {verb}"))
            .instead("apply again: what was done is found then")
    } else {
        Failure::of(error, format!("{what} was not {verb}"))
    }
}
