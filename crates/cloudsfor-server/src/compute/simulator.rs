//! Simulated machines: they take their time, but there is nothing inside.
//!
//! A machine is a function of time alone: whatever is done to it is done once
//! its time is over, counted from when it was asked for. So it needs no process
//! of its own, and is as far as it should be whenever somebody looks. It says
//! what it is: its VM has the feature `simulated`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_types::{Gigabytes, SnapshotId, VmFeature, VmId};

use sha2::{Digest, Sha256};

use super::{
    Capacity, Compute, ComputeError, ComputeResult, Machine, Observed, Power, PublicImage, Step,
};
use crate::clock::Clock;

/// Identifier and description of each public image.
const IMAGES: &[(&str, &str)] = &[
    ("fedora-19", "Fedora 19"),
    ("fedora-43", "Fedora 43"),
    ("debian-12", "Debian 12 (bookworm)"),
    ("debian-13", "Debian 13 (trixie)"),
    ("ubuntu-24.04", "Ubuntu 24.04 LTS"),
    ("almalinux-9", "AlmaLinux 9"),
    (
        "CentOS-6.6-x86_64-minimal.iso",
        "CentOS 6.6, minimal installation medium",
    ),
    (
        "windows-server-2008-r2-dc-en",
        "Windows Server 2008 R2 Datacenter, English",
    ),
];

/// The driver of simulated machines.
pub struct Simulator {
    clock: Arc<dyn Clock>,
    create_time: Duration,
    action_time: Duration,
    failures: Failures,
}

/// How often what is done to machines fails.
#[derive(Debug, Clone, Copy, Default)]
struct Failures {
    percent: u8,
    seed: u64,
}

impl Failures {
    /// Whether what was asked for then fails: always the same, however often it is
    /// looked at.
    fn hit(self, machine: &Machine) -> bool {
        let mut hasher = Sha256::new();
        hasher.update(self.seed.to_be_bytes());
        hasher.update(machine.id.as_str());
        hasher.update(machine.requested_at.as_nanosecond().to_be_bytes());
        let chance = u16::from_be_bytes([hasher.clone().finalize()[0], hasher.finalize()[1]]);
        u32::from(chance) * 100 < u32::from(self.percent) << 16
    }
}

impl Simulator {
    /// The identifiers of its images.
    pub fn image_names() -> impl Iterator<Item = &'static str> {
        IMAGES.iter().map(|(name, _)| *name)
    }

    /// Machines that take `create_time` until they run, and a third of it for
    /// whatever is done to them later.
    pub fn new(clock: Arc<dyn Clock>, create_time: Duration) -> Self {
        Self {
            clock,
            create_time,
            action_time: create_time / 3,
            failures: Failures::default(),
        }
    }

    /// Sets how long what is done to a machine later takes.
    #[must_use]
    pub fn with_action_time(mut self, time: Duration) -> Self {
        self.action_time = time;
        self
    }

    /// Lets so many of a hundred creations and actions fail, by chance: with the
    /// same seed, ids and times, the same ones.
    #[must_use]
    pub fn with_failures(mut self, percent: u8, seed: u64) -> Self {
        self.failures = Failures { percent, seed };
        self
    }

    fn done_after(&self, machine: &Machine, time: Duration) -> ComputeResult {
        let done_at = machine.requested_at + time;
        if self.clock.now() < done_at {
            return Ok(Step::Later(done_at));
        }
        if self.failures.hit(machine) {
            let message = "the simulator was asked to let some operations fail, by chance";
            return Err(ComputeError(message.into()));
        }
        Ok(Step::Done(()))
    }
}

#[async_trait]
impl Compute for Simulator {
    fn features(&self) -> Vec<VmFeature> {
        vec![VmFeature::Simulated]
    }

    fn is_real(&self) -> bool {
        false
    }

    fn images(&self) -> Vec<PublicImage> {
        IMAGES.iter().map(public).collect()
    }

    fn image(&self, name: &str) -> Option<PublicImage> {
        IMAGES.iter().find(|image| image.0 == name).map(public)
    }

    fn how_to_get(&self, _image: &str) -> Option<String> {
        None
    }

    fn capacity(&self) -> Option<Capacity> {
        None
    }

    fn observe(&self, _id: &VmId) -> Option<Observed> {
        None
    }

    async fn ensure(&self, machine: &Machine) -> ComputeResult {
        self.done_after(machine, self.create_time)
    }

    async fn power(&self, machine: &Machine, _power: Power) -> ComputeResult {
        self.done_after(machine, self.action_time)
    }

