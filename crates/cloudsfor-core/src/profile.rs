//! The profile file: which clouds there are and as whom they are used, shared by
//! programs and the command line (feature `profile`).
//!
//! The file is `$CLOUDSFOR_CONFIG`, else `cloudsfor/config.toml` in the user's
//! directory for configuration (`~/.config` on Linux):
//!
//! ```toml
//! profile = "work"                    # the one in use
//!
//! [profiles.work]
//! endpoint = "https://cloudsfor.com"
//! email = "user@example.com"
//! password_command = "pass show cloudsfor"    # or: password = "…"
//! ```
//!
//! A file with a password in it must be its owner's alone (mode 0600), else it is
//! refused. A `password_command` is run by `sh -c` when the password is needed; the
//! first line of what it prints is the password.
//!
//! A program that runs as its user asks [`Given::resolve`] where to go and as
//! whom: what the program was told comes first, then the environment, then the
//! profile. [`Config`] reads and writes the file itself.
//!
//! ```no_run
//! use cloudsfor_core::Client;
//! use cloudsfor_core::profile::Given;
//!
//! let resolved = Given::default().resolve()?;
//! let client = Client::builder()
//!     .endpoint(resolved.endpoint.clone().unwrap_or_default())
//!     .credentials(resolved)
//!     .build()?;
//! # Ok::<(), cloudsfor_core::Error>(())
//! ```

mod config;
mod file;
mod password;
mod resolve;

use std::path::PathBuf;
use std::time::Duration;

pub use self::config::{Config, Profile};
pub use self::password::Password;
pub use self::resolve::{Environment, Given, Resolved};
use crate::endpoint::InvalidEndpoint;
use crate::error::{Error, ErrorKind};

/// Why the profile file, or what it says, can't be used. Never says anything of a
/// password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// There is no place for the file.
    #[error(
        "it isn't known where the profile file is, since there is no home directory: \
         set CLOUDSFOR_CONFIG to its path"
    )]
    NoPlace,
    /// An environment variable is not UTF-8.
    #[error("the environment variable {0} is not UTF-8 text: set it again, or unset it")]
    NotText(&'static str),
    /// The file can't be read.
    #[error("the profile file {path} can't be read ({source})", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file can't be written.
    #[error("the profile file {path} can't be written ({source})", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others than its owner can read it, and it has a password in it.
    #[error(
        "the profile file {path} has a password in it and others may read it: \
         chmod 600 {path}", path = path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// It is no TOML. The line is not repeated: it may hold a password.
    #[error("the profile file {path} is no TOML: correct line {line}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1; 0 if it isn't known.
        line: usize,
    },
    /// An attribute has another type than it should, or contradicts another.
    #[error("the profile file {path}: {attribute} {rule}", path = path.display())]
    Attribute {
        /// The file.
        path: PathBuf,
        /// The attribute with the tables around it: `profiles.work.email`.
        attribute: String,
        /// What it must be.
        rule: &'static str,
    },
    /// A name that no profile can have.
    #[error("{0:?} is no name for a profile: use 1 to 64 letters, digits, '-', '_' and '.'")]
    Name(String),
    /// There is no such profile.
    #[error(
        "there is no profile {name:?} in {path}: it has {known}", path = path.display(),
        known = if known.is_empty() { "none".to_owned() } else { known.join(", ") }
    )]
    Unknown {
        /// The profile that was asked for.
        name: String,
        /// The file.
        path: PathBuf,
        /// The profiles that there are.
        known: Vec<String>,
    },
    /// An endpoint is no base URL.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
    /// The command that should print the password failed.
    #[error("the password command {why}: run it in a shell to see what is wrong")]
    PasswordCommand {
        /// How: its exit status, or why it couldn't be started.
        why: String,
    },
    /// The command took too long.
    #[error("the password command printed no password within {0:?}: run it in a shell")]
    PasswordCommandSlow(Duration),
    /// Nobody says who asks.
    #[error(
        "nobody says as whom to ask (there is no {0}): set CLOUDSFOR_EMAIL and \
         CLOUDSFOR_PASSWORD, or make a profile"
    )]
    NoCredentials(&'static str),
}

impl From<ProfileError> for Error {
    fn from(error: ProfileError) -> Self {
        let message = error.to_string();
        Self::new(ErrorKind::Configuration, "configuration", message).with_source(error)
    }
}
