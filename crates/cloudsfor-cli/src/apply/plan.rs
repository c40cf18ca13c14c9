//! What is to be done, in its order: from the cloud as it is to the fleet as the
//! file says.

use std::collections::HashMap;

use cloudsfor_core::Api;
use cloudsfor_types::{
    CreateDomain, CreateKey, CreateNetwork, DomainRecord, Network, RecordSpec, SshKey, Vm,
};
use serde_json::{Value, json};

use super::change::Change;
use super::fleet::{DomainWish, Fleet, LABEL, VmWish};
use crate::args::Global;
use crate::domain::record::Records;
use crate::domain::{DomainName, Domains};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::key::Keys;
use crate::kinds::create::object;
use crate::kinds::list::every;
use crate::kinds::{Collection, count};
use crate::network::Networks;
use crate::vm::list::Vms;

/// What is to be done. Each part can be begun when those before it are done.
pub(super) struct Plan {
    pub(super) keys: Vec<CreateKey>,
    pub(super) networks: Vec<CreateNetwork>,
    pub(super) domains: Vec<CreateDomain>,
    pub(super) records: Vec<(String, RecordSpec)>,
    pub(super) creations: Vec<VmWish>,
    pub(super) changes: Vec<Change>,
    pub(super) deletions: Vec<Vm>,
    /// What there is already.
    pub(super) known_keys: Vec<SshKey>,
    pub(super) known_networks: Vec<Network>,
}

impl Plan {
    /// Looks at the cloud, and compares.
    pub(super) async fn make(
        api: &dyn Api,
        fleet: &Fleet,
        global: &Global,
    ) -> Result<Self, Failure> {
        let known_keys = all(&Keys, api, global).await?;
        let known_networks = all(&Networks, api, global).await?;
        let known_domains = all(&Domains, api, global).await?;
        let vms = all(&Vms::default(), api, global).await?;
        let keys = missing_keys(fleet, &known_keys)?;
        let is_known = |name: &str| known_networks.iter().any(|known| known.name == name);
        let networks = fleet
            .networks
            .iter()
            .filter(|network| !is_known(&network.name));
        let mut plan = Self {
            networks: networks.cloned().collect(),
            domains: Vec::new(),
            records: Vec::new(),
            creations: Vec::new(),
            changes: Vec::new(),
            deletions: Vec::new(),
            keys,
            known_keys,
            known_networks,
        };
        for wish in &fleet.domains {
            let is_known = known_domains.iter().any(|known| known.name == wish.name);
            plan.add_domain(api, wish, is_known, global).await?;
        }
        plan.add_vms(fleet, vms)?;
        plan.check_references()?;
        Ok(plan)
    }

    async fn add_domain(
        &mut self,
        api: &dyn Api,
        wish: &DomainWish,
        is_known: bool,
        global: &Global,
    ) -> Result<(), Failure> {
        let name = &wish.name;
        let records = if is_known {
            all(&Records(&DomainName(name.clone())), api, global).await?
        } else {
            let request = CreateDomain::decode(object(json!({"name": name})));
            let what = || format!("the domain {name} was not created");
            self.domains
                .push(request.map_err(|faults| Failure::breaking_rules(what(), faults))?);
            Vec::new()
        };
        let missing = wish
            .records
            .iter()
            .filter(|wish| !records.iter().any(|is| says(is, wish)));
        let missing = missing.map(|record| (name.clone(), record.clone()));
        self.records.extend(missing);
        Ok(())
    }

