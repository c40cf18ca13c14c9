//! Credentials from the environment of the process.

use std::env::{VarError, var};

use async_trait::async_trait;
use secrecy::SecretString;

use super::{Credentials, CredentialsProvider};
use crate::error::{Error, ErrorKind, Result};

/// The account's e-mail from `CLOUDSFOR_EMAIL`, its password from
/// `CLOUDSFOR_PASSWORD`, read when they are needed.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct EnvironmentCredentials;

impl EnvironmentCredentials {
    /// The names that the command line uses too.
    pub fn new() -> Self {
        Self
    }
}

#[async_trait]
impl CredentialsProvider for EnvironmentCredentials {
    async fn credentials(&self) -> Result<Credentials> {
        let email = set(var("CLOUDSFOR_EMAIL"), "CLOUDSFOR_EMAIL")?;
        let password = set(var("CLOUDSFOR_PASSWORD"), "CLOUDSFOR_PASSWORD")?;
        Ok(Credentials::basic(email, SecretString::from(password))?)
    }
}

/// The variable's text. An empty one says nothing; the error never repeats it.
fn set(value: std::result::Result<String, VarError>, name: &str) -> Result<String> {
    let why = match value {
        Ok(text) if !text.is_empty() => return Ok(text),
        Err(VarError::NotUnicode(_)) => "is not UTF-8 text",
        _ => "is not set",
    };
    let message = format!("the environment variable {name} {why}: set it");
    Err(Error::new(
        ErrorKind::Configuration,
        "configuration",
        message,
    ))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    #[test]
    fn what_is_not_there_is_named_and_what_is_there_is_not_shown() {
        assert_eq!(set(Ok("me@h".into()), "CLOUDSFOR_EMAIL").unwrap(), "me@h");
        for (value, says) in [
            (Ok(String::new()), "CLOUDSFOR_PASSWORD is not set"),
            (
                Err(VarError::NotPresent),
                "CLOUDSFOR_PASSWORD is not set: set it",
            ),
            (
                Err(VarError::NotUnicode(OsString::from("hunter2"))),
                "is not UTF-8",
            ),
        ] {
            let error = set(value, "CLOUDSFOR_PASSWORD").unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Configuration);
            let shown = format!("{error} {error:?}");
            assert!(
                shown.contains(says) && !shown.contains("hunter2"),
                "{shown}"
            );
        }
    }
}
