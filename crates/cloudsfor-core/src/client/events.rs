//! Events over HTTP: one connection after the other, as one stream.

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_types::operations::WATCH_EVENTS;
use cloudsfor_types::{Event, EventCursor};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use tokio::time::{sleep, timeout};

use super::Client;
use super::call::Target;
use super::exchange::Exchange;
use crate::api::Events;
use crate::call::CallOptions;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result, TransportErrorKind};
use crate::events::{Block, Decoder, Delivery, EventStream};
use crate::printable::{excerpt, printable};
use crate::transport::Body;
use crate::wait::{DEFAULT_WAIT, Pauses};

/// The largest event that is taken, and the longest line, in bytes.
const EVENT_LIMIT: usize = 1 << 20;

/// How long the server may say nothing: it shows every 15 seconds that it lives.
const SILENCE: Duration = Duration::from_secs(45);

#[async_trait]
impl Events for Client {
    async fn watch_events(
        &self,
        after: Option<EventCursor>,
        call: &CallOptions,
    ) -> Result<EventStream> {
        let mut watch = Watch {
            client: self.clone(),
            call: call.clone(),
            cursor: after,
            connection: None,
            blocks: VecDeque::new(),
            pauses: Pauses::default(),
            ended: false,
        };
        watch.connect().await?;
        Ok(EventStream::new(stream::unfold(
            watch,
            async |mut watch| {
                let next = watch.next().await?;
                Some((next, watch))
            },
        )))
    }
}

/// One who watches, over all connections.
struct Watch {
    client: Client,
    call: CallOptions,
    cursor: Option<EventCursor>,
    connection: Option<(Body, Decoder)>,
    /// What has come and isn't told yet.
    blocks: VecDeque<Block>,
    pauses: Pauses,
    ended: bool,
}

impl Watch {
    async fn next(&mut self) -> Option<Result<Delivery>> {
        if self.ended {
            return None;
        }
        loop {
            if let Some(block) = self.blocks.pop_front() {
                return Some(self.tell(block));
            }
            let went_on = match self.read().await {
                Ok(true) => continue,
                // What was read before the cut comes first.
                Ok(false) if !self.blocks.is_empty() => continue,
                Ok(false) => self.reconnect().await,
                Err(too_large) => Err(too_large),
            };
            match went_on {
                Ok(()) if self.cursor.is_none() => {
                    return Some(Ok(Delivery {
                        cursor: None,
                        event: Some(Event::Reset),
                        at: None,
                    }));
                }
                Ok(()) => {}
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }

    /// Reads what comes next; false if the connection has ended, in whatever way.
    async fn read(&mut self) -> Result<bool> {
        let Some((body, decoder)) = &mut self.connection else {
            return Ok(false);
        };
        let Ok(Some(Ok(frame))) = timeout(SILENCE, body.frame()).await else {
            self.connection = None;
            return Ok(false);
        };
        let Ok(data) = frame.into_data() else {
            return Ok(true);
        };
        decoder.push(&data, &mut self.blocks).map_err(|_too_large| {
            let what = format!(
                "an event has more than {EVENT_LIMIT} bytes: report this to the server's operator"
            );
            let kind = ErrorKind::Transport(TransportErrorKind::TooLarge);
            Error::new(kind, WATCH_EVENTS.name, what)
        })?;
        Ok(true)
    }

    /// What a block says.
    fn tell(&mut self, block: Block) -> Result<Delivery> {
        let cursor = block.id.and_then(|id| EventCursor::new(id).ok());
        if cursor.is_some() {
            self.cursor.clone_from(&cursor);
        }
        let mut at = None;
        let event = match block.data {
            None => None,
            Some(data) => {
                self.pauses = Pauses::default();
                at = Event::time(&data);
                Some(Event::decode(&block.name, &data).map_err(|error| unreadable(error, &data))?)
            }
        };
        Ok(Delivery { cursor, event, at })
    }

    /// Connects again after a pause, until that succeeds, can't succeed, or has
    /// taken too long.
    async fn reconnect(&mut self) -> Result<()> {
        let deadline = Deadline::after(DEFAULT_WAIT);
        let mut asked = Duration::ZERO;
        loop {
            sleep(self.pauses.next().max(asked)).await;
            match self.connect().await {
                Err(error) if may_pass(&error) && !deadline.remaining().is_zero() => {
                    asked = error.retry_after().unwrap_or_default();
                }
                result => return result,
            }
        }
    }

    async fn connect(&mut self) -> Result<()> {
        let exchange = Exchange {
            after: self.cursor.clone(),
            ..self
                .client
                .exchange_at(&WATCH_EVENTS, &Target::default(), &self.call)?
        };
        let (head, body) = self.client.open(&exchange).await?;
        let content_type = head.headers.get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(|text| text.starts_with("text/event-stream")) {
            let found = printable(content_type.unwrap_or("nothing in particular"));
            let what = format!(
                "the answer is no stream of events, but {found}: check the base URL, and the \
                 proxies on the way"
            );
            let error = Error::new(ErrorKind::Unexpected, WATCH_EVENTS.name, what);
            return Err(error.with_status(head.status.as_u16()));
        }
        self.connection = Some((body, Decoder::new(EVENT_LIMIT)));
        Ok(())
    }
}

fn may_pass(error: &Error) -> bool {
    error.is_retryable() || *error.kind() == ErrorKind::Deadline
}

fn unreadable(error: serde_json::Error, data: &[u8]) -> Error {
    let location = format!("line {}, column {}", error.line(), error.column());
    let what = format!(
        "an event can't be read ({}): it is passed over",
        printable(&error.to_string())
    );
    Error::new(ErrorKind::Decode { location }, WATCH_EVENTS.name, what)
        .with_excerpt(excerpt(data))
        .with_source(error)
}

#[cfg(test)]
mod tests;
