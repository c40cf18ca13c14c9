//! Which cloud the user means, and as whom: flags, the environment, the profile.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use cloudsfor_core::SecretString;
use cloudsfor_core::profile::{
    Config, Environment as Variables, Given, Password, ProfileError, Resolved,
};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// More than any password, so that a wrong file on standard input isn't read to
/// its end.
pub(crate) const PASSWORD_MAX: u64 = 64 * 1024;

/// The profile of the service that runs here; no profile of the file has its name.
pub(crate) const LOCAL: &str = "local";

/// The attribute of a profile with the columns to show, by noun.
const COLUMNS: &str = "columns";

/// What the environment says. An empty variable says nothing.
#[derive(Default)]
pub(crate) struct Environment {
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) variables: Variables,
}

impl Environment {
    pub(crate) fn of_process() -> Result<Self, Failure> {
        let data_dir: Option<OsString> = std::env::var_os("CLOUDSFOR_DATA_DIR");
        Ok(Self {
            data_dir: data_dir.filter(|dir| !dir.is_empty()).map(PathBuf::from),
            variables: Variables::of_process().map_err(|error| unusable(&error))?,
        })
    }

    /// The profile file.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let path = self.variables.config_path();
        path.and_then(Config::load_from)
            .map_err(|error| unusable(&error))
    }

    /// The profile that was asked for, by a flag or a variable.
    pub(crate) fn asked_profile<'a>(&'a self, global: &'a Global) -> Option<&'a str> {
        let variable = self.variables.profile.as_deref();
        global.profile.as_deref().or(variable)
    }
}

/// An error of the profile file, which says itself what to do.
pub(crate) fn unusable(error: &ProfileError) -> Failure {
    let exit = match error {
        ProfileError::Unknown { .. } => Exit::Usage,
        ProfileError::Write { .. } => Exit::Error,
        _ => Exit::Usage,
    };
    let failure = Failure::new(exit, "the profile can't be used", error.to_string());
    match error {
        ProfileError::Unknown { .. } => failure.next("to make it: cloudsfor login --profile NAME"),
        _ => failure.next("cloudsfor help environment says what is looked at"),
    }
}

/// Where to go and as whom, and who says so.
pub(crate) struct Settings {
    pub(crate) resolved: Resolved,
    /// The columns that the profile asks for, by noun.
    pub(crate) columns: BTreeMap<String, Vec<String>>,
    /// What the profile itself says.
    file: Option<cloudsfor_core::profile::Profile>,
}