    fn add_vms(&mut self, fleet: &Fleet, vms: Vec<Vm>) -> Result<(), Failure> {
        let label = |vm: &Vm| vm.labels.as_ref()?.get(LABEL).cloned();
        let owned = |vm: &Vm| label(vm).as_deref() == Some(fleet.name.as_str());
        let mut by_name: HashMap<String, Vec<&Vm>> = HashMap::new();
        for vm in &vms {
            by_name.entry(vm.name.to_lowercase()).or_default().push(vm);
        }
        for wish in &fleet.vms {
            let name = &wish.request.name;
            match by_name.get(&name.to_lowercase()).map(Vec::as_slice) {
                None | Some([]) => self.creations.push(wish.clone()),
                Some([vm]) if owned(vm) => self.changes.extend(Change::between(vm, wish)?),
                Some([vm]) => return Err(not_owned(vm, fleet)),
                Some(several) => return Err(ambiguous(name, several)),
            }
        }
        let is_wanted = |vm: &Vm| {
            let mut wishes = fleet.vms.iter();
            wishes.any(|wish| wish.request.name.eq_ignore_ascii_case(&vm.name))
        };
        self.deletions = vms
            .into_iter()
            .filter(|vm| owned(vm) && !is_wanted(vm))
            .collect();
        let protected = self
            .deletions
            .iter()
            .find(|vm| vm.protected.unwrap_or_default());
        match protected {
            Some(vm) => {
                let what = format!("the VM {} ({}) can't be deleted", vm.name, vm.id);
                let why = "it is protected, and the file doesn't name it any more";
                let unprotect = format!("cloudsfor vm update {} --unprotect", vm.id);
                Err(Failure::new(Exit::Conflict, what, why)
                    .next(format!("if it may go, first: {unprotect}"))
                    .about(&vm.id))
            }
            None => Ok(()),
        }
    }

