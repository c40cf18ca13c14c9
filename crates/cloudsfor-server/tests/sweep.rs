//! Every operation, with everything that can go wrong in its driver: the result is
//! whole or as it was, and nothing is left over.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_server::clock::{Clock, ManualClock};
use cloudsfor_server::cloud::{BackupPolicy, Cloud, FirstAccount, Parts};
use cloudsfor_server::compute::{
    Capacity, Compute, ComputeError, ComputeResult, Machine, Observed, Power, PublicImage,
    Simulator, Step,
};
use cloudsfor_server::http::{ApiOptions, router};
use cloudsfor_server::ids::Ids;
use cloudsfor_server::local_profile::LocalProfile;
use cloudsfor_types::{Gigabytes, SnapshotId, VmFeature, VmId};
use common::{CREATE_TIME, EMAIL, PASSWORD, TestCloud, example};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// What goes wrong with the next verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// Nothing.
    None,
    /// The driver says that it can't be done.
    Fails,
    /// The driver has a defect.
    Panics,
    /// The machine takes it, but whoever asked for it dies before it can say so.
    DiesAfter,
}

const TROUBLES: [Trouble; 4] = [
    Trouble::None,
    Trouble::Fails,
    Trouble::Panics,
    Trouble::DiesAfter,
];

/// A simulator that meets a trouble once.
struct Troubled {
    simulator: Simulator,
    next: Arc<AtomicU8>,
    died: Arc<Notify>,
}

impl Troubled {
    async fn meet<T>(&self, result: ComputeResult<T>) -> ComputeResult<T> {
        if matches!(result, Ok(Step::Later(_))) {
            return result;
        }
        match TROUBLES[usize::from(self.next.swap(0, Ordering::Relaxed))] {
            Trouble::None => result,
            Trouble::Fails => Err(ComputeError("on purpose".into())),
            Trouble::Panics => panic!("on purpose"),
            Trouble::DiesAfter => {
                self.died.notify_one();
                std::future::pending().await
            }
        }
    }
}

#[async_trait]
impl Compute for Troubled {
    fn features(&self) -> Vec<VmFeature> {
        self.simulator.features()
    }

    fn is_real(&self) -> bool {
        self.simulator.is_real()
    }

    fn images(&self) -> Vec<PublicImage> {
        self.simulator.images()
    }

    fn how_to_get(&self, image: &str) -> Option<String> {
        self.simulator.how_to_get(image)
    }

    fn capacity(&self) -> Option<Capacity> {
        self.simulator.capacity()
    }

    fn observe(&self, id: &VmId) -> Option<Observed> {
        self.simulator.observe(id)
    }

    async fn ensure(&self, machine: &Machine) -> ComputeResult {
        self.meet(self.simulator.ensure(machine).await).await
    }

    async fn power(&self, machine: &Machine, power: Power) -> ComputeResult {
        self.meet(self.simulator.power(machine, power).await).await
    }

    async fn resize(&self, machine: &Machine) -> ComputeResult {
        self.meet(self.simulator.resize(machine).await).await
    }

    async fn snapshot(&self, machine: &Machine, id: &SnapshotId) -> ComputeResult<Gigabytes> {
        self.meet(self.simulator.snapshot(machine, id).await).await
    }

    async fn restore(&self, machine: &Machine, id: &SnapshotId) -> ComputeResult {
        self.meet(self.simulator.restore(machine, id).await).await
    }

    async fn rebuild(&self, machine: &Machine) -> ComputeResult {
        self.meet(self.simulator.rebuild(machine).await).await
    }

    async fn rename(&self, machine: &Machine) -> ComputeResult {
        self.meet(self.simulator.rename(machine).await).await
    }

    async fn connect(&self, machine: &Machine) -> ComputeResult {
        self.meet(self.simulator.connect(machine).await).await
    }

    async fn tend(&self) -> Result<(), ComputeError> {
        self.simulator.tend().await
    }

    async fn destroy(&self, id: &VmId) -> ComputeResult {
        self.meet(self.simulator.destroy(id).await).await
    }

    async fn remove_snapshot(&self, id: &SnapshotId) -> ComputeResult {
        self.meet(self.simulator.remove_snapshot(id).await).await
    }
}

