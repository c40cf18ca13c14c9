//! What is in the file.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use toml::{Table, Value};
use toml_edit::{DocumentMut, Item, TableLike};

use super::{Environment, Password, ProfileError, file};
use crate::endpoint::Endpoint;

/// The table of the profiles, and the attribute that names the one in use.
const PROFILES: &str = "profiles";
const IN_USE: &str = "profile";

/// The profile in use if the file names none.
const DEFAULT_NAME: &str = "default";

/// The profile file. What it says beside the profiles, or of a profile beside what
/// [`Profile`] has, is kept when it is written, comments included.
///
/// ```
/// use cloudsfor_core::profile::{Config, Password, Profile};
///
/// # let dir = std::env::temp_dir().join(format!("cloudsfor-doc-{}", std::process::id()));
/// # let path = dir.join("config.toml");
/// let mut config = Config::load_from(&path)?; // empty if there is no such file
/// let profile = Profile {
///     endpoint: Some("http://127.0.0.1:8080".into()),
///     email: Some("user@example.com".into()),
///     password: Some(Password::Text("secret".into())),
///     ..Profile::default()
/// };
/// config.set_profile("work", &profile)?;
/// config.use_profile("work")?;
/// config.save()?;
///
/// let config = Config::load_from(&path)?;
/// assert_eq!(config.in_use()?, "work");
/// assert_eq!(config.profile("work")?.email.as_deref(), Some("user@example.com"));
/// # std::fs::remove_dir_all(dir).unwrap();
/// # Ok::<(), cloudsfor_core::profile::ProfileError>(())
/// ```
#[derive(Clone)]
pub struct Config {
    path: PathBuf,
    document: Table,
    /// The file as it was read, with its comments.
    text: String,
}

/// What the file says of one cloud.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// The API's base URL; `https://cloudsfor.com` if it isn't said.
    pub endpoint: Option<String>,
    /// The account's e-mail.
    pub email: Option<String>,
    /// Its password, or how to get it.
    pub password: Option<Password>,
    /// A file with the certificate authorities to trust beside the system's, or with
    /// the server's own certificate, in PEM.
    pub ca_file: Option<PathBuf>,
}

impl Config {
    /// Reads the file at its usual place. Without a file it is empty.
    ///
    /// # Errors
    /// If the file is there and can't be used: see [`ProfileError`].
    pub fn load() -> Result<Self, ProfileError> {
        Self::load_from(Environment::of_process()?.config_path()?)
    }

