//! The first account of a data directory: made at the first start and checked at
//! each later one. There is no default password.

use rusqlite::Connection;
use secrecy::SecretString;

use super::Cloud;
use super::accounts::{AccountError, check_email, check_password};
use super::password_hash::{hash, hash_cheaply, matches};
use super::passwords::random_password;
use crate::local_profile::LocalProfile;
use crate::store::accounts::{self, Account};
use crate::store::{Store, StoreError};

/// The e-mail address of the first account if none is asked for.
pub const DEFAULT_EMAIL: &str = "admin@localhost";

/// How many VMs the first account may have if no limit is asked for.
pub const DEFAULT_VM_LIMIT: u64 = 100;

/// What is asked of the first account.
#[derive(Debug, Default)]
pub struct FirstAccount {
    /// Its e-mail address. If the account exists already, it must have this one.
    pub email: Option<String>,
    /// Its password; a random one if `None`. If the account exists already, this
    /// must open it.
    pub password: Option<SecretString>,
    /// How many VMs it may have. Applied whether or not the account exists.
    pub vm_limit: Option<u64>,
}

/// How the first account was found.
#[derive(Debug)]
pub struct FoundAccount {
    /// The account.
    pub account: Account,
    /// The random password, if one was made just now: the only time that it is
    /// shown.
    pub new_password: Option<SecretString>,
}

impl Cloud {
    /// Finds the first account, or makes it. When it is made, its credentials
    /// are written to `profile` before they count, so that no password that is
    /// in force is ever lost; a cloud that is thrown away needs none.
    ///
    /// # Errors
    /// If it is not as asked for, or can't be made: [`AccountError`].
    pub async fn first_account(
        &self,
        asked: FirstAccount,
        profile: impl Into<Option<LocalProfile>>,
    ) -> Result<FoundAccount, AccountError> {
        if let Some(email) = &asked.email {
            check_email(email)?;
        }
        if let Some(password) = &asked.password {
            check_password(password)?;
        }
        let FirstAccount {
            email,
            password,
            vm_limit,
        } = asked;
        if let Some(account) = self.store.read(accounts::first)? {
            return existing(&self.store, account, email, password, vm_limit).await;
        }
        let new_password = password.is_none().then(random_password);
        let password = password
            .or_else(|| new_password.clone())
            .unwrap_or_else(random_password);
        let is_cheap = new_password.is_some() && self.store.is_ephemeral();
        let hash = if is_cheap { hash_cheaply } else { hash };
        let new = NewAccount {
            email: email.clone().unwrap_or_else(|| DEFAULT_EMAIL.into()),
            uuid: self.settings.ids.next(self.clock().now()),
            hash: hash(&password),
            vm_limit: vm_limit.unwrap_or(DEFAULT_VM_LIMIT),
            now: self.clock().now().as_second(),
        };
        let (secret, profile) = (password.clone(), profile.into());
        let made = self
            .store
            .write(move |tx| make(tx, &new, &secret, profile.as_ref()))
            .await?;
        match made {
            Made::New(account) => Ok(FoundAccount {
                account,
                new_password,
            }),
            // Another process was first.
            Made::Existing(account) if new_password.is_some() => {
                existing(&self.store, account, email, None, vm_limit).await
            }
            Made::Existing(account) => {
                existing(&self.store, account, email, Some(password), vm_limit).await
            }
        }
    }
}

struct NewAccount {
    email: String,
    uuid: String,
    hash: String,
    vm_limit: u64,
    now: i64,
}

enum Made {
    New(Account),
    Existing(Account),
}

fn make(
    connection: &Connection,
    new: &NewAccount,
    password: &SecretString,
    profile: Option<&LocalProfile>,
) -> Result<Made, AccountError> {
    if let Some(account) = accounts::first(connection)? {
        return Ok(Made::Existing(account));
    }
    let id = accounts::insert(
        connection,
        &new.email,
        &new.uuid,
        new.vm_limit,
        &new.hash,
        new.now,
    )?;
    // Within the transaction, which other processes wait for: whoever writes
    // the profile is whoever makes the account.
    if let Some(profile) = profile {
        profile.save(&new.email, password)?;
    }
    let account = accounts::by_id(connection, id)?.ok_or(StoreError::Closed)?;
    Ok(Made::New(account))
}

async fn existing(
    store: &Store,
    mut account: Account,
    email: Option<String>,
    password: Option<SecretString>,
    vm_limit: Option<u64>,
) -> Result<FoundAccount, AccountError> {
    if let Some(asked) = email
        && !asked.eq_ignore_ascii_case(&account.email)
    {
        return Err(AccountError::OtherAccount {
            existing: account.email,
            asked,
        });
    }
    if let Some(password) = password {
        let passwords = store.read(|c| accounts::passwords(c, account.id))?;
        if !passwords
            .iter()
            .any(|known| matches(&password, &known.hash))
        {
            return Err(AccountError::WrongPassword(account.email));
        }
    }
    if let Some(limit) = vm_limit {
        let id = account.id;
        store
            .write(move |tx| accounts::set_vm_limit(tx, id, limit))
            .await?;
        account.vm_limit = limit;
    }
    Ok(FoundAccount {
        account,
        new_password: None,
    })
}
