//! What is to be done, in its order: from the cloud as it is to the fleet as the
//! file says.

use std::collections::{HashMap, HashSet};

use cloudsfor_core::{Api, ErrorKind};
use cloudsfor_types::{
    CreateDomain, CreateKey, CreateNetwork, CreateVm, Network, SnapshotId, SshKey, UpdateKey, Vm,
    names, public_key,
};
use serde_json::{Value, json};

use super::change::{Change, Known};
use super::fleet::{DomainWish, Fleet, LABEL, VmWish};
use super::records::{self, RecordChange};
use crate::args::{Global, quote};
use crate::domain::record::Records;
use crate::domain::{DomainName, Domains};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::image::Images;
use crate::key::Keys;
use crate::kinds::create::object;
use crate::kinds::list::every;
use crate::kinds::{Collection, count};
use crate::network::Networks;
use crate::region::Regions;
use crate::vm::list::Vms;

/// What is to be done. Each part can be begun when those before it are done.
pub(super) struct Plan {
    pub(super) keys: Vec<CreateKey>,
    /// Keys that have another name than in the file.
    pub(super) renamed_keys: Vec<(SshKey, UpdateKey)>,
    pub(super) networks: Vec<CreateNetwork>,
    pub(super) domains: Vec<CreateDomain>,
    pub(super) records: Vec<(String, RecordChange)>,
    pub(super) creations: Vec<VmWish>,
    pub(super) changes: Vec<Change>,
    pub(super) deletions: Vec<Vm>,
    /// What there is already.
    pub(super) known_keys: Vec<SshKey>,
    pub(super) known_networks: Vec<Network>,
    /// What can't be compared.
    pub(super) notes: Vec<String>,
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
        let (keys, renamed_keys) = key_changes(fleet, &known_keys)?;
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
            notes: Vec::new(),
            keys,
            renamed_keys,
            known_keys,
            known_networks,
        };
        for wish in &fleet.domains {
            let known = known_domains.iter();
            let mut known = known.map(|known| known.name.as_str());
            let known = known.find(|name| names::normal(name) == wish.name);
            plan.add_domain(api, wish, known, &vms, global).await?;
        }
        let number = vms.len();
        plan.check_references(fleet)?;
        plan.add_vms(fleet, vms, global)?;
        plan.check_offers(api, global).await?;
        plan.check_quota(api, number, global).await?;
        Ok(plan)
    }

    /// `known` is the domain's name as the server has it.
    async fn add_domain(
        &mut self,
        api: &dyn Api,
        wish: &DomainWish,
        known: Option<&str>,
        vms: &[Vm],
        global: &Global,
    ) -> Result<(), Failure> {
        let name = known.unwrap_or(&wish.name);
        let records = if known.is_some() {
            all(&Records(&DomainName(name.to_owned())), api, global).await?
        } else {
            let request = CreateDomain::decode(object(json!({"name": name})));
            let what = || format!("the domain {name} was not created");
            self.domains
                .push(request.map_err(|faults| Failure::breaking_rules(what(), faults))?);
            Vec::new()
        };
        let changes = records::changes(name, &wish.records, &records, vms, global)?;
        let changes = changes.into_iter().map(|change| (name.to_owned(), change));
        self.records.extend(changes);
        Ok(())
    }

    fn add_vms(&mut self, fleet: &Fleet, vms: Vec<Vm>, global: &Global) -> Result<(), Failure> {
        let label = |vm: &Vm| vm.labels.as_ref()?.get(LABEL).cloned();
        let owned = |vm: &Vm| label(vm).as_deref() == Some(fleet.name.as_str());
        let mut by_name: HashMap<String, Vec<&Vm>> = HashMap::new();
        for vm in &vms {
            by_name.entry(names::normal(&vm.name)).or_default().push(vm);
        }
        let keys = self.keys_as_renamed();
        let known = Known {
            keys: &keys,
            networks: &self.known_networks,
            global,
        };
        for wish in &fleet.vms {
            let name = &wish.request.name;
            match by_name.get(&names::normal(name)).map(Vec::as_slice) {
                None | Some([]) => self.creations.push(wish.clone()),
                Some([vm]) if owned(vm) => {
                    let change = Change::between(vm, wish, &known, &mut self.notes)?;
                    self.changes.extend(change);
                }
                Some([vm]) => return Err(not_owned(vm, fleet, global)),
                Some(several) => return Err(ambiguous(name, several, global)),
            }
        }
        let wanted: HashSet<_> = fleet
            .vms
            .iter()
            .map(|wish| names::normal(&wish.request.name))
            .collect();
        let is_wanted = |vm: &Vm| wanted.contains(&names::normal(&vm.name));
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
                let unprotect = global.command(&format!("vm update {} --unprotect", vm.id));
                Err(Failure::new(Exit::Conflict, what, why)
                    .next(format!("if it may go, first: {unprotect}"))
                    .about(&vm.id))
            }
            None => Ok(()),
        }
    }

    /// The keys that there are, by the names that they will have.
    fn keys_as_renamed(&self) -> Vec<SshKey> {
        let mut keys = self.known_keys.clone();
        for (key, update) in &self.renamed_keys {
            let renamed = keys.iter_mut().filter(|known| known.id == key.id);
            renamed.for_each(|known| known.name.clone_from(&update.name));
        }
        keys
    }

    /// Every key and network that a VM names is there, or will be.
    fn check_references(&self, fleet: &Fleet) -> Result<(), Failure> {
        let known_keys = self.keys_as_renamed();
        for wish in &fleet.vms {
            let name = &wish.request.name;
            let missing_key = wish.keys.iter().flatten().find(|key| {
                let will_be = self.keys.iter().any(|new| new.name == **key);
                !will_be && key_id(key, &known_keys).is_none()
            });
            if let Some(key) = missing_key {
                return Err(unknown(name, &format!("the key {key}")));
            }
            let missing_network = wish.networks.iter().flatten().find(|network| {
                let will_be = self.networks.iter().any(|new| new.name == **network);
                !will_be && network_of(network, &self.known_networks).is_none()
            });
            if let Some(network) = missing_network {
                return Err(unknown(name, &format!("the network {network}")));
            }
        }
        Ok(())
    }

    /// Every region and image that a new VM names is offered.
    async fn check_offers(&self, api: &dyn Api, global: &Global) -> Result<(), Failure> {
        if self.creations.is_empty() {
            return Ok(());
        }
        let regions = all(&Regions, api, global).await?;
        let regions: Vec<_> = regions.iter().map(|region| region.name.as_str()).collect();
        let images = all(&Images, api, global).await?;
        let images: Vec<_> = images.iter().map(|image| image.name.as_str()).collect();
        for wish in &self.creations {
            let request = &wish.request;
            if !regions.contains(&request.region.as_str()) {
                return Err(not_offered(request, "region", &request.region, &regions));
            }
            // A snapshot's or backup's id is looked up by itself: there may be many.
            let is_offered = match images.contains(&request.image.as_str()) {
                true => true,
                false => is_snapshot(api, &request.image, global).await?,
            };
            if !is_offered {
                return Err(not_offered(request, "image", &request.image, &images));
            }
        }
        Ok(())
    }

    /// The new VMs are within the account's limit: those that go are deleted last.
    async fn check_quota(
        &self,
        api: &dyn Api,
        number: usize,
        global: &Global,
    ) -> Result<(), Failure> {
        if self.creations.is_empty() {
            return Ok(());
        }
        let account = api.get_account(&global.call()).await;
        let account = account
            .map_err(|error| Failure::of(&error, "nothing was changed: can't read the account"))?;
        let wanted = number + self.creations.len();
        let limit = account
            .vm_limit
            .and_then(|limit| usize::try_from(limit).ok());
        let Some(limit) = limit.filter(|limit| wanted > *limit) else {
            return Ok(());
        };
        let what = format!("{} can't be created", count(self.creations.len(), "VM"));
        let why = format!(
            "the account may have {}, and has {number}",
            count(limit, "VM")
        );
        Err(Failure::new(Exit::Limited, what, why)
            .next("delete VMs that are no longer needed, or ask for a higher limit"))
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
        for (key, update) in &self.renamed_keys {
            steps.push((
                '~',
                "key",
                key.name.clone(),
                format!("is named {}", update.name),
            ));
        }
        for (domain, change) in &self.records {
            let (sign, name, values) = change.told();
            steps.push((sign, "record", format!("{name} of {domain}"), values));
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

/// The keys to add, and those to rename: a key is the same if its data are.
#[expect(clippy::type_complexity, reason = "the two lists of one comparison")]
fn key_changes(
    fleet: &Fleet,
    known: &[SshKey],
) -> Result<(Vec<CreateKey>, Vec<(SshKey, UpdateKey)>), Failure> {
    let (mut missing, mut renamed) = (Vec::new(), Vec::new());
    for key in &fleet.keys {
        let wanted = public_key::material(&key.public_key);
        let material = |is: &SshKey| public_key::normal(&is.public_key);
        let same = known
            .iter()
            .find(|is| material(is).is_ok_and(|is| public_key::material(&is) == wanted));
        if same.is_some_and(|is| is.name == key.name) {
            continue;
        }
        if known.iter().any(|is| is.name == key.name) {
            let what = format!("the key {} can't become what the file says", key.name);
            let why = "there is another key of that name";
            return Err(Failure::new(Exit::Conflict, what, why)
                .next("give the key in the file another name, or delete the one there is"));
        }
        match same {
            Some(is) => {
                let name = key.name.clone();
                renamed.push((is.clone(), UpdateKey { name }));
            }
            None => missing.push(key.clone()),
        }
    }
    Ok((missing, renamed))
}

async fn is_snapshot(api: &dyn Api, image: &str, global: &Global) -> Result<bool, Failure> {
    let Ok(id) = SnapshotId::new(image) else {
        return Ok(false);
    };
    match api.get_snapshot(&id, &global.call()).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == &ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::of(
            &error,
            "nothing was changed: can't find the image",
        )),
    }
}

