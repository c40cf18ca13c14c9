//! SSH keys over HTTP.

use async_trait::async_trait;
use cloudsfor_types::operations::{CREATE_KEY, DELETE_KEY, GET_KEY, LIST_KEYS, UPDATE_KEY};
use cloudsfor_types::{CreateKey, SshKey, SshKeyAnswer, SshKeyList, UpdateKey};

use super::Client;
use super::call::Target;
use crate::api::{KeySelector, Keys};
use crate::call::CallOptions;
use crate::error::Result;
use crate::page::{Page, PageRequest};

#[async_trait]
impl Keys for Client {
    async fn list_keys(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<SshKey>> {
        self.list(
            &LIST_KEYS,
            Target::default(),
            page,
            call,
            |list: SshKeyList| (list.ssh_keys, list.links, list.meta),
        )
        .await
    }

    async fn create_key(&self, request: &CreateKey, call: &CallOptions) -> Result<SshKey> {
        let answer = self
            .put_or_post(
                &CREATE_KEY,
                Target::default(),
                request,
                CreateKey::decode,
                call,
            )
            .await;
        answer.map(|answer: SshKeyAnswer| answer.ssh_key)
    }

    async fn get_key(&self, key: &KeySelector, call: &CallOptions) -> Result<SshKey> {
        let answer = self.get(&GET_KEY, Target::at(&[key.as_str()]), call).await;
        answer.map(|answer: SshKeyAnswer| answer.ssh_key)
    }

    async fn update_key(
        &self,
        key: &KeySelector,
        request: &UpdateKey,
        call: &CallOptions,
    ) -> Result<SshKey> {
        let answer = self
            .put_or_post(
                &UPDATE_KEY,
                Target::at(&[key.as_str()]),
                request,
                UpdateKey::decode,
                call,
            )
            .await;
        answer.map(|answer: SshKeyAnswer| answer.ssh_key)
    }

    async fn delete_key(&self, key: &KeySelector, call: &CallOptions) -> Result<()> {
        self.delete(&DELETE_KEY, Target::at(&[key.as_str()]), call)
            .await
    }
}
