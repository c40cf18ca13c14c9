//! The account that asks.

use async_trait::async_trait;
use cloudsfor_types::{Account, operations};

use crate::call::CallOptions;
use crate::error::{Error, Result};

/// The account that asks.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Gets the account that the credentials open.
    async fn get_account(&self, call: &CallOptions) -> Result<Account> {
        let _ = call;
        Err(Error::unsupported(operations::GET_ACCOUNT.name))
    }
}
