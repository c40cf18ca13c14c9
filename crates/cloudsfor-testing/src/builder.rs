//! Putting a simulator together.

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_core::retry::RetryPolicy;
use cloudsfor_core::{Client, Endpoint};
use cloudsfor_server::clock::ManualClock;
use cloudsfor_server::cloud::{DEFAULT_CREATE_TIME, DEFAULT_VM_LIMIT};
use jiff::Timestamp;

use crate::faults::FaultyTransport;
use crate::retry::AtOnce;
use crate::simulator::Simulator;
use crate::world::{Settings, World, WorldTransport};
use cloudsfor_server::faults::Faults;

/// When a simulator's time begins: 2015-01-14T16:36:31Z.
pub const START: Timestamp = Timestamp::constant(1_421_253_391, 0);

/// The simulator's address. There is nothing there.
const ENDPOINT: &str = "http://simulator.test";

/// The parts of a [`Simulator`]. All have a default.
#[derive(Debug, Clone)]
pub struct SimulatorBuilder {
    settings: Settings,
    retry: bool,
}

impl SimulatorBuilder {
    /// What ids and chance follow from. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// How many VMs the account may have. Default: 100.
    #[must_use]
    pub fn vm_limit(mut self, vms: u64) -> Self {
        self.settings.vm_limit = vms;
        self
    }

    /// How much of the simulator's time a VM takes until it runs; other actions
    /// take a third of it. Default: 3 seconds.
    ///
    /// With zero everything is done by the next request, and a program that waits
    /// for its VMs needs nobody to move the clock meanwhile.
    #[must_use]
    pub fn create_time(mut self, time: Duration) -> Self {
        self.settings.create_time = time;
        self
    }

    /// Makes one attempt in each call. Default: up to 4, with no delay between
    /// them.
    #[must_use]
    pub fn without_retry(mut self) -> Self {
        self.retry = false;
        self
    }

    /// The simulator. Its cloud is opened when it is first needed.
    ///
    /// # Panics
    /// If there can be no temporary directory: a test can do nothing about that.
    pub fn build(self) -> Simulator {
        let faults = Arc::new(Faults::new(self.settings.seed));
        let world = Arc::new(World::new(ManualClock::new(START), self.settings));
        let transport = FaultyTransport {
            inner: WorldTransport(world.clone()),
            faults: faults.clone(),
        };
        let endpoint: Endpoint = ENDPOINT.parse().expect("it is a URL");
        let client = Client::builder().endpoint(endpoint).transport(transport);
        let client = if self.retry {
            client.with_retry(AtOnce::default().with_attempt_limit(4))
        } else {
            client.without_retry()
        };
        let client = client.build().expect("it has a transport");
        Simulator::with_parts(world, faults, Arc::new(client))
    }
}

impl Default for SimulatorBuilder {
    fn default() -> Self {
        Self {
            settings: Settings {
                seed: 0,
                vm_limit: DEFAULT_VM_LIMIT,
                create_time: DEFAULT_CREATE_TIME,
            },
            retry: true,
        }
    }
}
