//! What requests that stay open wait for.

use tokio::sync::watch;

/// Tells when something may have changed.
pub struct Changes {
    pub(super) commits: watch::Receiver<()>,
    pub(super) foreign: watch::Receiver<u64>,
    pub(super) closing: watch::Receiver<bool>,
}

impl Changes {
    /// Returns when this process has committed something of the account since the last
    /// call, or another may have committed anything; `false` if the cloud is being closed.
    pub async fn wait(&mut self) -> bool {
        if *self.closing.borrow_and_update() {
            return false;
        }
        tokio::select! {
            _ = self.commits.changed() => true,
            _ = self.foreign.changed() => true,
            _ = self.closing.changed() => false,
        }
    }
}
