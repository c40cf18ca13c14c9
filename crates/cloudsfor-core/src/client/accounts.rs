//! The account over HTTP.

use async_trait::async_trait;
use cloudsfor_types::operations::GET_ACCOUNT;
use cloudsfor_types::{Account, AccountAnswer};

use super::Client;
use super::call::Target;
use crate::api::Accounts;
use crate::call::CallOptions;
use crate::error::Result;

#[async_trait]
impl Accounts for Client {
    async fn get_account(&self, call: &CallOptions) -> Result<Account> {
        let answer = self.get(&GET_ACCOUNT, Target::default(), call).await;
        answer.map(|answer: AccountAnswer| answer.account)
    }
}
