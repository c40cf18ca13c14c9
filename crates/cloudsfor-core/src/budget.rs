//! How many retries all calls of a client together may make.
//!
//! When a service is in trouble, retries are a part of it: with four attempts
//! each, the callers send four times what it already can't answer. So each retry
//! costs tokens of a store that all clones of a client share, and only successes
//! fill it again. When it is empty, a call fails with its first error.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Error, ErrorKind, TransportErrorKind};

/// What a retry costs.
const COST: u32 = 5;

/// What a retry costs after a timeout, which cost the service more.
const COST_AFTER_TIMEOUT: u32 = 10;

/// What a success pays back.
const PAID_BACK: u32 = 1;

/// A store of tokens. Default: 500. A retry costs 5, or 10 after a timeout, and a
/// success pays 1 back.
pub struct RetryBudget {
    capacity: u32,
    tokens: AtomicU32,
}

impl RetryBudget {
    /// A full store of so many tokens.
    pub fn new(tokens: u32) -> Self {
        Self {
            capacity: tokens,
            tokens: AtomicU32::new(tokens),
        }
    }

    /// How many tokens are left.
    pub fn tokens(&self) -> u32 {
        self.tokens.load(Ordering::Relaxed)
    }

    /// Pays for a retry after this error. False, and nothing is paid, if there
    /// isn't enough.
    pub(crate) fn pay_for_retry(&self, error: &Error) -> bool {
        let cost = match error.kind() {
            ErrorKind::Transport(TransportErrorKind::Timeout) => COST_AFTER_TIMEOUT,
            _ => COST,
        };
        self.change(|tokens| tokens.checked_sub(cost))
    }

    /// Takes note of a success.
    pub(crate) fn pay_back(&self) {
        // Full is the usual state, and needs no writing.
        self.change(|tokens| {
            let paid = tokens.saturating_add(PAID_BACK).min(self.capacity);
            (paid != tokens).then_some(paid)
        });
    }

    fn change(&self, change: impl Fn(u32) -> Option<u32>) -> bool {
        self.tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .is_ok()
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new(500)
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget")
            .field("capacity", &self.capacity)
            .field("tokens", &self.tokens())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: TransportErrorKind) -> Error {
        Error::new(ErrorKind::Transport(kind), "get_vm", "as told")
    }

    #[test]
    fn retries_cost_and_successes_pay_back() {
        let budget = RetryBudget::new(17);
        assert!(budget.pay_for_retry(&error(TransportErrorKind::Timeout)));
        assert_eq!(budget.tokens(), 7);
        assert!(!budget.pay_for_retry(&error(TransportErrorKind::Timeout)));
        assert!(budget.pay_for_retry(&error(TransportErrorKind::Cut)));
        assert_eq!(budget.tokens(), 2);
        assert!(!budget.pay_for_retry(&error(TransportErrorKind::Cut)));
        assert_eq!(budget.tokens(), 2);
        for _ in 0..3 {
            budget.pay_back();
        }
        assert!(budget.pay_for_retry(&error(TransportErrorKind::Cut)));
    }

    #[test]
    fn it_is_never_more_than_full() {
        let budget = RetryBudget::default();
        budget.pay_back();
        assert_eq!(budget.tokens(), 500);
    }
}
