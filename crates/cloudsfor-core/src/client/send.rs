//! The layers around an exchange, in their order.

use std::pin::Pin;
use std::time::Duration;

use cloudsfor_types::operations::GET_ACCOUNT;
use http::response::Parts;

use super::Client;
use super::exchange::{Answer, Exchange};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::retry::Stopped;
use crate::trace::CallSpan;
use crate::transport::Body;

impl Client {
    /// Carries a call out. From the outside to the inside:
    ///
    /// 1. the span that tells of it;
    /// 2. the deadline of the call, which every layer looks at;
    /// 3. retries, by the policy and from the budget, of what does no harm;
    /// 4. the request's headers: credentials, the idempotency key;
    /// 5. the program's own limits: so many at once, so many in a time;
    /// 6. the attempt's own time limit, which shrinks to what the deadline leaves;
    /// 7. the program's own layers, then the transport.
    ///
    /// Reading the answer is a part of the attempt: when it can't be read, it is
    /// as much in doubt what was done as when it didn't come.
    pub(super) async fn send<T>(
        &self,
        exchange: &Exchange,
        read: fn(&Answer) -> Result<T>,
    ) -> Result<T> {
        let operation = exchange.operation;
        self.carry_out(exchange, |head, body| async move {
            let body = self.whole(operation, &head, body).await?;
            read(&Answer {
                operation,
                head,
                body,
            })
        })
        .await
    }

    /// Carries out a call whose answer is read while it comes, and returns its
    /// beginning.
    pub(super) async fn open(&self, exchange: &Exchange) -> Result<(Parts, Body)> {
        self.carry_out(exchange, |head, body| async { Ok((head, body)) })
            .await
    }

    pub(super) async fn carry_out<T, F>(
        &self,
        exchange: &Exchange,
        take: impl Fn(Parts, Body) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let span = &CallSpan::new(exchange.operation, &self.endpoint);
        let take = &take;
        let attempt = async |number: u32| {
            span.attempt(number);
            let result = self.attempt(exchange, span, take).await;
            result.inspect_err(|error| span.attempt_failed(number, error))
        };
        let keys = |age| self.keys_are_honoured(age, exchange.deadline);
        let result = match &self.retry {
            None => span.around(attempt(1)).await,
            Some(retry) => {
                let (operation, deadline) = (exchange.operation, exchange.deadline);
                let result = span.around(retry.run(operation, deadline, attempt, keys));
                result.await.map_err(|stopped| match stopped {
                    Stopped::Failed(error) => error,
                    Stopped::InDoubt(error) => ambiguous(error, exchange),
                })
            }
        };
        result
            .inspect_err(|error| span.failed(error))
            .map_err(|error| error.with_key(exchange.key.clone()))
    }

    /// Whether the server still remembers a key that was first sent so long ago.
    /// If it hasn't said so yet, it is asked: any answer of it tells.
    ///
    /// A boxed future, since asking is a call too.
    pub(super) fn keys_are_honoured(
        &self,
        age: Duration,
        deadline: Deadline,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async move {
            if !self.key_support.remembers(age)
                && let Some(url) = self.endpoint.url(GET_ACCOUNT.path, &[], &[])
            {
                let question = Exchange {
                    operation: &GET_ACCOUNT,
                    url,
                    body: None,
                    key: None,
                    after: None,
                    attempt_timeout: self.attempt_timeout,
                    deadline,
                };
                // What it answers doesn't matter, what it says of keys does.
                drop(self.send(&question, |_| Ok(())).await);
            }
            self.key_support.remembers(age)
        })
    }
}

