//! The cloud behind a simulator, and its time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_core::transport::{Body, Transport, TransportError};
use cloudsfor_server::clock::ManualClock;
use cloudsfor_server::cloud::{Cloud, CloudResult};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// A cloud with nothing that runs by itself: what is due is carried out when the
/// clock is moved, and around each request. So a test sees the same at each run.
pub(crate) struct World {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) clock: ManualClock,
    /// Held while what is due is carried out: whoever comes meanwhile must not
    /// go on before it is done.
    pub(crate) settling: Mutex<()>,
    /// After the cloud, which is dropped first.
    pub(crate) _dir: TempDir,
}

impl World {
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
            world.cloud.settle().await
        });
        // A panic there has said what it has to say, and ends the test.
        settled.await.expect("what is due can be carried out")
    }
}

/// A way to the world's cloud.
pub(crate) struct WorldTransport<T> {
    pub(crate) inner: T,
    pub(crate) world: Arc<World>,
}

#[async_trait]
impl<T: Transport> Transport for WorldTransport<T> {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        // Before, for what a request that was given up has left; after, for
        // those who wait. A cloud that can't do it says so in its answers.
        let _ = self.world.settle().await;
        let response = self.inner.send(request).await;
        let _ = self.world.settle().await;
        response
    }
}