struct Swept {
    cloud: TestCloud,
    next: Arc<AtomicU8>,
    died: Arc<Notify>,
}

impl Swept {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::new("2015-01-14T16:36:31Z".parse().unwrap());
        let (next, died) = (Arc::new(AtomicU8::new(0)), Arc::new(Notify::new()));
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let parts = Parts {
            compute: Arc::new(Troubled {
                simulator: Simulator::new(time.clone(), CREATE_TIME),
                next: next.clone(),
                died: died.clone(),
            }),
            clock: time,
            ids: Ids::random(),
            backups: BackupPolicy::default(),
        };
        let cloud = Cloud::open(dir.path(), parts).await.unwrap();
        let account = FirstAccount {
            email: Some(EMAIL.into()),
            password: Some(PASSWORD.into()),
            vm_limit: Some(10),
        };
        let profile = LocalProfile::new(dir.path());
        cloud.first_account(account, profile).await.unwrap();
        let cloud = TestCloud {
            router: router(cloud.clone(), &ApiOptions::default()),
            cloud,
            clock,
            dir,
        };
        Self { cloud, next, died }
    }

    /// Lets what was begun end, with this trouble on its way.
    async fn settle_with(&self, trouble: Trouble) {
        let number = TROUBLES.iter().position(|other| *other == trouble).unwrap();
        self.next.store(number as u8, Ordering::Relaxed);
        self.cloud.clock.advance(CREATE_TIME);
        let settling = self.cloud.cloud.settle();
        if trouble == Trouble::DiesAfter {
            // The process that was at it is gone; its claim runs out.
            tokio::select! {
                () = self.died.notified() => {}
                settled = settling => panic!("nobody died: {settled:?}"),
            }
            self.cloud.pass(Duration::from_secs(10)).await;
        } else {
            settling.await.unwrap();
        }
        assert_eq!(self.next.load(Ordering::Relaxed), 0, "no verb was called");
    }

    /// Nothing is under way, and nothing is left over.
    async fn is_at_rest(&self) {
        let cloud = &self.cloud;
        for vm in cloud.get("/vms").await.json()["vms"].as_array().unwrap() {
            assert_eq!(vm["locked"], false, "{vm}");
        }
        for action in cloud.get("/actions").await.json()["actions"]
            .as_array()
            .unwrap()
        {
            assert_ne!(action["status"], "in-progress", "{action}");
        }
        cloud.cloud.settle().await.unwrap();
    }
}