    /// Every key and network that a new VM names is there, or will be.
    fn check_references(&self) -> Result<(), Failure> {
        for wish in &self.creations {
            let name = &wish.request.name;
            let missing_key = wish.keys.iter().find(|key| {
                let will_be = self.keys.iter().any(|new| new.name == **key);
                !will_be && key_id(key, &self.known_keys).is_none()
            });
            if let Some(key) = missing_key {
                return Err(unknown(name, &format!("the key {key}")));
            }
            let missing_network = wish.networks.iter().find(|network| {
                let will_be = self.networks.iter().any(|new| new.name == **network);
                !will_be && network_of(network, &self.known_networks).is_none()
            });
            if let Some(network) = missing_network {
                return Err(unknown(name, &format!("the network {network}")));
            }
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps().is_empty()
    }

    /// How much of what is to be done.
    pub(super) fn counts(&self) -> String {
        let steps = self.steps();
        let number = |sign: char| steps.iter().filter(|step| step.0 == sign).count();
        format!(
            "{} to create, {} to change, {} to delete",
            number('+'),
            number('~'),
            number('-')
        )
    }

    /// Each step for people: `+ vm a.example.com`.
    pub(super) fn lines(&self) -> Vec<String> {
        let steps = self.steps().into_iter();
        steps
            .map(|(sign, kind, name, detail)| {
                let detail = match detail.is_empty() {
                    true => String::new(),
                    false => format!(": {detail}"),
                };
                format!("{sign} {kind} {name}{detail}")
            })
            .collect()
    }

    /// Each step for programs.
    pub(super) fn as_json(&self) -> Value {
        let steps = self.steps().into_iter().map(|(sign, kind, name, detail)| {
            let verb = match sign {
                '+' => "create",
                '~' => "change",
                _ => "delete",
            };
            json!({"do": verb, "kind": kind, "name": name, "detail": detail})
        });
        steps.collect()
    }

    fn steps(&self) -> Vec<(char, &'static str, String, String)> {
        let mut steps = Vec::new();
        let keys = self.keys.iter().map(|key| ("key", key.name.clone()));
        let networks = self
            .networks
            .iter()
            .map(|network| ("network", network.name.clone()));
        let domains = self
            .domains
            .iter()
            .map(|domain| ("domain", domain.name.clone()));
        for (kind, name) in keys.chain(networks).chain(domains) {
            steps.push(('+', kind, name, String::new()));
        }
        for (domain, record) in &self.records {
            let name = format!("{} {} of {domain}", record.r#type, record.name);
            steps.push(('+', "record", name, record.data.clone()));
        }
        for wish in &self.creations {
            let r = &wish.request;
            let detail = format!(
                "{} GB of memory, {}, {} GB of disk, {}, {}",
                r.size,
                count(r.cpu as usize, "vcpu"),
                r.disk_size,
                r.image,
                r.region
            );
            steps.push(('+', "vm", r.name.clone(), detail));
        }
        for change in &self.changes {
            let mut detail = change.told.join(", ");
            if change.stops() {
                detail.push_str(" (it is shut down for that)");
            }
            steps.push(('~', "vm", change.vm.name.clone(), detail));
        }
        for vm in &self.deletions {
            let detail = format!("{}, {} GB of disk are lost", vm.id, vm.disk);
            steps.push(('-', "vm", vm.name.clone(), detail));
        }
        steps
    }
}

async fn all<C: Collection>(
    collection: &C,
    api: &dyn Api,
    global: &Global,
) -> Result<Vec<C::Item>, Failure> {
    let items = every(collection, api, &global.call()).await;
    let what = || {
        format!(
            "nothing was changed: the {} can't be listed",
            collection.all()
        )
    };
    items.map_err(|error| Failure::of(&error, what()))
}

fn missing_keys(fleet: &Fleet, known: &[SshKey]) -> Result<Vec<CreateKey>, Failure> {
    let mut missing = Vec::new();
    for key in &fleet.keys {
        let material = |text: &str| -> String {
            text.split_whitespace()
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let is_same = |is: &&SshKey| material(&is.public_key) == material(&key.public_key);
        if known.iter().any(|is| is_same(&is)) {
            continue;
        }
        if known.iter().any(|is| is.name == key.name) {
            let what = format!("the key {} can't become what the file says", key.name);
            let why = "there is another key of that name";
            return Err(Failure::new(Exit::Conflict, what, why)
                .next("give the key in the file another name, or delete the one there is"));
        }
        missing.push(key.clone());
    }
    Ok(missing)
}

/// Whether a record says what the file says.
fn says(is: &DomainRecord, wish: &RecordSpec) -> bool {
    let same = |is: &Option<String>, wish: &str| {
        let is = is.as_deref().unwrap_or_default();
        is.trim_end_matches('.')
            .eq_ignore_ascii_case(wish.trim_end_matches('.'))
    };
    let number = |is: Option<u64>, wish: Option<u16>| wish.is_none() || is == wish.map(u64::from);
    is.r#type == wish.r#type
        && same(&is.name, &wish.name)
        && same(&is.data, &wish.data)
        && number(is.priority, wish.priority)
        && number(is.port, wish.port)
        && number(is.weight, wish.weight)
}

/// The id of a key by its name, its fingerprint or its id.
pub(super) fn key_id(name: &str, known: &[SshKey]) -> Option<u64> {
    let by_name = known.iter().find(|key| key.name == name);
    let found = by_name.or_else(|| {
        known
            .iter()
            .find(|key| key.fingerprint == name || key.id.to_string() == name)
    });
    found.map(|key| key.id)
}

pub(super) fn network_of<'n>(name: &str, known: &'n [Network]) -> Option<&'n Network> {
    known
        .iter()
        .find(|network| network.name == name || network.id.as_str() == name)
}

fn unknown(vm: &str, what: &str) -> Failure {
    let failure = Failure::new(
        Exit::NotFound,
        format!("the VM {vm} can't be created"),
        format!("{what} is neither in the file nor in the cloud"),
    );
    failure.next("add it to the file, or correct its name")
}

fn not_owned(vm: &Vm, fleet: &Fleet) -> Failure {
    let what = format!("the VM {} ({}) is not the fleet's", vm.name, vm.id);
    let why = format!("it is there without the label {LABEL}={}", fleet.name);
    let adopt = format!(
        "cloudsfor vm update {} --label {LABEL}={}",
        vm.id, fleet.name
    );
    Failure::new(Exit::Conflict, what, why)
        .next(format!(
            "to make it the fleet's (with the labels it has): {adopt}"
        ))
        .next("or give the VM in the file another name")
        .about(&vm.id)
}

fn ambiguous(name: &str, vms: &[&Vm]) -> Failure {
    let ids: Vec<_> = vms.iter().map(|vm| vm.id.as_str()).collect();
    let what = format!("it is unclear which VM {name} is");
    let why = format!("{} VMs have the name: {}", vms.len(), ids.join(", "));
    Failure::new(Exit::Conflict, what, why).next("rename or delete all but one")
}
