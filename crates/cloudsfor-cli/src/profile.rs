//! Profiles: the clouds that are used, and as whom, as the profile file has them.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use clap::{Args, Subcommand};
use cloudsfor_core::profile::{Config, Password, Profile as Entry};
use serde::Serialize;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::list::{Listing, show as list};
use crate::output::table::Column;
use crate::output::{self, Described, Details, Resource};
use crate::settings::{Environment, LOCAL, resolve, unusable};
use crate::terminal::Terminal;

/// What can be done with profiles.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List the profiles of the file
    List(Listing),
    /// Use a profile from now on
    Use(Named),
    /// Show what is used, and where each value comes from; or one profile
    Show(Show),
    /// Remove a profile
    Remove(Named),
}

/// One profile.
#[derive(Args)]
pub(crate) struct Named {
    /// The profile's name
    #[arg(value_name = "NAME")]
    name: String,
}

/// Which profile to show.
#[derive(Args)]
pub(crate) struct Show {
    /// The profile's name; what is used now if there is none
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// A profile of the file, without its password.
#[derive(Serialize)]
struct Profile {
    name: String,
    endpoint: Option<String>,
    email: Option<String>,
    /// Where the password is: `file`, or the command that prints it.
    password: Option<String>,
    in_use: bool,
}

/// What is used, and who says so.
#[derive(Serialize)]
struct Used {
    profile: Option<String>,
    endpoint: Sourced,
    email: Sourced,
    password: Sourced,
    file: String,
}

#[derive(Serialize)]
struct Sourced {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    source: String,
}

pub(crate) async fn run(
    verb: &Verb,
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    match verb {
        Verb::List(args) => {
            let fetch = async || all(&environment.config()?);
            let none = || "There is no profile. To make one: cloudsfor login".to_owned();
            list(args, global, terminal, fetch, none).await
        }
        Verb::Use(args) => {
            let mut config = environment.config()?;
            config.use_profile(&args.name).map_err(|e| unusable(&e))?;
            config.save().map_err(|e| unusable(&e))?;
            terminal.note(&format!("The profile {} is used from now on.", args.name));
            Ok(Exit::Done)
        }
        Verb::Remove(args) => {
            let mut config = environment.config()?;
            config
                .remove_profile(&args.name)
                .map_err(|e| unusable(&e))?;
            config.save().map_err(|e| unusable(&e))?;
            terminal.note(&format!("The profile {} is removed.", args.name));
            Ok(Exit::Done)
        }
        Verb::Show(Show { name: Some(name) }) => {
            let profile = entry(&environment.config()?, name)?;
            output::one(terminal, &global.view, &profile)?;
            Ok(Exit::Done)
        }
        Verb::Show(Show { name: None }) => {
            let used = used(global, environment, terminal)?;
            output::one(terminal, &global.view, &used)?;
            Ok(Exit::Done)
        }
    }
}

fn all(config: &Config) -> Result<Vec<Profile>, Failure> {
    config
        .names()
        .into_iter()
        .map(|name| entry(config, name))
        .collect()
}

fn entry(config: &Config, name: &str) -> Result<Profile, Failure> {
    let Entry {
        endpoint,
        email,
        password,
        ..
    } = config.profile(name).map_err(|e| unusable(&e))?;
    Ok(Profile {
        endpoint,
        email,
        password: password.map(|password| match password {
            Password::Command(command) => command,
            _ => "file".into(),
        }),
        in_use: config.in_use().is_ok_and(|used| used == name),
        name: name.to_owned(),
    })
}

fn used(
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Used, Failure> {
    let config = environment.config()?;
    let file = config.path().display().to_string();
    let sourced = |value: Option<String>, source: String| Sourced { value, source };
    if global.local || environment.asked_profile(global) == Some(LOCAL) {
        let source = match global.local {
            true => "the cloud embedded in this program",
            false => "the service on this machine, as it wrote it down",
        };
        return Ok(Used {
            profile: (!global.local).then(|| LOCAL.to_owned()),
            endpoint: sourced(None, source.into()),
            email: sourced(None, source.into()),
            password: sourced(None, source.into()),
            file,
        });
    }
    let settings = resolve(global, environment, terminal)?;
    let variables = &environment.variables;
    let endpoint = settings.resolved.endpoint.as_ref().map(ToString::to_string);
    let email = settings.resolved.email.clone();
    Ok(Used {
        endpoint: sourced(endpoint, settings.endpoint_source(global, variables)),
        email: sourced(email, settings.email_source(global, variables)),
        password: sourced(None, settings.password_source(global, variables)),
        profile: settings.resolved.profile,
        file,
    })
}

impl Resource for Profile {
    const NOUN: &'static str = "profile";

    const ATTRIBUTES: &'static [&'static str] =
        &["name", "endpoint", "email", "password", "in_use"];

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", |profile: &Self, cell| cell.text(&profile.name)),
        Column::new("IN USE", |profile: &Self, cell| {
            cell.yes_or_no(profile.in_use);
        }),
        Column::new("ENDPOINT", |profile: &Self, cell| {
            cell.optional_text(profile.endpoint.as_deref());
        })
        .elastic(),
        Column::new("EMAIL", |profile: &Self, cell| {
            cell.optional_text(profile.email.as_deref());
        }),
        Column::new("PASSWORD", |profile: &Self, cell| {
            cell.optional_text(profile.password.as_deref());
        })
        .rank(0),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Described for Profile {
    fn details(&self, details: &mut Details) {
        details.line("Name", |cell| cell.text(&self.name));
        details.line("In use", |cell| cell.yes_or_no(self.in_use));
        details.line("Endpoint", |cell| {
            cell.optional_text(self.endpoint.as_deref());
        });
        details.line("E-mail", |cell| cell.optional_text(self.email.as_deref()));
        details.line("Password", |cell| {
            cell.optional_text(self.password.as_deref());
        });
    }
}

impl Resource for Used {
    const NOUN: &'static str = "profile";

    const ATTRIBUTES: &'static [&'static str] = &[
        "profile",
        "endpoint",
        "email",
        "password",
        "file",
        "endpoint.value",
        "endpoint.source",
        "email.value",
        "email.source",
        "password.source",
    ];

    /// There is one, so there is no list of them.
    const COLUMNS: &'static [Column<Self>] = &[];

    fn id(&self) -> Cow<'_, str> {
        self.profile.as_deref().unwrap_or_default().into()
    }

    fn name(&self) -> &str {
        self.profile.as_deref().unwrap_or_default()
    }
}

impl Described for Used {
    fn details(&self, details: &mut Details) {
        details.line("Profile", |cell| {
            cell.optional_text(self.profile.as_deref());
        });
        for (label, sourced) in [("Endpoint", &self.endpoint), ("E-mail", &self.email)] {
            let source = Some(sourced.source.as_str());
            details.line(label, |cell| match &sourced.value {
                Some(value) => cell.described(Some(value), source),
                None => cell.described(Some("-"), source),
            });
        }
        details.line("Password", |cell| cell.text(&self.password.source));
        details.line("File", |cell| cell.text(&self.file));
    }
}
