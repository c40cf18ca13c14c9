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

use super::{Compute, ComputeResult, Machine, Power, Step};
use crate::clock::Clock;

/// The driver of simulated machines.
pub struct Simulator {
    clock: Arc<dyn Clock>,
    create_time: Duration,
    action_time: Duration,
}

impl Simulator {
    /// Machines that take `create_time` until they run, and a third of it for
    /// whatever is done to them later.
    pub fn new(clock: Arc<dyn Clock>, create_time: Duration) -> Self {
        Self {
            clock,
            create_time,
            action_time: create_time / 3,
        }
    }

    fn done_after(&self, machine: &Machine, time: Duration) -> ComputeResult {
        let done_at = machine.requested_at + time;
        Ok(if self.clock.now() >= done_at {
            Step::Done(())
        } else {
            Step::Later(done_at)
        })
    }
}

#[async_trait]
impl Compute for Simulator {
    fn features(&self) -> Vec<VmFeature> {
        vec![VmFeature::Simulated]
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

    async fn snapshot(&self, machine: &Machine, _id: &SnapshotId) -> ComputeResult<Gigabytes> {
        Ok(match self.done_after(machine, self.action_time)? {
            // An installed system of the smallest kind: there is nothing else
            // on a simulated disk.
            Step::Done(()) => Step::Done(Gigabytes::from(machine.disk.min(1))),
            Step::Later(at) => Step::Later(at),
        })
    }

    async fn restore(&self, machine: &Machine, _id: &SnapshotId) -> ComputeResult {
        self.done_after(machine, self.action_time)
    }

    async fn rebuild(&self, machine: &Machine, _run: bool) -> ComputeResult {
        self.done_after(machine, self.create_time)
    }

    async fn rename(&self, machine: &Machine) -> ComputeResult {
        self.done_after(machine, self.action_time)
    }

    async fn destroy(&self, _id: &VmId) -> ComputeResult {
        Ok(Step::Done(()))
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
}
