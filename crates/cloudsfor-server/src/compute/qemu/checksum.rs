//! Checksums of files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256, Sha512};

/// The checksum of a file in hex, of the same kind as `like`: SHA-512 for one of 128
/// digits, else SHA-256.
///
/// # Errors
/// If the file can't be read.
pub fn checksum_like(file: &Path, like: &str) -> io::Result<String> {
    let file = File::open(file)?;
    match like.len() {
        128 => by::<Sha512>(&file),
        _ => checksum_of(&file),
    }
}

/// The SHA-256 of a file from where it is opened on, in hex.
pub(super) fn checksum_of(file: &File) -> io::Result<String> {
    by::<Sha256>(file)
}

fn by<D: Digest>(mut file: &File) -> io::Result<String> {
    let mut digest = D::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => digest.update(&buffer[..n]),
        }
    }
    let bytes = digest.finalize();
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
