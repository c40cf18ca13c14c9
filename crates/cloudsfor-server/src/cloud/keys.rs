//! SSH keys: checked, fingerprinted, each once per account.

use cloudsfor_types::public_key::RSA_BITS_MIN;
use cloudsfor_types::{CreateKey, FieldFault, SshKey, UpdateKey};
use md5::{Digest, Md5};
use rusqlite::Connection;
use ssh_key::{HashAlg, PublicKey};

use super::error::{CloudError, CloudResult};
use super::quota;
use super::tx::Tx;
use crate::store::accounts::AccountId;
use crate::store::keys::{self, KeyRecord};
use crate::store::vms::VmRecord;
use crate::store::window::Position;

/// Adds a key.
pub fn create(tx: &Tx<'_>, account: AccountId, request: &CreateKey) -> CloudResult<SshKey> {
    let text = request.public_key.as_str();
    let invalid =
        |message: String| CloudError::Invalid(vec![FieldFault::new("public_key", message)]);
    let unsound = |error: ssh_key::Error| {
        let kind = text.split(' ').next().unwrap_or_default();
        tracing::debug!(%error, "a public key can't be read");
        invalid(format!(
            "has data that are no key of the type {kind}: copy the whole line again"
        ))
    };
    let key = PublicKey::from_openssh(text).map_err(unsound)?;
    if let Some(bits) = rsa_bits(&key).filter(|bits| *bits < RSA_BITS_MIN) {
        let message = format!(
            "is an RSA key of {bits} bits, which is too short: it must have at least \
             {RSA_BITS_MIN}, or make another one by `ssh-keygen -t ed25519`"
        );
        return Err(invalid(message));
    }
    let mut record = KeyRecord {
        id: 0,
        name: request.name.clone(),
        public_key: text.to_owned(),
        sha256: key.fingerprint(HashAlg::Sha256).to_string(),
        md5: md5_fingerprint(&key.to_bytes().map_err(unsound)?),
        created_at: tx.second(),
    };
    if let Some(present) = keys::by_fingerprint(tx.connection, account, &record.sha256)? {
        return Err(CloudError::Conflict(format!(
            "the account has this key already: {} ({})",
            present.id, present.name
        )));
    }
    quota::check_key(tx, account)?;
    record.id = keys::insert(tx.connection, account, &record)?;
    Ok(view(record))
}

/// The length of an RSA key's modulus.
fn rsa_bits(key: &PublicKey) -> Option<usize> {
    let modulus = key.key_data().rsa()?.n.as_positive_bytes()?;
    let leading = modulus.first()?.leading_zeros() as usize;
    Some(modulus.len() * 8 - leading)
}

/// Pairs of hex digits and colons, as ssh-keygen printed it once.
fn md5_fingerprint(key: &[u8]) -> String {
    let digest = Md5::digest(key);
    let pairs: Vec<_> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

/// The account's keys, oldest first, with their places in the list.
pub fn list(connection: &Connection, account: AccountId) -> CloudResult<Vec<(Position, SshKey)>> {
    let keys = keys::list(connection, account)?;
    Ok(keys
        .into_iter()
        .map(|key| (key.position(), view(key)))
        .collect())
}

/// The keys in root's account of a VM. One that was deleted since is left out.
pub(super) fn public_keys(connection: &Connection, vm: &VmRecord) -> CloudResult<Vec<String>> {
    let keys = vm.ssh_keys.iter();
    let keys = keys.map(|id| keys::by_id(connection, vm.account, *id));
    keys.filter_map(|key| {
        Some(
            key.transpose()?
                .map(|key| key.public_key)
                .map_err(Into::into),
        )
    })
    .collect()
}

/// The account's key with this id or fingerprint.
pub fn get(connection: &Connection, account: AccountId, key: &str) -> CloudResult<SshKey> {
    record(connection, account, key).map(view)
}

fn record(connection: &Connection, account: AccountId, key: &str) -> CloudResult<KeyRecord> {
    let found = match key.parse() {
        Ok(id) => keys::by_id(connection, account, id)?,
        Err(_) => {
            let md5 = key.strip_prefix("MD5:").unwrap_or(key);
            keys::by_fingerprint(connection, account, md5)?
        }
    };
    found.ok_or_else(|| CloudError::NotFound {
        what: "key",
        id: key.to_owned(),
    })
}

/// Renames the account's key.
pub fn update(
    tx: &Tx<'_>,
    account: AccountId,
    key: &str,
    request: &UpdateKey,
) -> CloudResult<SshKey> {
    let mut record = record(tx.connection, account, key)?;
    keys::rename(tx.connection, record.id, &request.name)?;
    record.name.clone_from(&request.name);
    Ok(view(record))
}

/// Deletes the account's key. VMs that were made with it keep it.
pub fn delete(tx: &Tx<'_>, account: AccountId, key: &str) -> CloudResult<()> {
    let record = record(tx.connection, account, key)?;
    Ok(keys::delete(tx.connection, record.id)?)
}

fn view(record: KeyRecord) -> SshKey {
    SshKey {
        id: record.id.into(),
        fingerprint: record.sha256,
        public_key: record.public_key,
        name: record.name,
        extra: Default::default(),
    }
}
