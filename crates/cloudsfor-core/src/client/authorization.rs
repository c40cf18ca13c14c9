//! The header that says who asks: fetched when the first request needs it, and
//! kept until the server refuses it.

use std::sync::{Arc, PoisonError, RwLock};

use http::HeaderValue;
use tokio::sync::Mutex;

use crate::credentials::CredentialsProvider;
use crate::error::Result;

pub(super) struct Authorization {
    provider: Arc<dyn CredentialsProvider>,
    kept: RwLock<Option<HeaderValue>>,
    /// Held by the call that asks the provider: the others wait for its answer,
    /// so that nobody is asked for a password twice.
    asking: Mutex<()>,
}

impl Authorization {
    pub(super) fn new(provider: Arc<dyn CredentialsProvider>) -> Self {
        Self {
            provider,
            kept: RwLock::default(),
            asking: Mutex::default(),
        }
    }

    /// The value of the `Authorization` header.
    pub(super) async fn header(&self) -> Result<HeaderValue> {
        if let Some(kept) = self.kept() {
            return Ok(kept);
        }
        let _asking = self.asking.lock().await;
        if let Some(kept) = self.kept() {
            return Ok(kept);
        }
        let header = self.provider.credentials().await?.authorization();
        self.keep(Some(header.clone()));
        Ok(header)
    }

    /// Takes note that the server refused this header: the next call asks anew.
    pub(super) fn refused(&self, header: &HeaderValue) {
        // Another call may have asked anew already.
        if self.kept().as_ref() == Some(header) {
            self.keep(None);
        }
    }

    /// The header as it was fetched before, if it was.
    pub(super) fn kept(&self) -> Option<HeaderValue> {
        let kept = self.kept.read();
        kept.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, header: Option<HeaderValue>) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = header;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::credentials::Credentials;
    use crate::error::{Error, ErrorKind};

    /// Gives the password that is the number of times it was asked; the first
    /// time it is `broken`, it fails.
    #[derive(Default)]
    struct Counting {
        asked: AtomicU32,
        broken: bool,
    }

    #[async_trait]
    impl CredentialsProvider for Counting {
        async fn credentials(&self) -> Result<Credentials> {
            tokio::task::yield_now().await;
            let asked = 1 + self.asked.fetch_add(1, Ordering::Relaxed);
            if self.broken && asked == 1 {
                return Err(Error::new(ErrorKind::Configuration, "vault", "sealed"));
            }
            Ok(Credentials::basic("me@h", asked.to_string().into())?)
        }
    }

    fn with_password(password: &str) -> HeaderValue {
        let credentials = Credentials::basic("me@h", password.into());
        credentials.unwrap().authorization()
    }

    #[tokio::test]
    async fn it_is_asked_once_for_all_calls_and_again_when_refused() {
        let authorization = Authorization::new(Arc::new(Counting::default()));
        let (a, b) = tokio::join!(authorization.header(), authorization.header());
        let first = a.unwrap();
        assert_eq!(first, with_password("1"));
        assert_eq!(b.unwrap(), first);

        authorization.refused(&with_password("0"));
        assert_eq!(authorization.header().await.unwrap(), first);
        authorization.refused(&first);
        let second = authorization.header().await.unwrap();
        assert_eq!(second, with_password("2"));
        authorization.refused(&first);
        assert_eq!(authorization.header().await.unwrap(), second);
    }

    #[tokio::test]
    async fn a_provider_that_fails_is_asked_again() {
        let broken = Counting {
            broken: true,
            ..Counting::default()
        };
        let authorization = Authorization::new(Arc::new(broken));
        let error = authorization.header().await.unwrap_err();
        assert_eq!(error.message(), "sealed");
        assert_eq!(authorization.header().await.unwrap(), with_password("2"));
    }
}