    /// Reads another file.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_from(path: impl Into<PathBuf>) -> Result<Self, ProfileError> {
        let path = path.into();
        let Some((text, is_open)) = file::read(&path)? else {
            let document = Table::new();
            let text = String::new();
            return Ok(Self {
                path,
                document,
                text,
            });
        };
        let document: Table = toml::from_str(&text).map_err(|error: toml::de::Error| {
            // toml's own message would quote the line, and so the password.
            let before = error.span().and_then(|span| text.get(..span.start));
            ProfileError::Malformed {
                path: path.clone(),
                line: before.map_or(0, |before| before.matches('\n').count() + 1),
            }
        })?;
        let config = Self {
            path,
            document,
            text,
        };
        config.check_types()?;
        if is_open && config.has_password() {
            return Err(ProfileError::Open { path: config.path });
        }
        Ok(config)
    }

    /// Writes the file, whole or not at all, with mode 0600.
    ///
    /// # Errors
    /// [`ProfileError::Write`].
    pub fn save(&self) -> Result<(), ProfileError> {
        let failed = |error: &dyn std::fmt::Display| ProfileError::Write {
            path: self.path.clone(),
            source: std::io::Error::other(error.to_string()),
        };
        let wanted = toml::to_string(&self.document).map_err(|error| failed(&error))?;
        let wanted: DocumentMut = wanted.parse().map_err(|error| failed(&error))?;
        let mut document: DocumentMut = self.text.parse().map_err(|error| failed(&error))?;
        edit(document.as_table_mut(), wanted.as_table());
        file::write(&self.path, &document.to_string())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the profile in use: what the file says, else `default`. Whether
    /// there is such a profile is another matter.
    ///
    /// # Errors
    /// [`ProfileError::Name`] if the file's is no name.
    pub fn in_use(&self) -> Result<&str, ProfileError> {
        match self.document.get(IN_USE).and_then(Value::as_str) {
            Some(name) => checked(name),
            None => Ok(DEFAULT_NAME),
        }
    }

    /// Whether the file itself says which profile is in use.
    pub(super) fn names_one_in_use(&self) -> bool {
        self.document.contains_key(IN_USE)
    }

    /// The names of all profiles, in alphabetical order.
    pub fn names(&self) -> Vec<&str> {
        self.profiles().map(|(name, _)| name).collect()
    }

    /// One profile.
    ///
    /// # Errors
    /// [`ProfileError::Unknown`], and [`ProfileError::Attribute`] if both a
    /// password and a command for it are there.
    pub fn profile(&self, name: &str) -> Result<Profile, ProfileError> {
        let Some(table) = self.table(name) else {
            return Err(self.unknown(name));
        };
        let text = |key| table.get(key).and_then(Value::as_str);
        let password = match (text("password"), text("password_command")) {
            (Some(_), Some(_)) => {
                let rule = "contradicts password_command: leave one of them out";
                return Err(self.fault(format!("{PROFILES}.{name}.password"), rule));
            }
            (Some(password), None) => Some(Password::Text(password.into())),
            (None, Some(command)) => Some(Password::Command(command.to_owned())),
            (None, None) => None,
        };
        Ok(Profile {
            endpoint: text("endpoint").map(str::to_owned),
            email: text("email").map(str::to_owned),
            password,
            ca_file: text("ca_file").map(PathBuf::from),
        })
    }

    /// Everything that the file says of one profile, what [`Profile`] doesn't have
    /// included.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.document.get(PROFILES)?.get(name)?.as_table()
    }

    /// Sets what [`Profile`] has of one profile, new or not; `None` removes.
    ///
    /// # Errors
    /// [`ProfileError::Name`], and [`ProfileError::Endpoint`] for an endpoint that
    /// is no base URL.
    pub fn set_profile(&mut self, name: &str, profile: &Profile) -> Result<(), ProfileError> {
        if let Some(endpoint) = &profile.endpoint {
            endpoint.parse::<Endpoint>()?;
        }
        let table = self.table_mut(checked(name)?);
        let (password, command) = match &profile.password {
            Some(Password::Text(text)) => (Some(text.expose_secret().to_owned()), None),
            Some(Password::Command(command)) => (None, Some(command.clone())),
            None => (None, None),
        };
        for (key, value) in [
            ("endpoint", profile.endpoint.clone()),
            ("email", profile.email.clone()),
            ("password", password),
            ("password_command", command),
            (
                "ca_file",
                profile
                    .ca_file
                    .as_ref()
                    .map(|path| path.to_string_lossy().into_owned()),
            ),
        ] {
            match value {
                Some(text) => table.insert(key.to_owned(), Value::String(text)),
                None => table.remove(key),
            };
        }
        Ok(())
    }

    /// Sets something else of a profile, as a program keeps it there; `None`
    /// removes it.
    ///
    /// # Errors
    /// [`ProfileError::Name`].
    pub fn set_attribute(
        &mut self,
        name: &str,
        key: &str,
        value: Option<Value>,
    ) -> Result<(), ProfileError> {
        let table = self.table_mut(checked(name)?);
        match value {
            Some(value) => table.insert(key.to_owned(), value),
            None => table.remove(key),
        };
        Ok(())
    }

    /// Sets which profile is in use.
    ///
    /// # Errors
    /// [`ProfileError::Unknown`].
    pub fn use_profile(&mut self, name: &str) -> Result<(), ProfileError> {
        if self.table(name).is_none() {
            return Err(self.unknown(name));
        }
        let name = Value::String(name.to_owned());
        self.document.insert(IN_USE.to_owned(), name);
        Ok(())
    }

    /// Removes a profile, with all that the file says of it. If it was in use, none
    /// is named as such any more.
    ///
    /// # Errors
    /// [`ProfileError::Unknown`].
    pub fn remove_profile(&mut self, name: &str) -> Result<(), ProfileError> {
        let profiles = self
            .document
            .get_mut(PROFILES)
            .and_then(Value::as_table_mut);
        if profiles
            .and_then(|profiles| profiles.remove(name))
            .is_none()
        {
            return Err(self.unknown(name));
        }
        if self.document.get(IN_USE).and_then(Value::as_str) == Some(name) {
            self.document.remove(IN_USE);
        }
        Ok(())
    }

    fn profiles(&self) -> impl Iterator<Item = (&str, &Table)> {
        let profiles = self.document.get(PROFILES).and_then(Value::as_table);
        let entries = profiles.into_iter().flatten();
        entries.filter_map(|(name, profile)| Some((name.as_str(), profile.as_table()?)))
    }

    fn table_mut(&mut self, name: &str) -> &mut Table {
        let profiles = table_in(&mut self.document, PROFILES);
        table_in(profiles, name)
    }

    fn has_password(&self) -> bool {
        self.profiles()
            .any(|(_, profile)| profile.contains_key("password"))
    }

    fn check_types(&self) -> Result<(), ProfileError> {
        let name = self.document.get(IN_USE);
        if name.is_some_and(|name| !name.is_str()) {
            return Err(self.fault(IN_USE.to_owned(), "must be a name in quotes"));
        }
        let Some(profiles) = self.document.get(PROFILES) else {
            return Ok(());
        };
        let Some(profiles) = profiles.as_table() else {
            return Err(self.fault(PROFILES.to_owned(), "must be a table: [profiles.NAME]"));
        };
        for (name, profile) in profiles {
            let place = format!("{PROFILES}.{name}");
            let Some(profile) = profile.as_table() else {
                return Err(self.fault(place, "must be a table: [profiles.NAME]"));
            };
            for key in [
                "endpoint",
                "email",
                "password",
                "password_command",
                "ca_file",
            ] {
                if profile.get(key).is_some_and(|value| !value.is_str()) {
                    return Err(self.fault(format!("{place}.{key}"), "must be text in quotes"));
                }
            }
        }
        Ok(())
    }

    fn fault(&self, attribute: String, rule: &'static str) -> ProfileError {
        ProfileError::Attribute {
            path: self.path.clone(),
            attribute,
            rule,
        }
    }

    pub(super) fn unknown(&self, name: &str) -> ProfileError {
        ProfileError::Unknown {
            name: name.to_owned(),
            path: self.path.clone(),
            known: self.names().into_iter().map(str::to_owned).collect(),
        }
    }
}

