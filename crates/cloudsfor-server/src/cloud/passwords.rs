//! Passwords: argon2id in the store, and a short memory of what was verified.
//!
//! A verification costs milliseconds on purpose, so how it went is remembered for
//! a while, keyed by an HMAC of the credentials under a random key of this process.
//! The account's password version is compared with the store's at each use: a
//! changed password is forgotten at once, whichever process changed it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

use super::error::CloudResult;
use super::login_limits::{Address, LoginLimits};
use super::password_hash::{hash, matches};
use crate::digest::{Digest, Digests};
use crate::ids::random_bits;
use crate::store::accounts::{self, Account, AccountId};
use crate::store::{Snapshot, Store, StoreError};

/// How long it is remembered whether credentials are right.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(300);

/// How many are remembered at most.
const CAPACITY: usize = 4096;

/// Verifications that run at once, over all accounts: each takes a processor and
/// 19 MiB.
const AT_ONCE: usize = 2;

/// Accounts share this many queues, so that one account's guesses are verified
/// one after the other.
const QUEUES: usize = 64;

/// Who asks: an account, by one of its logins.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub account: Account,
    /// The name of the password that was used, or [`OWNER`].
    pub login: Arc<str>,
}

/// The login of whoever can read the data directory and needs no password.
pub const OWNER: &str = "owner";

/// Verifies passwords.
pub(super) struct Passwords {
    digests: Digests,
    remembered: Mutex<HashMap<Digest, Remembered>>,
    /// The same credentials that come many times at once are verified once.
    flights: Flights,
    limits: LoginLimits,
    slots: Semaphore,
    queues: Vec<AsyncMutex<()>>,
    /// Verified when there is no such account, so that it takes as long.
    decoy: Arc<OnceLock<String>>,
}

type Flights = Mutex<HashMap<Digest, Arc<AsyncMutex<()>>>>;

/// A place among those who come with the same credentials.
struct Flight<'a> {
    lock: Arc<AsyncMutex<()>>,
    digest: Digest,
    flights: &'a Flights,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        // The map's and this one: nobody else waits.
        if Arc::strong_count(&self.lock) == 2 {
            flights.remove(&self.digest);
        }
    }
}

struct Remembered {
    /// The name of the password, if it is right.
    login: Option<Arc<str>>,
    known_for: KnownFor,
    until: Instant,
}

/// What an answer is right for: the account and its password version, or that
/// there is no account.
#[derive(PartialEq, Eq)]
struct KnownFor(Option<(AccountId, i64)>);

impl KnownFor {
    fn of(account: Option<&Account>) -> Self {
        Self(account.map(|account| (account.id, account.password_version)))
    }
}

impl Passwords {
    /// Remembers nothing yet.
    pub(super) fn new() -> Self {
        Self {
            digests: Digests::new(),
            remembered: Mutex::default(),
            flights: Mutex::default(),
            limits: LoginLimits::default(),
            slots: Semaphore::new(AT_ONCE),
            queues: (0..QUEUES).map(|_| AsyncMutex::new(())).collect(),
            decoy: Arc::default(),
        }
    }

    /// Whom these credentials let in, if anybody.
    pub(super) async fn verify(
        &self,
        store: &Store,
        email: &str,
        password: &SecretString,
        address: Address,
        snapshot: &mut Option<Snapshot>,
    ) -> CloudResult<Option<Caller>> {
        let digest = self.digest(email, password);
        let look = |c: &_| accounts::by_email(c, email);
        let account = match snapshot {
            Some(snapshot) => snapshot.read(look),
            None => store.read(look),
        }?;
        if let Some(answer) = self.remembered(&digest, account.as_ref()) {
            return Ok(answer);
        }
        // What follows takes long.
        *snapshot = None;
        let flight = Flight {
            lock: self.flights.lock().entry(digest).or_default().clone(),
            digest,
            flights: &self.flights,
        };
        let _turn = flight.lock.lock().await;
        // Whoever was before us may have verified the same.
        match self.remembered(&digest, account.as_ref()) {
            Some(answer) => Ok(answer),
            None => Box::pin(self.verify_anew(store, email, password, address)).await,
        }
    }

