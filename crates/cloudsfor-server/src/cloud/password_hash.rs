//! Passwords as they are kept: hashed by argon2id, in the PHC string format.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret, SecretString};

use crate::ids::random_bits;

/// What is allocated to hash in, in bytes. As only what is written to takes memory,
/// that costs nothing; and it is more than glibc ever keeps for later (32 MiB), so the
/// 19 MiB that are written to go back to the system at once.
const ROOM: usize = 33 << 20;

/// Hashes a password with a random salt.
pub(super) fn hash(password: &SecretString) -> String {
    hash_by(&Argon2::default(), password)
}

/// The same at the least cost, for a password of many random bits in a store that is
/// thrown away.
pub(super) fn hash_cheaply(password: &SecretString) -> String {
    let least = Params::new(
        Params::MIN_M_COST,
        Params::MIN_T_COST,
        Params::MIN_P_COST,
        None,
    );
    let params = least.expect("the least is allowed");
    let argon2 = Argon2::new(Algorithm::default(), Version::default(), params);
    hash_by(&argon2, password)
}

fn hash_by(argon2: &Argon2<'_>, password: &SecretString) -> String {
    let salt = random_bits().to_ne_bytes();
    let output = derive(argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN);
    let hash = PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: ParamsString::try_from(argon2.params()).expect("ours can be written"),
        salt: Some(Salt::new(&salt).expect("a salt may have 16 bytes")),
        hash: Some(output.expect("argon2 hashes any password")),
    };
    hash.to_string()
}

/// Whether the password is the one that was hashed.
pub(super) fn matches(password: &SecretString, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else {
        return false;
    };
    let (Some(salt), Some(known)) = (&hash.salt, hash.hash) else {
        return false;
    };
    let is_ours = hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into());
    let params = Params::try_from(&hash).ok().filter(|_| is_ours);
    params.is_some_and(|params| {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // Compared in constant time.
        derive(&argon2, password, salt, known.len()) == Some(known)
    })
}

fn derive(
    argon2: &Argon2<'_>,
    password: &SecretString,
    salt: &[u8],
    length: usize,
) -> Option<Output> {
    let mut blocks = Vec::with_capacity(ROOM / Block::SIZE);
    blocks.resize(argon2.params().block_count(), Block::new());
    let mut output = vec![0; length];
    let password = password.expose_secret().as_bytes();
    argon2
        .hash_password_into_with_memory(password, salt, &mut output, blocks)
        .ok()?;
    Output::new(&output).ok()
}

#[cfg(test)]
mod tests {
    use argon2::PasswordHasher;

    use super::*;

    #[test]
    fn a_hash_is_argon2id_and_matches_only_its_password() {
        let password = SecretString::from("correct horse");
        let hash = hash(&password);
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(matches(&password, &hash));
        assert!(!matches(&SecretString::from("wrong"), &hash));
        for other in ["not a hash", "$argon2id$v=19$m=19456,t=2,p=1", "$2b$10$x$y"] {
            assert!(!matches(&password, other), "{other}");
        }
    }

    #[test]
    fn a_cheap_hash_matches_only_its_password_too() {
        let password = SecretString::from("correct horse");
        let hash = hash_cheaply(&password);
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert!(matches(&password, &hash));
        assert!(!matches(&SecretString::from("wrong"), &hash));
    }

    #[test]
    fn it_is_what_others_make_of_the_same() {
        let password = SecretString::from("correct horse");
        let theirs: PasswordHash = Argon2::default().hash_password(b"correct horse").unwrap();
        assert!(matches(&password, &theirs.to_string()));
    }
}