    async fn resize(&self, machine: &Machine) -> ComputeResult {
        self.done_after(machine, self.action_time)
    }

    fn snapshot_size(&self, _id: &VmId, disk: u32) -> Gigabytes {
        // An installed system of the smallest kind: there is nothing else on a simulated
        // disk.
        disk.min(1).into()
    }

    async fn snapshot(&self, machine: &Machine, _id: &SnapshotId) -> ComputeResult<Gigabytes> {
        Ok(match self.done_after(machine, self.action_time)? {
            Step::Done(()) => Step::Done(self.snapshot_size(&machine.id, machine.disk)),
            Step::Later(at) => Step::Later(at),
        })
    }

    async fn restore(&self, machine: &Machine, _id: &SnapshotId) -> ComputeResult {
        self.done_after(machine, self.action_time)
    }

    async fn rebuild(&self, machine: &Machine) -> ComputeResult {
        self.done_after(machine, self.create_time)
    }

    async fn rename(&self, machine: &Machine) -> ComputeResult {
        self.done_after(machine, self.action_time)
    }

    async fn connect(&self, machine: &Machine) -> ComputeResult {
        self.done_after(machine, self.action_time)
    }

    async fn tend(&self) -> Result<(), ComputeError> {
        Ok(())
    }

    async fn destroy(&self, _id: &VmId) -> ComputeResult {
        Ok(Step::Done(()))
    }

    async fn remove_snapshot(&self, _id: &SnapshotId) -> ComputeResult {
        Ok(Step::Done(()))
    }
}

fn public((name, description): &(&str, &str)) -> PublicImage {
    PublicImage {
        name: (*name).into(),
        description: (*description).into(),
        min_disk: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[tokio::test]
    async fn whatever_is_done_is_done_when_its_time_is_over() {
        let start = "2015-01-14T16:36:31Z".parse().unwrap();
        let clock = ManualClock::new(start);
        let simulator = Simulator::new(Arc::new(clock.clone()), Duration::from_secs(3));
        let machine = Machine {
            id: VmId::new("9a33ef4fec394360a88e3c60b78b5dbc").unwrap(),
            name: "example.com".into(),
            image: "fedora-19".into(),
            memory: Gigabytes::from(1),
            vcpus: 1,
            disk: 10,
            run: true,
            address: [100, 64, 0, 2].into(),
            bridge: None,
            ssh_keys: Vec::new(),
            user_data: None,
            networks: Vec::new(),
            requested_at: start,
        };
        let snapshot = SnapshotId::new("a").unwrap();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(simulator.ensure(&machine).await, Ok(Step::Later(after(3))));
        assert_eq!(
            simulator.power(&machine, Power::Off).await,
            Ok(Step::Later(after(1)))
        );
        clock.advance(Duration::from_secs(1));
        assert_eq!(
            simulator.power(&machine, Power::Off).await,
            Ok(Step::Done(()))
        );
        let size = simulator.snapshot(&machine, &snapshot).await;
        assert_eq!(size, Ok(Step::Done(Gigabytes::from(1))));
        assert_eq!(simulator.ensure(&machine).await, Ok(Step::Later(after(3))));
        clock.advance(Duration::from_secs(2));
        // Called again, a verb has nothing left to do.
        for _ in 0..2 {
            assert_eq!(simulator.ensure(&machine).await, Ok(Step::Done(())));
            assert_eq!(simulator.destroy(&machine.id).await, Ok(Step::Done(())));
        }
    }

    #[tokio::test]
    async fn as_many_fail_as_were_asked_for() {
        let clock = ManualClock::new("2015-01-14T16:36:31Z".parse().unwrap());
        let simulator = Simulator::new(Arc::new(clock.clone()), Duration::ZERO);
        let simulator = simulator.with_failures(30, 7);
        let mut failed = 0;
        for number in 0..1000 {
            let machine = Machine {
                id: VmId::new(format!("{number:032x}")).unwrap(),
                name: "example.com".into(),
                image: "fedora-19".into(),
                memory: Gigabytes::from(1),
                vcpus: 1,
                disk: 10,
                run: true,
                address: [100, 64, 0, 2].into(),
                bridge: None,
                ssh_keys: Vec::new(),
                user_data: None,
                networks: Vec::new(),
                requested_at: clock.now(),
            };
            let first = simulator.ensure(&machine).await;
            assert_eq!(simulator.ensure(&machine).await, first);
            failed += usize::from(first.is_err());
        }
        assert!((250..350).contains(&failed), "{failed}");
    }
}
