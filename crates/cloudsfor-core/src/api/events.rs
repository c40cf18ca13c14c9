//! What happens, as it happens.

use async_trait::async_trait;
use cloudsfor_types::{EventCursor, operations};

use crate::call::CallOptions;
use crate::error::{Error, Result};
use crate::events::EventStream;

/// What happens to the account's VMs and actions.
#[async_trait]
pub trait Events: Send + Sync {
    /// Tells what happens from now on, or from a cursor on: see [`EventStream`].
    /// Returns when the stream is open, from which moment on nothing is missed. The
    /// time limit of `call` is for opening it.
    async fn watch_events(
        &self,
        after: Option<EventCursor>,
        call: &CallOptions,
    ) -> Result<EventStream> {
        let _ = (after, call);
        Err(Error::unsupported(operations::WATCH_EVENTS.name))
    }
}
