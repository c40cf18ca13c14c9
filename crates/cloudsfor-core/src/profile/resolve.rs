//! Where to go and as whom: what the program was told, then the environment, then
//! the profile.

use std::env::VarError;
use std::path::PathBuf;

use async_trait::async_trait;
use etcetera::BaseStrategy;
use secrecy::SecretString;

use super::{Config, Password, Profile, ProfileError};
use crate::credentials::{Credentials, CredentialsProvider};
use crate::endpoint::Endpoint;
use crate::error::Result;

/// What the environment says. An empty variable says nothing.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `CLOUDSFOR_CONFIG`: the profile file.
    pub config: Option<PathBuf>,
    /// `CLOUDSFOR_PROFILE`: the profile's name.
    pub profile: Option<String>,
    /// `CLOUDSFOR_ENDPOINT`: the API's base URL.
    pub endpoint: Option<String>,
    /// `CLOUDSFOR_EMAIL`: the account's e-mail.
    pub email: Option<String>,
    /// `CLOUDSFOR_PASSWORD`: its password.
    pub password: Option<SecretString>,
    /// `CLOUDSFOR_CA_FILE`: the certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

impl Environment {
    /// Reads the variables of this process.
    ///
    /// # Errors
    /// [`ProfileError::NotText`].
    pub fn of_process() -> std::result::Result<Self, ProfileError> {
        let config = std::env::var_os("CLOUDSFOR_CONFIG").filter(|path| !path.is_empty());
        Ok(Self {
            config: config.map(PathBuf::from),
            profile: variable("CLOUDSFOR_PROFILE")?,
            endpoint: variable("CLOUDSFOR_ENDPOINT")?,
            email: variable("CLOUDSFOR_EMAIL")?,
            password: variable("CLOUDSFOR_PASSWORD")?.map(SecretString::from),
            ca_file: std::env::var_os("CLOUDSFOR_CA_FILE")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
        })
    }

    /// Where the profile file is.
    ///
    /// # Errors
    /// [`ProfileError::NoPlace`].
    pub fn config_path(&self) -> std::result::Result<PathBuf, ProfileError> {
        if let Some(path) = &self.config {
            return Ok(path.clone());
        }
        let strategy = etcetera::choose_base_strategy().map_err(|_| ProfileError::NoPlace)?;
        Ok(strategy.config_dir().join("cloudsfor").join("config.toml"))
    }
}

fn variable(name: &'static str) -> std::result::Result<Option<String>, ProfileError> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(ProfileError::NotText(name)),
    }
}

/// What the program was told by its user, by arguments for example. It comes
/// before everything else.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The profile to use. Its attributes come before the environment's, as they
    /// were asked for by name.
    pub profile: Option<String>,
    /// The API's base URL.
    pub endpoint: Option<String>,
    /// The account's e-mail.
    pub email: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// The certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// Where to go and as whom.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Resolved {
    /// The profile that was looked at, if any.
    pub profile: Option<String>,
    /// The API; `None` if nobody says where it is.
    pub endpoint: Option<Endpoint>,
    /// The account's e-mail, if anybody says it.
    pub email: Option<String>,
    /// Its password, if anybody says it.
    pub password: Option<Password>,
    /// A file with the certificate authorities to trust beside the system's, or with
    /// the server's own certificate, in PEM.
    pub ca_file: Option<PathBuf>,
}

impl Given {
    /// Puts together what was given, what the environment of this process says,
    /// and the profile file. See [`Given::resolve_in`].
    ///
    /// # Errors
    /// As [`Given::resolve_in`].
    pub fn resolve(self) -> std::result::Result<Resolved, ProfileError> {
        self.resolve_in(&Environment::of_process()?)
    }

    /// Puts together what was given, this environment, and the profile file:
    ///
    /// 1. what was given, then the profile that was given;
    /// 2. the environment;
    /// 3. the profile that `CLOUDSFOR_PROFILE` names, else the one in use.
    ///
    /// No password goes where it doesn't belong: an e-mail and a password of a
    /// profile are not used if another server than the profile's was decided on,
    /// and a password is not used with another e-mail than it was said with. The
    /// file is not read if there is nothing left to ask it.
    ///
    /// # Errors
    /// [`ProfileError`]: a file that can't be used, a profile that was named and
    /// isn't there, an endpoint that is no base URL.
    pub fn resolve_in(
        self,
        environment: &Environment,
    ) -> std::result::Result<Resolved, ProfileError> {
        let mut resolved = Resolved::default();
        let said = Profile {
            endpoint: self.endpoint,
            email: self.email,
            password: self.password.map(Password::Text),
            ca_file: self.ca_file,
        };
        resolved.fill(said)?;
        if let Some(name) = &self.profile {
            let config = Config::load_from(environment.config_path()?)?;
            resolved.fill_from(&config, name)?;
        }
        resolved.fill(Profile {
            endpoint: environment.endpoint.clone(),
            email: environment.email.clone(),
            password: environment.password.clone().map(Password::Text),
            ca_file: environment.ca_file.clone(),
        })?;
        if self.profile.is_none() && (environment.profile.is_some() || !resolved.is_whole()) {
            resolved.fill_from_the_one_in_use(environment)?;
        }
        Ok(resolved)
    }
}

impl Resolved {
    fn is_whole(&self) -> bool {
        self.endpoint.is_some() && self.email.is_some() && self.password.is_some()
    }

    fn fill_from_the_one_in_use(
        &mut self,
        environment: &Environment,
    ) -> std::result::Result<(), ProfileError> {
        if let Some(name) = &environment.profile {
            let config = Config::load_from(environment.config_path()?)?;
            return self.fill_from(&config, name);
        }
        // Who has no home has no file either.
        let Ok(path) = environment.config_path() else {
            return Ok(());
        };
        let config = Config::load_from(path)?;
        let name = config.in_use()?;
        // Nobody asked for `default`: it needn't be there.
        if config.table(name).is_some() || config.names_one_in_use() {
            self.fill_from(&config, name)?;
        }
        Ok(())
    }

    /// Takes from a profile what isn't decided, and belongs to what is.
    fn fill_from(&mut self, config: &Config, name: &str) -> std::result::Result<(), ProfileError> {
        let profile = config.profile(name)?;
        self.profile = Some(name.to_owned());
        let its_own = profile.endpoint.as_deref().map(str::parse::<Endpoint>);
        if let (Some(decided), Some(its_own)) = (&self.endpoint, its_own)
            && its_own?.origin() != decided.origin()
        {
            return Ok(());
        }
        self.fill(profile)
    }

    /// Takes what isn't decided yet.
    fn fill(&mut self, more: Profile) -> std::result::Result<(), ProfileError> {
        if self.endpoint.is_none() {
            self.endpoint = more.endpoint.map(|text| text.parse()).transpose()?;
        }
        let of_another = match (&self.email, &more.email) {
            (Some(decided), Some(said)) => decided != said,
            _ => false,
        };
        if self.password.is_none() && !of_another {
            self.password = more.password;
        }
        self.email = self.email.take().or(more.email);
        self.ca_file = self.ca_file.take().or(more.ca_file);
        Ok(())
    }
}

#[async_trait]
impl CredentialsProvider for Resolved {
    async fn credentials(&self) -> Result<Credentials> {
        let email = self.email.clone();
        let email = email.ok_or(ProfileError::NoCredentials("e-mail"))?;
        let password = self.password.as_ref();
        let password = password.ok_or(ProfileError::NoCredentials("password"))?;
        Ok(Credentials::basic(email, password.read().await?)?)
    }
}

#[cfg(test)]
mod tests;