    async fn verify_anew(
        &self,
        store: &Store,
        email: &str,
        password: &SecretString,
        address: Address,
    ) -> CloudResult<Option<Caller>> {
        let _place = self.limits.enter(address)?;
        let pair = (email.to_lowercase(), address);
        let delay = self.limits.delay(&pair, Instant::now())?;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let _turn = self.queues[self.queue_of(email)].lock().await;
        let _slot = self.slots.acquire().await.map_err(|_| StoreError::Closed)?;
        // Read together: a password that is changed meanwhile is not remembered
        // under the version that it doesn't have.
        let found = store.read(|c| -> CloudResult<_> {
            let Some(account) = accounts::by_email(c, email)? else {
                return Ok(None);
            };
            let passwords = accounts::passwords(c, account.id)?;
            Ok(Some((account, passwords)))
        })?;
        let (account, passwords) = found.unzip();
        let (secret, decoy) = (password.clone(), self.decoy.clone());
        let matching = tokio::task::spawn_blocking(move || {
            let passwords = passwords.unwrap_or_default();
            if passwords.is_empty() {
                // So that it takes as long when there is no such account.
                matches(&secret, decoy.get_or_init(|| hash(&random_password())));
            }
            let mut passwords = passwords.into_iter();
            passwords.find(|password| matches(&secret, &password.hash))
        })
        .await
        .map_err(|_| StoreError::Panicked)?;
        let login: Option<Arc<str>> = matching.map(|password| password.name.into());
        let digest = self.digest(email, password);
        self.remember(digest, KnownFor::of(account.as_ref()), login.clone());
        match account.zip(login) {
            Some((account, login)) => {
                self.limits.succeeded(&pair);
                Ok(Some(Caller { account, login }))
            }
            None => {
                self.limits.failed(pair, Instant::now());
                Ok(None)
            }
        }
    }

    fn digest(&self, email: &str, password: &SecretString) -> Digest {
        let password = password.expose_secret().as_bytes();
        self.digests.of([email.as_bytes(), password])
    }

    /// How the verification went lately, if it did.
    fn remembered(&self, digest: &Digest, account: Option<&Account>) -> Option<Option<Caller>> {
        let remembered = self.remembered.lock();
        let known = remembered.get(digest).filter(|known| {
            known.known_for == KnownFor::of(account) && known.until > Instant::now()
        })?;
        let caller = account.cloned().zip(known.login.clone());
        Some(caller.map(|(account, login)| Caller { account, login }))
    }

    fn remember(&self, digest: Digest, known_for: KnownFor, login: Option<Arc<str>>) {
        let now = Instant::now();
        let mut remembered = self.remembered.lock();
        if remembered.len() >= CAPACITY {
            // Wrong ones first, so that a flood of guesses makes no right one be
            // verified again.
            remembered.retain(|_, known| known.until > now && known.login.is_some());
            if remembered.len() >= CAPACITY {
                remembered.clear();
            }
        }
        let new = Remembered {
            login,
            known_for,
            until: now + REMEMBERED,
        };
        remembered.insert(digest, new);
    }

    fn queue_of(&self, email: &str) -> usize {
        usize::from(self.digests.of([email.to_lowercase().as_bytes()])[0]) % QUEUES
    }
}

/// A password of 120 random bits, of letters and digits that aren't confused.
pub(super) fn random_password() -> SecretString {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bits = random_bits();
    let letter = |index: u32| ALPHABET[(bits >> (5 * index)) as usize & 31] as char;
    SecretString::from((0..24).map(letter).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_passwords_differ() {
        let (one, other) = (random_password(), random_password());
        assert_eq!(one.expose_secret().len(), 24);
        assert_ne!(one.expose_secret(), other.expose_secret());
    }
}