fn not_offered(request: &CreateVm, attribute: &str, wanted: &str, offered: &[&str]) -> Failure {
    let what = format!("the VM {} can't be created", request.name);
    let why = format!(
        "there is no {attribute} {wanted:?}; there are: {}",
        offered.join(", ")
    );
    Failure::new(Exit::Usage, what, why).next(format!("correct the {attribute} in the file"))
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
        format!("the VM {vm} can't be what the file says"),
        format!("{what} is neither in the file nor in the cloud"),
    );
    failure.next("add it to the file, or correct its name")
}

fn not_owned(vm: &Vm, fleet: &Fleet, global: &Global) -> Failure {
    let what = format!("the VM {} ({}) is not the fleet's", vm.name, vm.id);
    let why = format!("it is there without the label {LABEL}={}", fleet.name);
    let label = quote(&format!("{LABEL}={}", fleet.name));
    let adopt = global.command(&format!("vm update {} --add-label {label}", vm.id));
    Failure::new(Exit::Conflict, what, why)
        .next(format!("to make it the fleet's: {adopt}"))
        .next("or give the VM in the file another name")
        .about(&vm.id)
}

fn ambiguous(name: &str, vms: &[&Vm], global: &Global) -> Failure {
    let ids: Vec<_> = vms.iter().map(|vm| vm.id.as_str()).collect();
    let what = format!("it is unclear which VM {name} is");
    let why = format!("{} VMs have the name: {}", vms.len(), ids.join(", "));
    let rename = global.command(&format!("vm rename {} NEW", ids.first().unwrap_or(&"ID")));
    Failure::new(Exit::Conflict, what, why).next(format!(
        "rename or delete all but one, for example: {rename}"
    ))
}
