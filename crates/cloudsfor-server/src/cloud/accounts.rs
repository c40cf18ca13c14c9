//! Accounts. The first one of a data directory is made at the first start and
//! checked at each later one. There is no default password.

use rusqlite::Connection;
use secrecy::{ExposeSecret, SecretString};

use super::Cloud;
use super::error::CloudError;
use super::passwords::{hash, matches, random_password};
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

/// Why the first account is not as asked for.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// It has another e-mail address.
    #[error(
        "the data directory belongs to the account {existing}, not {asked}: \
         start without --account, or with another --data-dir"
    )]
    OtherAccount {
        /// The address it has.
        existing: String,
        /// The address that was asked for.
        asked: String,
    },
    /// It has another password.
    #[error("the password given is not that of the account {0}: give the right one, or none")]
    WrongPassword(String),
    /// The e-mail address is none.
    #[error("{0:?} is no e-mail address: it needs one '@', and no ':', space or control character")]
    InvalidEmail(String),
    /// The password is empty, or can't be sent by basic authentication.
    #[error("the password is empty or has a control character: choose another")]
    InvalidPassword,
    /// The profile for the CLI could not be written.
    #[error("can't write the local profile: {0}")]
    Profile(#[from] std::io::Error),
    /// There is an account of this address already, or the store failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        Self::Cloud(error.into())
    }
}

impl Cloud {
    /// Finds the first account, or makes it. When it is made, its credentials
    /// are written to `profile` before they count, so that no password that is
    /// in force is ever lost.
    ///
    /// # Errors
    /// If it is not as asked for, or can't be made: [`AccountError`].
    pub async fn first_account(
        &self,
        asked: FirstAccount,
        profile: LocalProfile,
    ) -> Result<FoundAccount, AccountError> {
        check(&asked)?;
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
        let new = NewAccount {
            email: email.clone().unwrap_or_else(|| DEFAULT_EMAIL.into()),
            uuid: self.settings.ids.next(self.clock().now()),
            hash: hash(&password),
            vm_limit: vm_limit.unwrap_or(DEFAULT_VM_LIMIT),
            now: self.clock().now().as_second(),
        };
        let secret = password.clone();
        let made = self
            .store
            .write(move |tx| make(tx, &new, &secret, &profile))
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

impl Cloud {
    /// Adds an account beside the first.
    ///
    /// # Errors
    /// If the address or the password can't be used, or the address is taken.
    pub async fn add_account(
        &self,
        email: &str,
        password: &SecretString,
        vm_limit: u64,
    ) -> Result<(), AccountError> {
        check(&FirstAccount {
            email: Some(email.to_owned()),
            password: Some(password.clone()),
            vm_limit: None,
        })?;
        let (email, hash) = (email.to_owned(), hash(password));
        self.write(move |tx| {
            if accounts::by_email(tx.connection, &email)?.is_some() {
                return Err(CloudError::Conflict(format!(
                    "there is an account {email} already"
                )));
            }
            let uuid = tx.new_account_uuid();
            accounts::insert(tx.connection, &email, &uuid, vm_limit, &hash, tx.second())?;
            Ok(())
        })
        .await?;
        Ok(())
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
    profile: &LocalProfile,
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
    profile.save(&new.email, password)?;
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
        let hashes = store.read(|c| accounts::password_hashes(c, account.id))?;
        if !hashes.iter().any(|hash| matches(&password, hash)) {
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

fn check(asked: &FirstAccount) -> Result<(), AccountError> {
    if let Some(email) = &asked.email {
        let halves: Vec<_> = email.split('@').collect();
        let fits = halves.len() == 2 && halves.iter().all(|half| !half.is_empty());
        let bad = |c: char| c == ':' || c.is_whitespace() || c.is_control();
        if !fits || email.len() > 254 || email.contains(bad) {
            return Err(AccountError::InvalidEmail(email.clone()));
        }
    }
    match &asked.password {
        Some(password) if !is_sendable(password.expose_secret()) => {
            Err(AccountError::InvalidPassword)
        }
        _ => Ok(()),
    }
}

fn is_sendable(password: &str) -> bool {
    !password.is_empty() && !password.contains(char::is_control)
}
