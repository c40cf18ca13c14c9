//! How many requests an account may make, where the operator sets a limit.
//!
//! An account that was quiet may make a minute's requests at once; then they come
//! back evenly. Every answer says how many are left.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use cloudsfor_types::ErrorId;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::error::ApiError;
use crate::store::accounts::AccountId;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The accounts' requests.
pub(super) struct RateLimit {
    limiter: RateLimiter<
        AccountId,
        HashMapStateStore<AccountId>,
        DefaultClock,
        StateInformationMiddleware,
    >,
    clock: DefaultClock,
    quota: Quota,
}

impl RateLimit {
    pub(super) fn per_minute(requests: NonZeroU32) -> Self {
        let quota = Quota::per_minute(requests);
        Self {
            limiter: RateLimiter::hashmap(quota).with_middleware(),
            clock: DefaultClock::default(),
            quota,
        }
    }

    /// Answers a request if its account has one left.
    pub(super) async fn keep(
        &self,
        account: AccountId,
        answer: impl Future<Output = Response>,
    ) -> Response {
        let checked: Result<StateSnapshot, _> = self.limiter.check_key(&account);
        match checked {
            Ok(state) => {
                let mut response = answer.await;
                self.describe(response.headers_mut(), state.remaining_burst_capacity());
                response
            }
            Err(not_until) => self.refuse(not_until.wait_time_from(self.clock.now())),
        }
    }

    fn refuse(&self, wait: Duration) -> Response {
        let message = format!(
            "the account made more than {} requests in a minute: try again as Retry-After says",
            self.quota.burst_size()
        );
        let mut response = ApiError::new(ErrorId::TooManyRequests, message).into_response();
        self.describe(response.headers_mut(), 0);
        let wait = seconds(wait.max(Duration::from_millis(1)));
        response.headers_mut().insert(RETRY_AFTER, wait);
        response
    }

    /// Until when the account has all its requests again.
    fn reset(&self, remaining: u32) -> Duration {
        let used = self.quota.burst_size().get().saturating_sub(remaining);
        self.quota.replenish_interval().saturating_mul(used)
    }

    fn describe(&self, headers: &mut HeaderMap, remaining: u32) {
        headers.insert(LIMIT, self.quota.burst_size().get().into());
        headers.insert(REMAINING, remaining.into());
        headers.insert(RESET, seconds(self.reset(remaining)));
    }
}

/// Whole seconds, after which it is certainly over.
fn seconds(time: Duration) -> HeaderValue {
    let more = u64::from(time.subsec_nanos() > 0);
    HeaderValue::from(time.as_secs() + more)
}
