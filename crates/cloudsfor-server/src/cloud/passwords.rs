//! Passwords: argon2id in the store, and a short memory of what was verified.
//!
//! A verification costs milliseconds on purpose, so credentials that were right
//! are remembered for a while, keyed by an HMAC under a random key of this
//! process. The account's password version is compared with the store's at each
//! use: a changed password is forgotten at once, whichever process changed it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

use super::error::{CloudError, CloudResult};
use crate::ids::random_bits;
use crate::store::accounts::{self, Account, AccountId};
use crate::store::{Store, StoreError};

/// How long verified credentials are remembered.
const REMEMBERED: Duration = Duration::from_secs(300);

/// How many are remembered at most.
const CAPACITY: usize = 4096;

/// Verifications that run at once, over all accounts: each takes a processor and
/// 19 MiB.
const AT_ONCE: usize = 2;

/// Verifications that may run or wait: about a second's work.
const WAITING: usize = 64;

/// Accounts share this many queues, so that one account's guesses are verified
/// one after the other.
const QUEUES: usize = 64;

type Digest = [u8; 32];

/// Verifies passwords.
pub(super) struct Passwords {
    key: [u8; 16],
    remembered: Mutex<HashMap<Digest, Remembered>>,
    slots: Semaphore,
    places: Semaphore,
    queues: Vec<AsyncMutex<()>>,
    /// Verified when there is no such account, so that it takes as long.
    decoy: Arc<OnceLock<String>>,
}

struct Remembered {
    account: AccountId,
    password_version: i64,
    until: Instant,
}

impl Passwords {
    /// Remembers nothing yet.
    pub(super) fn new() -> Self {
        Self {
            key: random_bits().to_ne_bytes(),
            remembered: Mutex::default(),
            slots: Semaphore::new(AT_ONCE),
            places: Semaphore::new(WAITING),
            queues: (0..QUEUES).map(|_| AsyncMutex::new(())).collect(),
            decoy: Arc::default(),
        }
    }

    /// The account that these credentials open, if any.
    pub(super) async fn verify(
        &self,
        store: &Store,
        email: &str,
        password: &SecretString,
    ) -> CloudResult<Option<Account>> {
        let digest = self.digest(email, password);
        let account = store.read(|c| accounts::by_email(c, email))?;
        if let Some(account) = &account
            && self.remembers(&digest, account)
        {
            return Ok(Some(account.clone()));
        }
        // A flood of guesses is turned away, so that it can't keep others waiting.
        let _place = self
            .places
            .try_acquire()
            .map_err(|_| CloudError::TooManyLogins)?;
        let _turn = self.queues[digest_of_email(&self.key, email) % QUEUES]
            .lock()
            .await;
        // Whoever was before us in the queue may have verified the same.
        if let Some(account) = &account
            && self.remembers(&digest, account)
        {
            return Ok(Some(account.clone()));
        }
        let _slot = self.slots.acquire().await.map_err(|_| StoreError::Closed)?;
        let hashes = match &account {
            Some(account) => store.read(|c| accounts::password_hashes(c, account.id))?,
            None => Vec::new(),
        };
        let (password, decoy) = (password.clone(), self.decoy.clone());
        let right = tokio::task::spawn_blocking(move || {
            if hashes.is_empty() {
                // So that it takes as long when there is no such account.
                matches(&password, decoy.get_or_init(|| hash(&random_password())));
            }
            matches_any(&password, &hashes)
        })
        .await
        .map_err(|_| StoreError::Panicked)?;
        let verified = account.filter(|_| right);
        if let Some(account) = &verified {
            self.remember(digest, account);
        }
        Ok(verified)
    }

    fn digest(&self, email: &str, password: &SecretString) -> Digest {
        let mut mac = keyed(&self.key);
        // The length keeps "a" + "bc" apart from "ab" + "c".
        mac.update(&(email.len() as u64).to_ne_bytes());
        mac.update(email.as_bytes());
        mac.update(password.expose_secret().as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn remembers(&self, digest: &Digest, account: &Account) -> bool {
        let remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        remembered.get(digest).is_some_and(|known| {
            known.account == account.id
                && known.password_version == account.password_version
                && known.until > Instant::now()
        })
    }

    fn remember(&self, digest: Digest, account: &Account) {
        let now = Instant::now();
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= CAPACITY {
            remembered.retain(|_, known| known.until > now);
            if remembered.len() >= CAPACITY {
                remembered.clear();
            }
        }
        remembered.insert(
            digest,
            Remembered {
                account: account.id,
                password_version: account.password_version,
                until: now + REMEMBERED,
            },
        );
    }
}

fn keyed(key: &[u8; 16]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn digest_of_email(key: &[u8; 16], email: &str) -> usize {
    let mut mac = keyed(key);
    mac.update(email.to_lowercase().as_bytes());
    usize::from(mac.finalize().into_bytes()[0])
}

fn matches_any(password: &SecretString, hashes: &[String]) -> bool {
    hashes.iter().any(|hash| matches(password, hash))
}

/// Whether the password is the one that was hashed.
pub(super) fn matches(password: &SecretString, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.expose_secret().as_bytes(), &hash)
            .is_ok()
    })
}

/// Hashes a password by argon2id, with a random salt.
pub(super) fn hash(password: &SecretString) -> String {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.expose_secret().as_bytes())
        .expect("argon2 hashes any password, and the system has a source of randomness");
    hash.to_string()
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
    fn a_hash_is_argon2id_and_matches_only_its_password() {
        let password = SecretString::from("correct horse");
        let hash = hash(&password);
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(matches(&password, &hash));
        assert!(!matches(&SecretString::from("wrong"), &hash));
        assert!(!matches(&password, "not a hash"));
    }

    #[test]
    fn random_passwords_differ() {
        let (one, other) = (random_password(), random_password());
        assert_eq!(one.expose_secret().len(), 24);
        assert_ne!(one.expose_secret(), other.expose_secret());
    }
}
