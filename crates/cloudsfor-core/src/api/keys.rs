//! SSH keys.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use cloudsfor_types::{CreateKey, SshKey, UpdateKey, operations, rules};

use crate::call::CallOptions;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};

/// Public keys that are put into root's account of new VMs.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Lists keys, oldest first: all of them, or one page.
    async fn list_keys(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<SshKey>> {
        let _ = (page, call);
        Err(Error::unsupported(operations::LIST_KEYS.name))
    }

    /// Adds a key.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if the account has it.
    async fn create_key(&self, request: &CreateKey, call: &CallOptions) -> Result<SshKey> {
        let _ = (request, call);
        Err(Error::unsupported(operations::CREATE_KEY.name))
    }

    /// Gets a key.
    async fn get_key(&self, key: &KeySelector, call: &CallOptions) -> Result<SshKey> {
        let _ = (key, call);
        Err(Error::unsupported(operations::GET_KEY.name))
    }

    /// Gives a key another name.
    async fn update_key(
        &self,
        key: &KeySelector,
        request: &UpdateKey,
        call: &CallOptions,
    ) -> Result<SshKey> {
        let _ = (key, request, call);
        Err(Error::unsupported(operations::UPDATE_KEY.name))
    }

    /// Deletes a key. VMs that have it keep it.
    async fn delete_key(&self, key: &KeySelector, call: &CallOptions) -> Result<()> {
        let _ = (key, call);
        Err(Error::unsupported(operations::DELETE_KEY.name))
    }
}

/// Which key is meant: its id, or its fingerprint (`SHA256:…` as ssh-keygen
/// prints it, or the MD5 form). Never empty.
///
/// ```
/// use cloudsfor_core::KeySelector;
///
/// assert_eq!(KeySelector::from(7), "7".parse().unwrap());
/// assert!("SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDEMdOYWlsyMa2zvUU".parse::<KeySelector>().is_ok());
/// assert!("".parse::<KeySelector>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeySelector(String);

/// Why a text selects no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a key's id (a number) nor a fingerprint (SHA256:… or aa:bb:…)")]
pub struct InvalidKeySelector(String);

impl KeySelector {
    /// The id or the fingerprint.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<u64> for KeySelector {
    fn from(id: u64) -> Self {
        Self(id.to_string())
    }
}

impl FromStr for KeySelector {
    type Err = InvalidKeySelector;

    fn from_str(text: &str) -> std::result::Result<Self, InvalidKeySelector> {
        if rules::is_fingerprint(text) {
            Ok(Self(text.to_owned()))
        } else {
            let id = text.parse::<u64>().map(Self::from);
            id.map_err(|_| InvalidKeySelector(text.chars().take(100).collect()))
        }
    }
}

impl fmt::Display for KeySelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