/// An action, and what it changes.
struct Case {
    action: Value,
    /// The attribute that shows it, and what that is then.
    shows: (&'static str, Value),
}

fn cases(snapshot: &Value) -> Vec<Case> {
    let case = |action: Value, shows: (&'static str, Value)| Case { action, shows };
    let running = || ("status", json!("running"));
    vec![
        case(json!({"type": "power_off"}), ("status", json!("stopped"))),
        case(json!({"type": "shutdown"}), ("status", json!("stopped"))),
        case(json!({"type": "reboot"}), running()),
        case(json!({"type": "power_cycle"}), running()),
        case(
            json!({"type": "resize", "disk_size": 20}),
            ("disk", json!(20)),
        ),
        case(json!({"type": "restore", "image": snapshot}), running()),
        case(
            json!({"type": "rebuild", "image": "debian-12"}),
            ("image.distro", json!("debian-12")),
        ),
        case(
            json!({"type": "rename", "name": "new.example.com"}),
            ("name", json!("new.example.com")),
        ),
        case(
            json!({"type": "snapshot", "name": "second"}),
            ("snapshots", json!(2)),
        ),
    ]
}

fn shown(vm: &Value, attribute: &str) -> Value {
    match attribute {
        "snapshots" => json!(vm["snapshot_ids"].as_array().unwrap().len()),
        path => vm
            .pointer(&format!("/{}", path.replace('.', "/")))
            .unwrap()
            .clone(),
    }
}

#[tokio::test]
async fn every_action_is_done_or_leaves_its_vm_as_it_was() {
    for trouble in TROUBLES {
        let swept = Swept::new().await;
        let cloud = &swept.cloud;
        let id = cloud.running("vm.example.com").await;
        cloud
            .done(&id, json!({"type": "snapshot", "name": "first"}))
            .await;
        let snapshot = cloud.vm(&id).await["snapshot_ids"][0].clone();
        for Case {
            action,
            shows: (attribute, changed),
        } in cases(&snapshot)
        {
            let unchanged = cloud.vm(&id).await;
            let started = cloud.act(&id, action.clone()).await;
            swept.settle_with(trouble).await;
            swept.is_at_rest().await;
            let vm = cloud.vm(&id).await;
            let action_id = started["action_id"].as_str().unwrap();
            let ended = cloud.get(&format!("/actions/{action_id}")).await.json()["action"].clone();
            if matches!(trouble, Trouble::None | Trouble::DiesAfter) {
                assert_eq!(ended["status"], "completed", "{action} {trouble:?}");
                assert_eq!(shown(&vm, attribute), changed, "{action} {trouble:?}");
            } else {
                assert_eq!(ended["status"], "errored", "{action} {trouble:?}");
                assert!(!ended["error"].as_str().unwrap().is_empty());
                assert_eq!(vm, unchanged, "{action} {trouble:?}");
                // And it can be done after all.
                cloud.done(&id, action).await;
            }
            if cloud.vm(&id).await["status"] == "stopped" {
                cloud.done(&id, json!({"type": "power_on"})).await;
            }
        }
    }
}

#[tokio::test]
async fn a_creation_that_fails_leaves_a_vm_that_can_be_rebuilt_or_deleted() {
    for trouble in TROUBLES {
        let swept = Swept::new().await;
        let cloud = &swept.cloud;
        let id = cloud.created("vm.example.com").await;
        swept.settle_with(trouble).await;
        swept.is_at_rest().await;
        let fails = matches!(trouble, Trouble::Fails | Trouble::Panics);
        let status = if fails { "errored" } else { "running" };
        assert_eq!(cloud.vm(&id).await["status"], status, "{trouble:?}");
        if fails {
            cloud
                .done(&id, json!({"type": "rebuild", "image": "debian-12"}))
                .await;
            assert_eq!(cloud.vm(&id).await["status"], "running");
        }
        // It counts until it is deleted, and then no more.
        let limit = cloud.get("/account").await.json()["account"]["vm_limit"]
            .as_u64()
            .unwrap();
        for number in 1..limit {
            cloud.created(&format!("vm-{number}.example.com")).await;
        }
        assert_eq!(
            cloud.create(example("one-too-many")).await.json()["reason"],
            "quota"
        );
        assert_eq!(
            cloud
                .call("DELETE", &format!("/vms/{id}"), None)
                .await
                .status,
            204
        );
        cloud.created("again.example.com").await;
    }
}

#[tokio::test]
async fn a_machine_that_is_hard_to_remove_keeps_its_address_until_it_is_gone() {
    for trouble in TROUBLES {
        let swept = Swept::new().await;
        let cloud = &swept.cloud;
        let id = cloud.running("vm.example.com").await;
        let address = cloud.vm(&id).await["networks"]["v4"][0]["ip_address"].clone();
        assert_eq!(
            cloud
                .call("DELETE", &format!("/vms/{id}"), None)
                .await
                .status,
            204
        );
        swept.settle_with(trouble).await;
        swept.is_at_rest().await;
        let held = || {
            let connection = rusqlite::Connection::open(cloud.dir.path().join("cloud.db")).unwrap();
            let held = "SELECT count(*) FROM addresses WHERE vm_id = ?";
            connection
                .query_row(held, [&id], |row| row.get::<_, u32>(0))
                .unwrap()
        };
        let failed = matches!(trouble, Trouble::Fails | Trouble::Panics);
        assert_eq!(held(), u32::from(failed), "{trouble:?}");
        cloud.pass(Duration::from_secs(60)).await;
        assert_eq!(held(), 0, "{trouble:?}");
        let id = cloud.running("next.example.com").await;
        assert_ne!(
            cloud.vm(&id).await["networks"]["v4"][0]["ip_address"],
            address
        );
    }
}
