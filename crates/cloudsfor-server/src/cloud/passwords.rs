//! Passwords: argon2id in the store, and a short memory of what was verified.
//!
//! A verification costs milliseconds on purpose, so how it went is remembered for
//! a while, keyed by an HMAC of the credentials under a random key of this process.
//! The account's password version is compared with the store's at each use: a
//! changed password is forgotten at once, whichever process changed it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex as AsyncMutex;

use super::error::CloudResult;
use super::login_limits::{Address, LoginLimits, Origin};
use super::password_hash::{hash, matches};
use crate::digest::{Digest, Digests};
use crate::ids::random_bits;
use crate::store::accounts::{self, Account, AccountId};
use crate::store::{Snapshot, Store, StoreError};

/// How long it is remembered whether credentials are right.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(300);

/// How many are remembered at most.
const CAPACITY: usize = 4096;

/// Wrong passwords are answered so long after their turn began, or a multiple of that:
/// how many passwords an account has, and whether there is one, takes no other time.
const WRONG: Duration = Duration::from_millis(500);

/// The longest e-mail address, in bytes. A longer one is no account's.
const EMAIL_MAX: usize = 254;

/// How often the address is noted from which credentials are used that are remembered.
const NOTED: Duration = Duration::from_secs(60);

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
    /// Later each time that it is used.
    until: Instant,
    /// From where it was used last, and when that was noted.
    used: Option<(Address, Instant)>,
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
        let email = &*normal(email);
        let digest = self.digest(email, password);
        let look = |c: &_| accounts::by_email(c, email);
        let account = match snapshot {
            Some(snapshot) => snapshot.read(look),
            None => store.read(look),
        }?;
        if let Some(answer) = self.remembered(&digest, account.as_ref(), email, address) {
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
        match self.remembered(&digest, account.as_ref(), email, address) {
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
        let origin = self.origin(email, address);
        let turn = self.limits.turn(origin).await?;
        let start = tokio::time::Instant::now();
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
            let matching = passwords.find(|password| matches(&secret, &password.hash));
            // A client that hangs up ends no verification, so its turn lasts as long.
            drop(turn);
            matching
        })
        .await
        .map_err(|_| StoreError::Panicked)?;
        let login: Option<Arc<str>> = matching.map(|password| password.name.into());
        let digest = self.digest(email, password);
        self.remember(digest, KnownFor::of(account.as_ref()), login.clone());
        match account.zip(login) {
            Some((account, login)) => {
                self.limits.succeeded(origin);
                Ok(Some(Caller { account, login }))
            }
            None => {
                self.limits.failed(origin);
                let took = start.elapsed().as_millis() / WRONG.as_millis();
                let times = u32::try_from(took).unwrap_or(u32::MAX).saturating_add(1);
                tokio::time::sleep_until(start + WRONG * times).await;
                Ok(None)
            }
        }
    }

    fn origin(&self, email: &str, address: Address) -> Origin {
        Origin::new(self.digests.of([email.as_bytes()]), address)
    }

    fn digest(&self, email: &str, password: &SecretString) -> Digest {
        let password = password.expose_secret().as_bytes();
        self.digests.of([email.as_bytes(), password])
    }

    /// How the verification went lately, if it did.
    fn remembered(
        &self,
        digest: &Digest,
        account: Option<&Account>,
        email: &str,
        address: Address,
    ) -> Option<Option<Caller>> {
        let now = Instant::now();
        let mut remembered = self.remembered.lock();
        let known = remembered
            .get_mut(digest)
            .filter(|known| known.known_for == KnownFor::of(account) && known.until > now)?;
        let caller = account.cloned().zip(known.login.clone());
        if caller.is_some() {
            known.until = now + REMEMBERED;
            let is_noted =
                |(from, at): (Address, Instant)| from == address && now.duration_since(at) < NOTED;
            if !known.used.is_some_and(is_noted) {
                known.used = Some((address, now));
                self.limits.seen(self.origin(email, address));
            }
        }
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
            used: None,
        };
        remembered.insert(digest, new);
    }
}

/// An e-mail address as it counts, however it is spelled; none if it is too long.
fn normal(email: &str) -> Cow<'_, str> {
    if email.len() > EMAIL_MAX {
        Cow::Borrowed("")
    } else if email.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(email.to_ascii_lowercase())
    } else {
        Cow::Borrowed(email)
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