/// Reads the settings; standard input, if the password comes from there.
pub(crate) fn resolve(
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Settings, Failure> {
    let given = Given {
        profile: global.profile.clone(),
        endpoint: global.endpoint.clone(),
        email: global.email.clone(),
        password: given_password(global, terminal)?,
        ca_file: global.ca_file.clone(),
    };
    let resolved = given
        .resolve_in(&environment.variables)
        .map_err(|error| unusable(&error))?;
    let mut settings = Settings {
        columns: BTreeMap::new(),
        file: None,
        resolved,
    };
    if let Some(name) = &settings.resolved.profile {
        let config = environment.config()?;
        settings.file = config.profile(name).ok();
        settings.columns = columns(&config, name);
    }
    Ok(settings)
}

/// The password that flags say.
pub(crate) fn given_password(
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Option<SecretString>, Failure> {
    if let Some(password) = &global.password {
        terminal.warn(
            "--password shows the password to everyone who can list processes; \
             CLOUDSFOR_PASSWORD and --password-stdin don't",
        );
        Ok(Some(password.as_str().into()))
    } else if global.password_stdin {
        read_password(terminal).map(Some)
    } else {
        Ok(None)
    }
}

/// Reads the password from standard input.
pub(crate) fn read_password(terminal: &mut Terminal) -> Result<SecretString, Failure> {
    let bytes = terminal
        .read_input(PASSWORD_MAX)
        .map_err(|error| no_password(&error.to_string()))?;
    password_text(bytes).map_err(|why| no_password(&format!("standard input {why}")))
}

/// Asks for the password, if there is somebody to ask.
pub(crate) fn ask_password(email: &str, terminal: &mut Terminal) -> Result<SecretString, Failure> {
    if !terminal.can_ask() {
        return Err(no_password(
            "it is not given, and there is no terminal to ask on",
        ));
    }
    let password = terminal.ask_secret(&format!("Password of {email}: "));
    match password {
        Ok(password) if password.is_empty() => Err(no_password("nothing was typed")),
        Ok(password) => Ok(password.into()),
        Err(error) => Err(no_password(&error.to_string())),
    }
}

/// The password that a file holds: all of it but the end of its line.
pub(crate) fn password_text(bytes: Vec<u8>) -> Result<SecretString, &'static str> {
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text")?;
    // Editors of Windows begin files with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let line = text.strip_suffix('\n').unwrap_or(text);
    match line.strip_suffix('\r').unwrap_or(line) {
        "" => Err("is empty"),
        password => Ok(password.into()),
    }
}

fn no_password(why: &str) -> Failure {
    Failure::new(Exit::Usage, "there is no password", why)
        .next("set CLOUDSFOR_PASSWORD, pipe it in with --password-stdin, or: cloudsfor login")
}

fn columns(config: &Config, name: &str) -> BTreeMap<String, Vec<String>> {
    let table = config.table(name).and_then(|profile| profile.get(COLUMNS));
    let entries = table
        .and_then(|value| value.as_table())
        .into_iter()
        .flatten();
    let names = |text: &str| text.split(',').map(|name| name.trim().to_owned()).collect();
    entries
        .filter_map(|(noun, value)| Some((noun.to_lowercase(), names(value.as_str()?))))
        .collect()
}

impl Settings {
    /// Who says which endpoint it is.
    pub(crate) fn endpoint_source(&self, global: &Global, variables: &Variables) -> String {
        let file = self
            .file
            .as_ref()
            .is_some_and(|file| file.endpoint.is_some());
        let variable = variables.endpoint.as_ref().map(|_| "CLOUDSFOR_ENDPOINT");
        let flag = global.endpoint.as_ref().map(|_| "--endpoint");
        self.source(flag, file, variable, global)
    }

    /// Who says as whom.
    pub(crate) fn email_source(&self, global: &Global, variables: &Variables) -> String {
        let file = self.file.as_ref().is_some_and(|file| file.email.is_some());
        let variable = variables.email.as_ref().map(|_| "CLOUDSFOR_EMAIL");
        let flag = global.email.as_ref().map(|_| "--email");
        self.source(flag, file, variable, global)
    }

    /// Where the password comes from.
    pub(crate) fn password_source(&self, global: &Global, variables: &Variables) -> String {
        let flag = global.password_flag();
        if self.resolved.password.is_none() {
            return "asked for when it is needed".into();
        }
        let of_file = |file: &cloudsfor_core::profile::Profile| {
            file.password.is_some() && (file.email.is_none() || file.email == self.resolved.email)
        };
        let variable = variables.password.as_ref().map(|_| "CLOUDSFOR_PASSWORD");
        let file = self.file.as_ref().is_some_and(of_file);
        let source = self.source(flag, file, variable, global);
        match &self.resolved.password {
            Some(Password::Command(_)) => format!("{source}, by its password_command"),
            _ => source,
        }
    }

    fn source(
        &self,
        flag: Option<&str>,
        in_file: bool,
        variable: Option<&str>,
        global: &Global,
    ) -> String {
        let name = self.resolved.profile.as_deref().unwrap_or_default();
        let file = in_file.then(|| format!("the profile {name}"));
        let (flag, variable) = (flag.map(str::to_owned), variable.map(str::to_owned));
        // A profile that was asked for by a flag comes before the environment.
        let by_order = match global.profile {
            Some(_) => flag.or(file).or(variable),
            None => flag.or(variable).or(file),
        };
        by_order.unwrap_or_else(|| "not set".into())
    }
}
