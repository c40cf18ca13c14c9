//! What happens to VMs and actions, as a stream.
//!
//! ```
//! use cloudsfor_core::types::Event;
//! use cloudsfor_core::{Api, CallOptions, Result};
//! use futures_util::StreamExt;
//!
//! async fn tell(api: &dyn Api) -> Result<()> {
//!     let mut events = api.watch_events(None, &CallOptions::default()).await?;
//!     while let Some(event) = events.next().await {
//!         match event? {
//!             Event::Vm(vm) => println!("{} is {}", vm.name, vm.status),
//!             Event::VmDeleted(id) => println!("{id} is gone"),
//!             Event::Reset => println!("some events were missed: list what there is"),
//!             _ => {}
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! To know all VMs at all times: open the stream, list the VMs, then apply the
//! events in their order; and do it again after an [`Event::Reset`]. To go on in
//! another process: keep [`EventStream::cursor`] after each event, and hand it to
//! [`watch_events`](crate::Events::watch_events) there. The server remembers events
//! for 24 hours.

mod decoder;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use cloudsfor_types::{Event, EventCursor, Timestamp};
use futures_core::Stream;

pub(crate) use self::decoder::{Block, Decoder};
use crate::error::Result;

/// What comes from the server at once: an event, a place in the stream of them, or
/// both.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Where one is after it, if the server says so.
    pub cursor: Option<EventCursor>,
    /// What happened.
    pub event: Option<Event>,
    /// When it happened, if the server says so.
    pub at: Option<Timestamp>,
}

/// What happens, as it happens.
///
/// A client's stream outlives its connections: after a cut it connects again and
/// goes on where it was, for as long as it takes up to 10 minutes. If events may
/// have been missed, there is an [`Event::Reset`] among them, never a silent gap.
/// An error of the kind [`Decode`](crate::ErrorKind::Decode) is about one event;
/// any other ends the stream.
pub struct EventStream {
    source: Pin<Box<dyn Stream<Item = Result<Delivery>> + Send>>,
    cursor: Option<EventCursor>,
    at: Option<Timestamp>,
}

impl EventStream {
    /// A stream of one's own, for an implementation of the API or a mock.
    pub fn new(source: impl Stream<Item = Result<Delivery>> + Send + 'static) -> Self {
        Self {
            source: Box::pin(source),
            cursor: None,
            at: None,
        }
    }

    /// When the last event that was taken from the stream happened, if the server says
    /// so.
    pub fn at(&self) -> Option<&Timestamp> {
        self.at.as_ref()
    }

    /// Where the stream is: after the last event that was taken from it. `None`
    /// until the server has said it, with the first event at the latest.
    pub fn cursor(&self) -> Option<&EventCursor> {
        self.cursor.as_ref()
    }
}

impl Stream for EventStream {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let delivery = match self.source.as_mut().poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Some(Ok(delivery))) => delivery,
            };
            if delivery.cursor.is_some() {
                self.cursor = delivery.cursor;
            }
            if let Some(event) = delivery.event {
                self.at = delivery.at;
                return Poll::Ready(Some(Ok(event)));
            }
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}
