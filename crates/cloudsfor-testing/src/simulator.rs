//! The cloud of one test.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloudsfor_core::Api;
use cloudsfor_server::clock::Clock;
use jiff::Timestamp;

use crate::builder::SimulatorBuilder;

use crate::world::World;
use cloudsfor_server::faults::{Faults, Rule};

/// A cloud of its own: nobody else sees what is in it, and it is gone when the
/// simulator and every [`api`](Simulator::api) of it are dropped.
///
/// It is used within a tokio runtime.
pub struct Simulator {
    world: Arc<World>,
    faults: Arc<Faults>,
    api: Arc<dyn Api>,
}

impl Simulator {
    /// A simulator with the usual settings. Its cloud is opened when it is first
    /// needed.
    ///
    /// # Panics
    /// If there can be no temporary directory.
    #[expect(clippy::new_without_default, reason = "there may be a panic")]
    pub fn new() -> Self {
        Self::builder().build()
    }

    pub(crate) fn with_parts(world: Arc<World>, faults: Arc<Faults>, api: Arc<dyn Api>) -> Self {
        Self { world, faults, api }
    }

    /// Sets a simulator's parts before it is made.
    pub fn builder() -> SimulatorBuilder {
        SimulatorBuilder::default()
    }

    /// The API, for the account's owner: what the program under test is given.
    /// It is the SDK's real client, so its retries, checks and errors are tested
    /// too.
    pub fn api(&self) -> Arc<dyn Api> {
        self.api.clone()
    }

    /// The simulator's time. It stands still until it is moved.
    pub fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Moves the clock on, and returns when everything that is due by then has
    /// been carried out.
    ///
    /// # Panics
    /// If the simulator's store fails.
    pub async fn advance(&self, by: Duration) {
        let advanced = self.world.advance(by).await;
        advanced.expect("the simulator's store works");
    }

    /// Lets requests fail from now on. Several rules may be in force; where more
    /// than one applies, the first that was set does.
    pub fn fail(&self, rule: Rule) {
        self.faults.add(rule);
    }

    /// Ends all rules.
    pub fn heal(&self) {
        self.faults.clear();
    }

    /// Ends the cloud: who waits for something is answered, what was accepted is
    /// written, and further requests fail. Dropping a simulator is enough where
    /// nothing goes on.
    pub async fn close(self) {
        self.world.close().await;
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("now", &self.now())
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use cloudsfor_core::CallOptions;

    use super::*;

    #[tokio::test]
    async fn nothing_remains_of_a_dropped_simulator() {
        let simulator = Simulator::new();
        let dir = simulator.world.dir().to_owned();
        let api = simulator.api();
        drop(simulator);
        api.get_account(&CallOptions::default()).await.unwrap();
        assert!(dir.exists());
        drop(api);
        assert!(!dir.exists());
    }
}
