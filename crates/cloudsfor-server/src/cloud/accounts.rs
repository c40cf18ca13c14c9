//! Accounts and their passwords: what whoever runs the service can do with them.
//!
//! An account can have several passwords, each with a name, so that a program has
//! one of its own that can be revoked. Whatever changes takes effect at once in
//! every process on the data directory.

use rusqlite::Connection;
use secrecy::{ExposeSecret, SecretString};

use super::error::CloudError;
use super::password_hash::hash;
use super::passwords::random_password;
use crate::ids::Ids;
use crate::store::accounts::{self, Account, Password};
use crate::store::audit::{self, NewEntry};
use crate::store::limits::{self, Limits};
use crate::store::{Store, StoreError};

/// The login under which the audit log has what is done here.
const OPERATOR: &str = "operator";

/// The longest name of a password, in bytes.
const NAME_MAX: usize = 64;

/// Why something can't be done with an account.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The first account has another e-mail address.
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
    /// The name of a password is none.
    #[error(
        "{0:?} can't be the name of a password: use 1 to {NAME_MAX} letters, digits, '-', '_' and '.'"
    )]
    InvalidName(String),
    /// There is no such account.
    #[error("there is no account {0}: `cloudsfor serve account list` shows them all")]
    NoAccount(String),
    /// There is an account of this address already.
    #[error("there is an account {0} already")]
    Exists(String),
    /// The account has no such password.
    #[error("the account {email} has no password named {name:?}")]
    NoPassword {
        /// The account.
        email: String,
        /// The name.
        name: String,
    },
    /// The account has a password of this name.
    #[error("the account {email} has a password named {name:?} already: revoke it first")]
    PasswordExists {
        /// The account.
        email: String,
        /// The name.
        name: String,
    },
    /// An account without a password could not be used.
    #[error("{name:?} is the only password of {email}: add another first, or disable the account")]
    LastPassword {
        /// The account.
        email: String,
        /// The name.
        name: String,
    },
    /// The profile for the CLI could not be written.
    #[error("can't write the local profile: {0}")]
    Profile(#[from] std::io::Error),
    /// The store failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        Self::Cloud(error.into())
    }
}

impl From<rusqlite::Error> for AccountError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Cloud(error.into())
    }
}

/// A result about an account.
pub type AccountResult<T> = Result<T, AccountError>;

pub(super) fn check_email(email: &str) -> AccountResult<()> {
    let halves: Vec<_> = email.split('@').collect();
    let fits = halves.len() == 2 && halves.iter().all(|half| !half.is_empty());
    let bad = |c: char| c == ':' || c.is_whitespace() || c.is_control();
    if !fits || email.len() > 254 || email.contains(bad) {
        return Err(AccountError::InvalidEmail(email.to_owned()));
    }
    Ok(())
}

pub(super) fn check_password(password: &SecretString) -> AccountResult<()> {
    let password = password.expose_secret();
    if password.is_empty() || password.contains(char::is_control) {
        return Err(AccountError::InvalidPassword);
    }
    Ok(())
}

fn check_name(name: &str) -> AccountResult<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(good) {
        return Err(AccountError::InvalidName(name.to_owned()));
    }
    Ok(())
}

/// The accounts of a store.
pub struct Accounts<'a> {
    store: &'a Store,
    ids: &'a Ids,
    now: jiff::Timestamp,
}

impl<'a> Accounts<'a> {
    /// Those of this store; what is done is done `now`.
    pub(crate) fn new(store: &'a Store, ids: &'a Ids, now: jiff::Timestamp) -> Self {
        Self { store, ids, now }
    }

    /// All of them, by e-mail address.
    ///
    /// # Errors
    /// Those of the store.
    pub fn list(&self) -> AccountResult<Vec<Account>> {
        Ok(self.store.read(accounts::list)?)
    }

    /// Adds one. Its password is the one given, or else a random one, which is
    /// returned.
    ///
    /// # Errors
    /// If the address or the password can't be used, or the address is taken.
    pub async fn add(
        &self,
        email: &str,
        password: Option<SecretString>,
        vm_limit: u64,
    ) -> AccountResult<Option<SecretString>> {
        check_email(email)?;
        let (hash, new) = hashed(password)?;
        let (uuid, now) = (self.ids.next(self.now), self.now);
        let email = email.to_owned();
        self.store
            .write(move |c| {
                if accounts::by_email(c, &email)?.is_some() {
                    return Err(AccountError::Exists(email));
                }
                let second = now.as_second();
                let id = accounts::insert(c, &email, &uuid, vm_limit, &hash, second)?;
                note(c, id, "add_account", &email, now)
            })
            .await?;
        Ok(new)
    }

    /// Sets how many VMs an account may have. Those that it has beyond stay.
    ///
    /// # Errors
    /// If there is no such account.
    pub async fn set_vm_limit(&self, email: &str, vm_limit: u64) -> AccountResult<()> {
        self.change(email, "set_vm_limit", move |c, account| {
            accounts::set_vm_limit(c, account.id, vm_limit)?;
            Ok(vm_limit.to_string())
        })
        .await
    }