/// The error of a request that nobody can say of what became of it.
pub(super) fn ambiguous(error: Error, exchange: &Exchange) -> Error {
    let Some(key) = exchange.key.clone() else {
        return error;
    };
    let message = format!(
        "it isn't known whether it was carried out ({}), and it is not sent again because the \
         server hasn't said that it honours idempotency keys: look at what there is",
        error.message()
    );
    let kind = ErrorKind::Ambiguous {
        key,
        candidates: Vec::new(),
    };
    let status = error.status();
    let ambiguous = Error::new(kind, exchange.operation.name, message)
        .with_request_id(error.request_id().map(str::to_owned))
        .with_may_have_been_applied(true)
        .with_source(error);
    match status {
        Some(status) => ambiguous.with_status(status),
        None => ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use bytes::Bytes;
    use tokio::time::Instant;

    use super::*;
    use crate::api::Vms;
    use crate::budget::RetryBudget;
    use crate::call::CallOptions;
    use crate::error::TransportErrorKind;
    use crate::limits::{ConcurrencyLimit, RateLimit};
    use crate::transport::{Body, Transport, TransportError};

    /// Answers with one status always, or never; counts the requests.
    #[derive(Clone)]
    struct Server {
        status: Option<u16>,
        requests: Arc<AtomicU32>,
    }

    impl Server {
        fn new(status: Option<u16>) -> Self {
            Self {
                status,
                requests: Arc::default(),
            }
        }

        fn requests(&self) -> u32 {
            self.requests.load(Ordering::Relaxed)
        }
    }

    #[async_trait]
    impl Transport for Server {
        async fn send(
            &self,
            _: http::Request<Bytes>,
        ) -> std::result::Result<http::Response<Body>, TransportError> {
            self.requests.fetch_add(1, Ordering::Relaxed);
            match self.status {
                Some(status) => {
                    let answer = http::Response::builder().status(status);
                    Ok(answer.body(Body::from("")).unwrap())
                }
                None => std::future::pending().await,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_budget_of_all_clones_stops_a_storm() {
        for status in [429, 503] {
            the_budget_stops(status).await;
        }
    }

    async fn the_budget_stops(status: u16) {
        let server = Server::new(Some(status));
        let client = Client::builder()
            .transport(server.clone())
            .with_retry_budget(Arc::new(RetryBudget::new(100)))
            .build()
            .unwrap();
        let id = "7".parse().unwrap();
        for _ in 0..50 {
            let clone = client.clone();
            let error = clone.get_vm(&id, &CallOptions::default()).await;
            assert_eq!(error.unwrap_err().status(), Some(status));
        }
        // 100 tokens are 20 retries.
        assert_eq!(server.requests(), 50 + 20);
    }

    #[tokio::test(start_paused = true)]
    async fn limits_are_kept_by_retries_too_and_waiting_is_no_part_of_an_attempt() {
        let server = Server::new(Some(503));
        let client = Client::builder()
            .transport(server.clone())
            .with_rate_limit(RateLimit::new(1, Duration::from_secs(10)))
            .with_concurrency_limit(ConcurrencyLimit::new(1))
            .with_attempt_timeout(Duration::from_secs(1))
            .build()
            .unwrap();
        let start = Instant::now();
        let id = "7".parse().unwrap();
        let error = client.get_vm(&id, &CallOptions::default()).await;
        assert_eq!(error.unwrap_err().status(), Some(503));
        assert_eq!((start.elapsed().as_secs(), server.requests()), (30, 4));

        // Its turn would come too late, and it says so at once.
        let soon = CallOptions::default().with_timeout(Duration::from_secs(9));
        let error = client.get_vm(&id, &soon).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Deadline);
        assert!(error.message().contains("rate limit"), "{error}");
        assert_eq!((start.elapsed().as_secs(), server.requests()), (30, 4));
    }

    #[tokio::test]
    async fn every_attempt_goes_through_the_layers_the_last_one_first() {
        struct Named(
            Arc<dyn Transport>,
            &'static str,
            Arc<Mutex<Vec<&'static str>>>,
        );

        #[async_trait]
        impl Transport for Named {
            async fn send(
                &self,
                request: http::Request<Bytes>,
            ) -> std::result::Result<http::Response<Body>, TransportError> {
                self.2.lock().unwrap().push(self.1);
                self.0.send(request).await
            }
        }

        let seen: Arc<Mutex<Vec<_>>> = Arc::default();
        let (inner, outer) = (seen.clone(), seen.clone());
        let client = Client::builder()
            .with_layer(|transport| Named(transport, "inner", inner))
            .with_layer(|transport| Named(transport, "outer", outer))
            .transport(Server::new(Some(404)))
            .build()
            .unwrap();
        let id = "7".parse().unwrap();
        client
            .get_vm(&id, &CallOptions::default())
            .await
            .unwrap_err();
        assert_eq!(*seen.lock().unwrap(), ["outer", "inner"]);
    }

    #[tokio::test]
    async fn what_reads_is_sent_again_on_closed_connections_but_not_for_ever() {
        /// Says always that the server had closed the connection.
        struct Closed(Server);

        #[async_trait]
        impl Transport for Closed {
            async fn send(
                &self,
                request: http::Request<Bytes>,
            ) -> std::result::Result<http::Response<Body>, TransportError> {
                self.0.send(request).await?;
                let mut error = TransportError::maybe_sent(TransportErrorKind::Cut, "closed");
                error.on_used_connection = true;
                Err(error)
            }
        }

        let server = Server::new(Some(200));
        let client = Client::builder().transport(Closed(server.clone()));
        let client = client.without_retry().build().unwrap();
        let (id, call) = ("7".parse().unwrap(), CallOptions::default());
        client.get_vm(&id, &call).await.unwrap_err();
        let read = server.requests();
        assert!((2..=101).contains(&read), "{read}");
        client.delete_vm(&id, &call).await.unwrap_err();
        assert_eq!(server.requests(), read + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_attempt_has_what_the_deadline_leaves() {
        let server = Server::new(None);
        let client = Client::builder().transport(server.clone()).build();
        let start = Instant::now();
        let call = CallOptions::default().with_timeout(Duration::from_secs(45));
        let result = client.unwrap().get_vm(&"7".parse().unwrap(), &call).await;
        assert_eq!(result.unwrap_err().kind(), &ErrorKind::Deadline);
        assert_eq!((start.elapsed().as_secs(), server.requests()), (45, 2));
    }
}
