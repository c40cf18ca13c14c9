//! Simulated machines: they take their time and then they run, but there is
//! nothing inside.
//!
//! A machine is a function of time alone: it runs once its creation time is
//! over, counted from when it was asked for. So it needs no process of its own,
//! and is as far as it should be whenever somebody looks. It says what it is:
//! its VM has the feature `simulated`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_types::{VmFeature, VmId};

use super::{Compute, ComputeError, Machine, Step};
use crate::clock::Clock;

/// The driver of simulated machines.
pub struct Simulator {
    clock: Arc<dyn Clock>,
    create_time: Duration,
}

impl Simulator {
    /// Machines that take `create_time` until they run.
    pub fn new(clock: Arc<dyn Clock>, create_time: Duration) -> Self {
        Self { clock, create_time }
    }
}

#[async_trait]
impl Compute for Simulator {
    fn features(&self) -> Vec<VmFeature> {
        vec![VmFeature::Simulated]
    }

    async fn ensure(&self, machine: &Machine) -> Result<Step, ComputeError> {
        let runs_from = machine.requested_at + self.create_time;
        if self.clock.now() >= runs_from {
            Ok(Step::Done)
        } else {
            Ok(Step::Later(runs_from))
        }
    }

    async fn destroy(&self, _id: &VmId) -> Result<Step, ComputeError> {
        Ok(Step::Done)
    }
}

#[cfg(test)]
mod tests {
    use cloudsfor_types::Gigabytes;

    use super::*;
    use crate::clock::ManualClock;

    #[tokio::test]
    async fn a_machine_runs_when_its_time_is_over() {
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
        let ready = start + Duration::from_secs(3);
        assert_eq!(simulator.ensure(&machine).await, Ok(Step::Later(ready)));
        clock.advance(Duration::from_secs(3));
        assert_eq!(simulator.ensure(&machine).await, Ok(Step::Done));
        assert_eq!(simulator.ensure(&machine).await, Ok(Step::Done));
        assert_eq!(simulator.destroy(&machine.id).await, Ok(Step::Done));
    }
}
