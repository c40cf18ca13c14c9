//! Who asks: an e-mail and a password, sent by HTTP basic authentication.
//!
//! ```
//! use cloudsfor_core::Credentials;
//!
//! let credentials = Credentials::basic("user@example.com", "secret".into())?;
//! assert!(!format!("{credentials:?}").contains("secret"));
//! # Ok::<(), cloudsfor_core::credentials::InvalidCredentials>(())
//! ```
//!
//! A client takes them from a [`CredentialsProvider`]: [`Credentials`] themselves,
//! [`EnvironmentCredentials`], a profile (`profile::Resolved`, feature `profile`),
//! or one of your own. It asks when the first request needs them, keeps the answer,
//! and asks again after the server has refused it (401):
//!
//! ```
//! use async_trait::async_trait;
//! use cloudsfor_core::credentials::CredentialsProvider;
//! use cloudsfor_core::{Client, Credentials, Result};
//!
//! /// Takes the password from wherever a team keeps its secrets.
//! struct Vault;
//!
//! #[async_trait]
//! impl CredentialsProvider for Vault {
//!     async fn credentials(&self) -> Result<Credentials> {
//!         let password = read_from_vault("cloudsfor").await;
//!         Ok(Credentials::basic("user@example.com", password.into())?)
//!     }
//! }
//! # async fn read_from_vault(_: &str) -> String { String::new() }
//!
//! let client = Client::builder().credentials(Vault);
//! ```

mod environment;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

pub use self::environment::EnvironmentCredentials;
use crate::error::{Error, ErrorKind, Result};

/// Where credentials come from, asked when they are needed.
#[async_trait]
pub trait CredentialsProvider: Send + Sync {
    /// The credentials as they are now. The time that this takes is a part of the
    /// call's.
    ///
    /// # Errors
    /// Whatever the source of them meets; the call that needed them fails with it.
    async fn credentials(&self) -> Result<Credentials>;
}

#[async_trait]
impl<P: CredentialsProvider + ?Sized> CredentialsProvider for Arc<P> {
    async fn credentials(&self) -> Result<Credentials> {
        (**self).credentials().await
    }
}

#[async_trait]
impl CredentialsProvider for Credentials {
    async fn credentials(&self) -> Result<Self> {
        Ok(self.clone())
    }
}

/// An account's e-mail and password. The password is never shown, and is erased
/// from memory when this is dropped.
#[derive(Clone)]
pub struct Credentials {
    email: String,
    password: SecretString,
}

/// Why an e-mail and a password can't be sent. Says nothing of the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentials {
    /// There is no e-mail.
    #[error("the e-mail is empty: give the account's e-mail")]
    EmptyEmail,
    /// Basic authentication ends the e-mail at its first colon.
    #[error("an e-mail can't have a ':': give the e-mail alone, and the password separately")]
    ColonInEmail,
    /// Basic authentication has no control characters.
    #[error("the e-mail has a control character, perhaps a line break at its end: remove it")]
    ControlInEmail,
    /// Basic authentication has no control characters.
    #[error("the password has a control character, perhaps a line break at its end: remove it")]
    ControlInPassword,
}

impl Credentials {
    /// Credentials for HTTP basic authentication.
    ///
    /// # Errors
    /// [`InvalidCredentials`] for an e-mail that is empty or has a colon, and for
    /// control characters, which RFC 7617 forbids in both.
    pub fn basic(
        email: impl Into<String>,
        password: SecretString,
    ) -> std::result::Result<Self, InvalidCredentials> {
        let email = email.into();
        if email.is_empty() {
            Err(InvalidCredentials::EmptyEmail)
        } else if email.contains(':') {
            Err(InvalidCredentials::ColonInEmail)
        } else if email.contains(char::is_control) {
            Err(InvalidCredentials::ControlInEmail)
        } else if password.expose_secret().contains(char::is_control) {
            Err(InvalidCredentials::ControlInPassword)
        } else {
            Ok(Self { email, password })
        }
    }

    /// The account's e-mail.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The value of the `Authorization` header, marked sensitive: its `Debug`
    /// shows nothing of it.
    pub fn authorization(&self) -> HeaderValue {
        let pair = SecretString::from(format!("{}:{}", self.email, self.password.expose_secret()));
        let text = format!("Basic {}", STANDARD.encode(pair.expose_secret()));
        let mut value = HeaderValue::try_from(text).expect("base64 is visible ASCII");
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

impl From<InvalidCredentials> for Error {
    fn from(invalid: InvalidCredentials) -> Self {
        Self::new(
            ErrorKind::Configuration,
            "configuration",
            invalid.to_string(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_the_documented_one() {
        let credentials = Credentials::basic("username", "password".into()).unwrap();
        let header = credentials.authorization();
        assert_eq!(header, "Basic dXNlcm5hbWU6cGFzc3dvcmQ=");
        assert!(header.is_sensitive());
        assert_eq!(format!("{header:?}"), "Sensitive");
    }

    #[test]
    fn the_password_is_never_shown() {
        let credentials = Credentials::basic("user@example.com", "hunter2".into()).unwrap();
        let shown = format!("{credentials:?} {credentials:#?}");
        assert!(shown.contains("user@example.com"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn what_basic_authentication_cannot_carry_is_refused() {
        for (email, password, fault) in [
            ("", "p", InvalidCredentials::EmptyEmail),
            ("a:b@example.com", "p", InvalidCredentials::ColonInEmail),
            ("a@example.com\n", "p", InvalidCredentials::ControlInEmail),
            (
                "a@example.com",
                "p\n",
                InvalidCredentials::ControlInPassword,
            ),
        ] {
            let refused = Credentials::basic(email, password.into()).unwrap_err();
            assert_eq!(refused, fault);
        }
        assert!(Credentials::basic("é@example.com", "пароль: да".into()).is_ok());
    }
}
