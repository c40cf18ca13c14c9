//! The CLI's profile of the cloud on one's own machine: where `serve` listens
//! and with which account, in a file that only its owner can read.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// A place for the profile in a data directory.
#[derive(Debug, Clone)]
pub struct LocalProfile {
    path: PathBuf,
}

/// What a profile says.
#[derive(Debug)]
pub struct Profile {
    /// The account's e-mail address.
    pub email: String,
    /// Its password.
    pub password: SecretString,
    /// Where the service last listened.
    pub endpoint: Option<String>,
    /// The certificate that it answers with, if it answers by HTTPS.
    pub ca_file: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    email: String,
    password: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
}

impl LocalProfile {
    /// The profile in this data directory.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join("local-profile.toml"),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it; `None` if there is none.
    ///
    /// # Errors
    /// If it can't be read, or is no profile.
    pub fn load(&self) -> io::Result<Option<Profile>> {
        match self.read()? {
            None => Ok(None),
            Some(document) => Ok(Some(Profile {
                email: document.email,
                password: document.password.into(),
                endpoint: document.endpoint,
                ca_file: document.ca_file,
            })),
        }
    }

    /// Writes credentials, in place of what was there.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn save(&self, email: &str, password: &SecretString) -> io::Result<()> {
        self.write(&Document {
            email: email.to_owned(),
            password: password.expose_secret().to_owned(),
            endpoint: None,
            ca_file: None,
        })
    }

    /// Notes where the service listens and with which certificate, if there is a profile.
    ///
    /// # Errors
    /// If the file can't be read or written.
    pub fn set_endpoint(&self, endpoint: &str, certificate: Option<&Path>) -> io::Result<()> {
        match self.read()? {
            None => Ok(()),
            Some(document) => self.write(&Document {
                endpoint: Some(endpoint.to_owned()),
                ca_file: certificate.map(std::path::absolute).transpose()?,
                ..document
            }),
        }
    }

    /// Notes an account's new password, if the profile is that account's.
    ///
    /// # Errors
    /// If the file can't be read or written.
    pub fn set_password(&self, email: &str, password: &SecretString) -> io::Result<()> {
        match self.read()? {
            Some(document) if document.email.eq_ignore_ascii_case(email) => self.write(&Document {
                password: password.expose_secret().to_owned(),
                ..document
            }),
            _ => Ok(()),
        }
    }

    fn read(&self) -> io::Result<Option<Document>> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => toml::from_str(&text).map(Some).map_err(|_| {
                // toml's own message would quote the line, and so the password.
                let message = format!("{} is not a profile: delete it", self.path.display());
                io::Error::new(io::ErrorKind::InvalidData, message)
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes beside and renames, so that there is always a whole file, never
    /// readable by others.
    fn write(&self, document: &Document) -> io::Result<()> {
        let text = toml::to_string(document).map_err(io::Error::other)?;
        let new = self
            .path
            .with_extension(format!("new-{}", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        // Nobody's link is followed, and nobody's file is written into.
        let _ = std::fs::remove_file(&new);
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        // The name is durable when its directory is.
        #[cfg(unix)]
        if let Some(dir) = self.path.parent() {
            std::fs::File::open(dir)?.sync_all()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_kept_and_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let profile = LocalProfile::new(dir.path());
        assert!(profile.load().unwrap().is_none());
        profile
            .set_endpoint("http://127.0.0.1:1/api/v1", None)
            .unwrap();
        assert!(profile.load().unwrap().is_none());

        profile.save("a@example.com", &"se\"cret".into()).unwrap();
        profile
            .set_endpoint("http://127.0.0.1:1/api/v1", None)
            .unwrap();
        profile
            .set_password("b@example.com", &"other".into())
            .unwrap();
        let loaded = profile.load().unwrap().unwrap();
        assert_eq!(loaded.email, "a@example.com");
        assert_eq!(loaded.password.expose_secret(), "se\"cret");
        assert_eq!(
            loaded.endpoint.as_deref(),
            Some("http://127.0.0.1:1/api/v1")
        );
        profile
            .set_password("A@example.com", &"new".into())
            .unwrap();
        let loaded = profile.load().unwrap().unwrap();
        assert_eq!(loaded.password.expose_secret(), "new");
        assert!(loaded.endpoint.is_some());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(profile.path())
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_broken_profile_is_an_error_that_tells_no_secret() {
        let dir = tempfile::tempdir().unwrap();
        let profile = LocalProfile::new(dir.path());
        std::fs::write(profile.path(), "password = \"hunter2\nemail").unwrap();
        let message = profile.load().unwrap_err().to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }
}
