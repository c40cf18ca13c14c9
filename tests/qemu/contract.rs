//! What every compute driver does: one suite, held against each.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloudsfor_server::clock::{Clock, ManualClock};
use cloudsfor_server::compute::qemu::{Images, Qemu};
use cloudsfor_server::compute::{
    Compute, ComputeResult, Machine, Observed, Power, Simulator, Step,
};
use cloudsfor_types::{Gigabytes, SnapshotId, VmId};
use jiff::Timestamp;

use crate::host::{IMAGE, image};

/// A driver, and how its time passes.
struct Driver {
    compute: Arc<dyn Compute>,
    clock: Option<ManualClock>,
    image: String,
}

impl Driver {
    fn machine(&self) -> Machine {
        Machine {
            id: VmId::new("9a33ef4fec394360a88e3c60b78b5dbc").unwrap(),
            name: "one".into(),
            image: self.image.clone(),
            memory: Gigabytes::new(0.25).unwrap(),
            vcpus: 1,
            disk: 1,
            run: true,
            address: [127, 64, 255, 1].into(),
            bridge: None,
            ssh_keys: Vec::new(),
            user_data: None,
            networks: Vec::new(),
            requested_at: self.now(),
        }
    }

    fn now(&self) -> Timestamp {
        match &self.clock {
            Some(clock) => clock.now(),
            None => Timestamp::now(),
        }
    }

    /// Calls a verb until it is done, and once more, as after a crash.
    async fn twice<T, V: Future<Output = ComputeResult<T>>>(&self, verb: impl Fn() -> V) -> T {
        self.done(&verb).await;
        self.done(&verb).await
    }

    async fn done<T, V: Future<Output = ComputeResult<T>>>(&self, verb: impl Fn() -> V) -> T {
        loop {
            match verb().await.unwrap() {
                Step::Done(value) => return value,
                Step::Later(at) => {
                    let clock = self.clock.as_ref().expect("real machines take no detours");
                    let left = at.duration_since(clock.now());
                    clock.advance(Duration::try_from(left).unwrap());
                }
            }
        }
    }

    /// Checks what the machine is, if the driver can tell.
    #[track_caller]
    fn expect(&self, id: &VmId, runs: bool) {
        let observed = self.compute.observe(id);
        assert_eq!(observed.is_some(), self.compute.is_real());
        if let Some(observed) = observed {
            assert_eq!(observed.runs, runs);
        }
    }
}

async fn holds(driver: &Driver) {
    let compute = &driver.compute;
    assert!(
        compute
            .images()
            .iter()
            .any(|image| image.name == driver.image)
    );
    assert_eq!(compute.image("no-such-image"), None);
    let mut machine = driver.machine();
    let id = machine.id.clone();
    let (first, second) = (SnapshotId::new("a").unwrap(), SnapshotId::new("b").unwrap());

    driver.twice(|| compute.ensure(&machine)).await;
    driver.expect(&id, true);
    // While it runs, and while it doesn't.
    let size = driver.twice(|| compute.snapshot(&machine, &first)).await;
    assert!(size.get() > 0.0 && size.get() <= 1.0, "{size}");
    driver.twice(|| compute.power(&machine, Power::Off)).await;
    driver.expect(&id, false);
    driver.twice(|| compute.snapshot(&machine, &second)).await;

    (machine.memory, machine.vcpus, machine.disk) = (Gigabytes::new(0.5).unwrap(), 2, 2);
    driver.twice(|| compute.resize(&machine)).await;
    driver.twice(|| compute.power(&machine, Power::On)).await;
    driver.expect(&id, true);
    machine.disk = 3;
    driver.twice(|| compute.resize(&machine)).await;
    machine.requested_at = driver.now();
    driver.twice(|| compute.power(&machine, Power::Cycle)).await;
    driver.expect(&id, true);

    // What was off stays off.
    driver.twice(|| compute.restore(&machine, &second)).await;
    driver.expect(&id, true);
    driver.twice(|| compute.remove_snapshot(&second)).await;
    driver.twice(|| compute.power(&machine, Power::Off)).await;
    driver.twice(|| compute.power(&machine, Power::On)).await;
    driver.twice(|| compute.power(&machine, Power::Off)).await;
    machine.run = false;
    driver.twice(|| compute.rebuild(&machine)).await;
    driver.expect(&id, false);
    machine.name = "two".into();
    driver.twice(|| compute.rename(&machine)).await;

    driver.twice(|| compute.power(&machine, Power::On)).await;
    driver.twice(|| compute.destroy(&id)).await;
    driver.expect(&id, false);
    driver.twice(|| compute.remove_snapshot(&first)).await;
}

#[tokio::test]
async fn the_simulator_holds_the_contract() {
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let time: Arc<dyn Clock> = Arc::new(clock.clone());
    let driver = Driver {
        compute: Arc::new(Simulator::new(time, Duration::from_secs(3))),
        clock: Some(clock),
        image: "debian-12".into(),
    };
    holds(&driver).await;
}

#[tokio::test]
async fn qemu_holds_the_contract() {
    let Some(image) = image() else { return };
    let dir = tempfile::tempdir().unwrap();
    let images = Images::open(dir.path()).unwrap();
    let installed = images.install(IMAGE, "Test", &image, "a test", None).await;
    assert_eq!(installed.unwrap().min_disk, 1);
    let driver = Driver {
        compute: Arc::new(Qemu::new(dir.path()).unwrap()),
        clock: None,
        image: IMAGE.into(),
    };
    let _stopped = Stopped(dir.path());
    holds(&driver).await;
    let left = driver.compute.observe(&driver.machine().id);
    let nothing = Observed {
        runs: false,
        ssh_port: None,
        notice: None,
    };
    assert_eq!(left, Some(nothing));
    // An image can be removed, and one that never was can't.
    images.remove(IMAGE).unwrap();
    assert!(images.remove(IMAGE).is_err());
    for place in ["vms", "snapshots", "images"] {
        let mut left = std::fs::read_dir(dir.path().join("qemu").join(place)).unwrap();
        assert!(left.next().is_none(), "{place}");
    }
}

/// Ends the machine if the test failed before it did.
struct Stopped<'a>(&'a Path);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        let vms = std::fs::read_dir(self.0.join("qemu/vms"));
        for vm in vms.into_iter().flatten().flatten() {
            let id = vm.file_name().to_string_lossy().into_owned();
            for process in crate::host::running(|line| line.contains(&id)) {
                let _ = std::process::Command::new("kill")
                    .args(["-9", &process])
                    .status();
            }
        }
    }
}