/// The table of this name within another, made if it isn't there. (That it is a
/// table was checked when the file was read.)
fn table_in<'a>(table: &'a mut Table, name: &str) -> &'a mut Table {
    let entry = table.entry(name.to_owned());
    let value = entry.or_insert_with(|| Value::Table(Table::new()));
    value.as_table_mut().expect("it is a table")
}

/// Makes a table what is wanted, and leaves what needn't change as it is written.
fn edit(table: &mut dyn TableLike, wanted: &dyn TableLike) {
    let names: Vec<_> = table.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names.iter().filter(|name| !wanted.contains_key(name)) {
        table.remove(name);
    }
    for (name, item) in wanted.iter() {
        match (table.get_mut(name), item) {
            (Some(old), item) if plain(old).is_some() && plain(old) == plain(item) => {}
            (Some(old), item) if old.is_table_like() && item.is_table_like() => {
                if let (Some(old), Some(item)) = (old.as_table_like_mut(), item.as_table_like()) {
                    edit(old, item);
                }
            }
            (Some(Item::Value(old)), Item::Value(new)) => {
                let decor = old.decor().clone();
                *old = new.clone();
                *old.decor_mut() = decor;
            }
            (_, item) => {
                table.insert(name, item.clone());
            }
        }
    }
}

/// A value without comments and blanks around it, to be compared.
fn plain(item: &Item) -> Option<String> {
    let mut value = item.as_value()?.clone();
    value.decor_mut().clear();
    Some(value.to_string())
}

fn checked(name: &str) -> Result<&str, ProfileError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(name)
    } else {
        Err(ProfileError::Name(name.chars().take(64).collect()))
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("path", &self.path)
            .field("profiles", &self.names())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
