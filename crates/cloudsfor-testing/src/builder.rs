//! Putting a simulator together.

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_core::retry::RetryPolicy;
use cloudsfor_core::transport::InProcessTransport;
use cloudsfor_core::{Client, Endpoint};
use cloudsfor_server::clock::{Clock, ManualClock};
use cloudsfor_server::cloud::{BackupPolicy, Cloud, FirstAccount, Parts};
use cloudsfor_server::cloud::{DEFAULT_CREATE_TIME, DEFAULT_VM_LIMIT};
use cloudsfor_server::compute;
use cloudsfor_server::http::{Body, router_of_owner};
use cloudsfor_server::ids::Ids;
use cloudsfor_server::local_profile::LocalProfile;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::faults::{Faults, FaultyTransport};
use crate::retry::AtOnce;
use crate::simulator::Simulator;
use crate::world::{World, WorldTransport};

/// When a simulator's time begins: 2015-01-14T16:36:31Z.
pub const START: Timestamp = Timestamp::constant(1_421_253_391, 0);

/// The simulator's address. There is nothing there.
const ENDPOINT: &str = "http://simulator.test";

/// The parts of a [`Simulator`]. All have a default.
#[derive(Debug, Clone)]
pub struct SimulatorBuilder {
    seed: u64,
    vm_limit: u64,
    create_time: Duration,
    retry: bool,
}

impl SimulatorBuilder {
    /// What ids and chance follow from. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many VMs the account may have. Default: 100.
    #[must_use]
    pub fn vm_limit(mut self, vms: u64) -> Self {
        self.vm_limit = vms;
        self
    }

    /// How much of the simulator's time a VM takes until it runs; other actions
    /// take a third of it. Default: 3 seconds.
    ///
    /// With zero everything is done by the next request, and a program that waits
    /// for its VMs needs nobody to move the clock meanwhile.
    #[must_use]
    pub fn create_time(mut self, time: Duration) -> Self {
        self.create_time = time;
        self
    }

    /// Makes one attempt in each call. Default: up to 4, with no delay between
    /// them.
    #[must_use]
    pub fn without_retry(mut self) -> Self {
        self.retry = false;
        self
    }

    /// Starts the simulator.
    ///
    /// # Panics
    /// If there can be no temporary directory, or no store in it: a test can do
    /// nothing about that.
    pub async fn start(self) -> Simulator {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let clock = ManualClock::new(START);
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let parts = Parts {
            compute: Arc::new(compute::Simulator::new(time.clone(), self.create_time)),
            clock: time,
            ids: Ids::seeded(self.seed),
            backups: BackupPolicy::default(),
        };
        let cloud = Cloud::open(dir.path(), parts)
            .await
            .expect("the simulator's store can be opened");
        let asked = FirstAccount {
            vm_limit: Some(self.vm_limit),
            ..FirstAccount::default()
        };
        let owner = cloud
            .first_account(asked, LocalProfile::new(dir.path()))
            .await
            .expect("the simulator's account can be made")
            .account;

        let router = router_of_owner(cloud.clone(), owner);
        let world = Arc::new(World {
            cloud,
            clock,
            settling: Mutex::default(),
            _dir: dir,
        });
        let faults = Arc::new(Faults::new(self.seed));
        let transport = FaultyTransport {
            inner: WorldTransport {
                inner: InProcessTransport::new::<Body>(router),
                world: world.clone(),
            },
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
        Simulator::new(world, faults, Arc::new(client))
    }
}

impl Default for SimulatorBuilder {
    fn default() -> Self {
        Self {
            seed: 0,
            vm_limit: DEFAULT_VM_LIMIT,
            create_time: DEFAULT_CREATE_TIME,
            retry: true,
        }
    }
}