    /// Sets how much of each kind an account may have, where it is given. What it has
    /// beyond stays.
    ///
    /// # Errors
    /// If there is no such account.
    pub async fn set_limits(&self, email: &str, new: Limits) -> AccountResult<()> {
        self.change(email, "set_limits", move |c, account| {
            limits::set(c, account.id, &new)?;
            Ok(account.email.clone())
        })
        .await
    }

    /// Lets nobody log in to an account any more, or lets them again. What it has
    /// stays and goes on running.
    ///
    /// # Errors
    /// If there is no such account.
    pub async fn set_disabled(&self, email: &str, disabled: bool) -> AccountResult<()> {
        let operation = if disabled {
            "disable_account"
        } else {
            "enable_account"
        };
        self.change(email, operation, move |c, account| {
            accounts::set_disabled(c, account.id, disabled)?;
            Ok(account.email.clone())
        })
        .await
    }

    /// The passwords of an account, without what they are.
    ///
    /// # Errors
    /// If there is no such account.
    pub fn passwords(&self, email: &str) -> AccountResult<Vec<Password>> {
        self.store.read(|c| {
            let account = found(c, email)?;
            Ok(accounts::passwords(c, account.id)?)
        })
    }

    /// Sets the password of this name in place of the one that there is: the one
    /// given, or else a random one, which is returned.
    ///
    /// # Errors
    /// If the password can't be used, or there is no such account or password.
    pub async fn set_password(
        &self,
        email: &str,
        name: &str,
        password: Option<SecretString>,
    ) -> AccountResult<Option<SecretString>> {
        self.put_password("set_password", email, name, password, true)
            .await
    }

    /// Adds a password: the one given, or else a random one, which is returned.
    ///
    /// # Errors
    /// If the name or the password can't be used, there is no such account, or it
    /// has a password of this name.
    pub async fn add_password(
        &self,
        email: &str,
        name: &str,
        password: Option<SecretString>,
    ) -> AccountResult<Option<SecretString>> {
        check_name(name)?;
        self.put_password("add_password", email, name, password, false)
            .await
    }

    async fn put_password(
        &self,
        operation: &'static str,
        email: &str,
        name: &str,
        password: Option<SecretString>,
        replaces: bool,
    ) -> AccountResult<Option<SecretString>> {
        let (hash, new) = hashed(password)?;
        let (name, second) = (name.to_owned(), self.now.as_second());
        self.change(email, operation, move |c, account| {
            let email = account.email.clone();
            match accounts::passwords(c, account.id)?
                .iter()
                .any(|known| known.name == name)
            {
                true if !replaces => return Err(AccountError::PasswordExists { email, name }),
                false if replaces => return Err(AccountError::NoPassword { email, name }),
                _ => {}
            }
            accounts::set_password(c, account.id, &name, &hash, second)?;
            Ok(name)
        })
        .await?;
        Ok(new)
    }

    /// Removes a password: whoever uses it is locked out at once.
    ///
    /// # Errors
    /// If there is no such account or password, or it is the only one.
    pub async fn revoke_password(&self, email: &str, name: &str) -> AccountResult<()> {
        let name = name.to_owned();
        self.change(email, "revoke_password", move |c, account| {
            let email = account.email.clone();
            let passwords = accounts::passwords(c, account.id)?;
            if passwords.iter().all(|known| known.name == name) && !passwords.is_empty() {
                return Err(AccountError::LastPassword { email, name });
            }
            if !accounts::revoke_password(c, account.id, &name)? {
                return Err(AccountError::NoPassword { email, name });
            }
            Ok(name)
        })
        .await
    }

    /// Changes something about an account and notes that; `change` says to what.
    async fn change<F>(&self, email: &str, operation: &'static str, change: F) -> AccountResult<()>
    where
        F: FnOnce(&Connection, &Account) -> AccountResult<String> + Send + 'static,
    {
        let (email, now) = (email.to_owned(), self.now);
        self.store
            .write(move |c| {
                let account = found(c, &email)?;
                let target = change(c, &account)?;
                note(c, account.id, operation, &target, now)
            })
            .await
    }
}

fn found(connection: &Connection, email: &str) -> AccountResult<Account> {
    accounts::by_email(connection, email)?.ok_or_else(|| AccountError::NoAccount(email.to_owned()))
}

/// The hash of a password, and the password if it was made just now.
fn hashed(password: Option<SecretString>) -> AccountResult<(String, Option<SecretString>)> {
    match password {
        Some(password) => {
            check_password(&password)?;
            Ok((hash(&password), None))
        }
        None => {
            let new = random_password();
            Ok((hash(&new), Some(new)))
        }
    }
}

fn note(
    connection: &Connection,
    account: accounts::AccountId,
    operation: &str,
    target: &str,
    now: jiff::Timestamp,
) -> AccountResult<()> {
    let entry = NewEntry {
        account,
        login: OPERATOR,
        address: None,
        operation,
        target,
        request_id: None,
    };
    Ok(audit::insert(connection, &entry, now.as_millisecond())?)
}
