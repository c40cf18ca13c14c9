//! The real service, killed under load: what it acknowledged is there afterwards,
//! once and whole.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloudsfor_core::{
    Api, CallOptions, IdempotencyKey, PageRequest, list_all_vms, wait_until_unlocked,
};
use cloudsfor_tests::binary::{cloudsfor, run};
use cloudsfor_tests::served::Served;
use cloudsfor_types::{Action, ActionType, CreateVm, Vm, VmFilter, VmId, VmSpec};
use tokio::sync::mpsc;

/// Processes that are killed, one after the other, on one data directory; more if
/// `CLOUDSFOR_CRASH_ROUNDS` says so.
const ROUNDS: usize = 3;

/// Clients that create and delete VMs at once.
const CLIENTS: usize = 8;

/// Creates that are acknowledged before a process is killed.
const ACKNOWLEDGED: usize = 20;

fn request(name: &str) -> CreateVm {
    CreateVm::new(VmSpec {
        name: name.into(),
        region: "moscow_01".into(),
        image: "fedora-19".into(),
        size: 1.into(),
        cpu: 1,
        disk_size: 10,
    })
}

/// What a client did, in its own log, which the service knows nothing of.
enum Did {
    /// Asked for a VM, under this key.
    Asked(String),
    /// Was told that it is there.
    Created(String, VmId),
    /// Asked for its deletion.
    Deleting(VmId),
    /// Was told that it is gone.
    Deleted(VmId),
}

/// Creates VMs, and deletes every third, until the service is gone.
async fn work(api: Arc<dyn Api>, name: String, log: mpsc::UnboundedSender<Did>) {
    for number in 0.. {
        let name = format!("{name}-{number}");
        let key = IdempotencyKey::new(name.clone()).unwrap();
        let call = CallOptions::default().with_idempotency_key(key);
        log.send(Did::Asked(name.clone())).unwrap();
        let Ok(created) = api.create_vm(&request(&name), &call).await else {
            return;
        };
        let id = created.vm.id;
        log.send(Did::Created(name, id.clone())).unwrap();
        if number % 3 == 0 {
            log.send(Did::Deleting(id.clone())).unwrap();
            if api.delete_vm(&id, &CallOptions::default()).await.is_err() {
                return;
            }
            log.send(Did::Deleted(id)).unwrap();
        }
    }
}

/// What the clients know of the service's state.
#[derive(Default)]
struct Known {
    created: BTreeMap<String, VmId>,
    doubtful: BTreeSet<String>,
    deleting: BTreeSet<VmId>,
    deleted: BTreeSet<VmId>,
    /// Those of which each was looked at.
    examined: BTreeSet<VmId>,
}

impl Known {
    fn learn(&mut self, did: Did) {
        match did {
            Did::Asked(name) => drop(self.doubtful.insert(name)),
            Did::Created(name, id) => {
                self.doubtful.remove(&name);
                self.created.insert(name, id);
            }
            Did::Deleting(id) => drop(self.deleting.insert(id)),
            Did::Deleted(id) => {
                self.deleting.remove(&id);
                self.deleted.insert(id);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kills_under_load() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let limit = ["--vm-limit", "100000"];
    let mut known = Known::default();
    let rounds = std::env::var("CLOUDSFOR_CRASH_ROUNDS");
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    for round in 0..rounds {
        let service = Served::start_with_account(&data, &limit);
        let (log, mut entries) = mpsc::unbounded_channel();
        for n in 0..CLIENTS {
            let name = format!("r{round}-c{n}");
            tokio::spawn(work(service.api(), name, log.clone()));
        }
        drop(log);
        let mut acknowledged = 0;
        // Another moment in each round.
        while acknowledged < ACKNOWLEDGED + 7 * round % ACKNOWLEDGED {
            let did = entries.recv().await.unwrap();
            acknowledged += usize::from(matches!(did, Did::Created(..)));
            known.learn(did);
        }
        assert_eq!(service.end("KILL"), None);
        while let Some(did) = entries.recv().await {
            known.learn(did);
        }
        let service = Served::start_with_account(&data, &limit);
        check(&service, &data, &mut known).await;
    }
    // All of it once more, also what was made many kills ago.
    known.examined.clear();
    check(
        &Served::start_with_account(&data, &limit),
        &data,
        &mut known,
    )
    .await;
}

/// Holds the service's state against what the clients know.
async fn check(service: &Served, data: &Path, known: &mut Known) {
    let api = &*service.api();
    // Whatever was in doubt is taken up again under its key, and made once.
    for name in std::mem::take(&mut known.doubtful) {
        let key = IdempotencyKey::new(name.clone()).unwrap();
        let call = CallOptions::default().with_idempotency_key(key);
        let created = api.create_vm(&request(&name), &call).await.unwrap();
        known.created.insert(name, created.vm.id);
    }
    let vms = list(api).await;
    let mut there = BTreeMap::new();
    let mut addresses = BTreeSet::new();
    for vm in &vms {
        let twice = there.insert(&vm.name, &vm.id);
        assert!(twice.is_none(), "{} was made twice", vm.name);
        let address = &vm.networks.as_ref().unwrap().v4[0].ip_address;
        assert!(addresses.insert(address), "an address was given twice");
    }
    for (name, id) in &known.created {
        let is_there = there.get(name) == Some(&id);
        if known.deleted.contains(id) {
            assert!(!is_there, "{name} is back");
        } else if !known.deleting.contains(id) {
            assert!(is_there, "{name} is lost");
        }
    }
    for (name, id) in there {
        let asked = known.created.get(name);
        assert_eq!(asked, Some(id), "{name} was never asked for");
    }
    for vm in &vms {
        if known.examined.insert(vm.id.clone()) {
            examine(api, vm).await;
        }
    }
    let accounts =
        run(cloudsfor(&["serve", "account", "list", "-o", "json", "--data-dir"]).arg(data));
    let counted = accounts.json()[0]["vms"].as_u64().unwrap();
    // A deletion that was carried on may have ended since.
    let there = list(api).await.len();
    assert_eq!(counted, there as u64, "the quota leaks");
}

async fn list(api: &dyn Api) -> Vec<Vm> {
    let (all, call) = (VmFilter::default(), CallOptions::default());
    list_all_vms(api, &all, &call).await.unwrap()
}

/// Whether one VM isn't stuck, and its history is whole.
async fn examine(api: &dyn Api, vm: &Vm) {
    let call = CallOptions::default().with_timeout(Duration::from_secs(60));
    wait_until_unlocked(api, &vm.id, &call, |_| {})
        .await
        .unwrap();
    let (page, call) = (PageRequest::default(), CallOptions::default());
    let actions = api.list_vm_actions(&vm.id, &page, &call).await.unwrap();
    let created = |action: &&Action| action.r#type == ActionType::Create;
    let made = actions.items.iter().filter(created).count();
    assert_eq!(made, 1, "the history of {} is not whole", vm.name);
}
