//! The cloud behind a simulator, and its time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_core::transport::{Body, InProcessTransport, Transport, TransportError};
use cloudsfor_server::clock::{Clock, ManualClock};
use cloudsfor_server::cloud::{BackupPolicy, Cloud, CloudResult, FirstAccount, Parts};
use cloudsfor_server::compute;
use cloudsfor_server::http::{Body as ServerBody, router_of_owner};
use cloudsfor_server::ids::Ids;
use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell};

/// What a cloud is made with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) vm_limit: u64,
    pub(crate) create_time: Duration,
}

/// A cloud with nothing that runs by itself: what is due is carried out when the
/// clock is moved, and around each request. So a test sees the same at each run.
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    settings: Settings,
    /// Opened when it is first needed.
    opened: OnceCell<Opened>,
    /// Held while what is due is carried out: whoever comes meanwhile must not
    /// go on before it is done.
    settling: Mutex<()>,
    /// After the cloud, which is dropped first.
    dir: TempDir,
}

struct Opened {
    cloud: Arc<Cloud>,
    transport: InProcessTransport,
}

impl World {
    /// # Panics
    /// If there can be no temporary directory: a test can do nothing about that.
    pub(crate) fn new(clock: ManualClock, settings: Settings) -> Self {
        Self {
            clock,
            settings,
            opened: OnceCell::new(),
            settling: Mutex::default(),
            dir: tempfile::tempdir().expect("a temporary directory can be made"),
        }
    }

    /// The directory of its store.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// # Panics
    /// If the store can't be opened: a test can do nothing about that.
    async fn opened(&self) -> &Opened {
        self.opened
            .get_or_init(|| async {
                self.open()
                    .await
                    .expect("the simulator's store can be opened")
            })
            .await
    }

    async fn open(&self) -> CloudResult<Opened> {
        let time: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let parts = Parts {
            compute: Arc::new(compute::Simulator::new(
                time.clone(),
                self.settings.create_time,
            )),
            clock: time,
            ids: Ids::seeded(self.settings.seed),
            backups: BackupPolicy::default(),
        };
        let cloud = Cloud::open_ephemeral(self.dir(), parts).await?;
        let asked = FirstAccount {
            vm_limit: Some(self.settings.vm_limit),
            ..FirstAccount::default()
        };
        let owner = cloud
            .first_account(asked, None)
            .await
            .expect("the simulator's account can be made")
            .account;
        let router = router_of_owner(cloud.clone(), owner);
        Ok(Opened {
            cloud,
            transport: InProcessTransport::new::<ServerBody>(router),
        })
    }

    pub(crate) async fn advance(self: &Arc<Self>, by: Duration) -> CloudResult<()> {
        self.clock.advance(by);
        self.settle().await
    }

    /// Carries out everything that is due. In a task of its own: if the caller
    /// goes away, what was begun is finished.
    async fn settle(self: &Arc<Self>) -> CloudResult<()> {
        let world = self.clone();
        let settled = tokio::spawn(async move {
            let _alone = world.settling.lock().await;
            world.opened().await.cloud.settle().await
        });
        // A panic there has said what it has to say, and ends the test.
        settled.await.expect("what is due can be carried out")
    }

    pub(crate) async fn close(&self) {
        self.opened().await.cloud.close().await;
    }
}

/// A way to the world's cloud.
pub(crate) struct WorldTransport(pub(crate) Arc<World>);

#[async_trait]
impl Transport for WorldTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        // Before, for what a request that was given up has left; after, for
        // those who wait. A cloud that can't do it says so in its answers.
        let _ = self.0.settle().await;
        let response = self.0.opened().await.transport.send(request).await;
        let _ = self.0.settle().await;
        response
    }
}
