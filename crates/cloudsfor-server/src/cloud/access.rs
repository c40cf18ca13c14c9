//! Whether a request that stays open may go on: a change of passwords or of the
//! account counts at once, for those who wait too.

use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::passwords::{Caller, OWNER};
use crate::store::accounts;

/// What a request that stays open was let in by.
pub(crate) struct Access {
    caller: Caller,
    /// The password's hash; none is needed by whoever can read the data directory.
    hash: Option<String>,
}

impl Access {
    /// That of a caller who was let in just now.
    ///
    /// # Errors
    /// [`CloudError::Revoked`] if it has ended already, and those of the store.
    pub(crate) fn of(connection: &Connection, caller: Caller) -> CloudResult<Self> {
        let hash = match &*caller.login {
            OWNER => None,
            _ => Some(hash(connection, &caller)?.ok_or(CloudError::Revoked)?),
        };
        let account = accounts::by_id(connection, caller.account.id)?;
        let version = account.map(|account| account.password_version);
        // Else another password may have this name by now.
        if hash.is_some() && version != Some(caller.account.password_version) {
            return Err(CloudError::Revoked);
        }
        Ok(Self { caller, hash })
    }

    /// Ends with an error if it may not go on.
    ///
    /// # Errors
    /// [`CloudError::Revoked`], and those of the store.
    pub(crate) fn check(&mut self, connection: &Connection) -> CloudResult<()> {
        let account = accounts::by_id(connection, self.caller.account.id)?;
        let account = account.ok_or(CloudError::Revoked)?;
        if self.hash.is_none() || account.password_version == self.caller.account.password_version {
            return Ok(());
        }
        if account.disabled || hash(connection, &self.caller)? != self.hash {
            return Err(CloudError::Revoked);
        }
        self.caller.account = account;
        Ok(())
    }
}

fn hash(connection: &Connection, caller: &Caller) -> CloudResult<Option<String>> {
    let passwords = accounts::passwords(connection, caller.account.id)?;
    let own = passwords
        .into_iter()
        .find(|password| *password.name == *caller.login);
    Ok(own.map(|password| password.hash))
}
