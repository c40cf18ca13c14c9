//! `login`: tries an account, and keeps it as a profile.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use cloudsfor_core::profile::{Password, Profile, Resolved};
use cloudsfor_core::{Accounts, Endpoint, Error};

use crate::args::Global;
use crate::connect::{misconfigured, to_server};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::{self, Environment, LOCAL, unusable};
use crate::terminal::Terminal;
use crate::wire::Wire;

/// The profile that is made unless another is named.
const USUAL: &str = "default";

/// Log in to a cloud, and keep it as a profile.
///
/// The endpoint and the e-mail are those of --endpoint and --email, the password is
/// read from standard input with --password-stdin; what isn't given is asked for on
/// a terminal. The account is tried before anything is kept. The profile is called
/// `default`, or as --profile says, and is used from then on. The file is yours
/// alone; with --password-command there is no password in it.
#[derive(Args)]
pub(crate) struct Login {
    /// Keep this command instead of the password: it prints the password, from a
    /// password manager for example
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["password_stdin", "password"],
          value_parser = NonEmptyStringValueParser::new())]
    password_command: Option<String>,
}

pub(crate) async fn login(
    args: &Login,
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let name = global.profile.as_deref().unwrap_or(USUAL);
    if global.local || name == LOCAL {
        let why = "the cloud on this machine needs none: --local and --profile local just work";
        return Err(Failure::new(Exit::Usage, "there is no login to make", why)
            .next("leave --local out, or use another name for the profile"));
    }
    let mut config = environment.config()?;
    let profile = asked_for(args, global, terminal)?;
    let endpoint = profile.endpoint.clone().unwrap_or_default();
    let parsed: Endpoint = endpoint
        .parse()
        .map_err(|error| misconfigured(&Error::from(error)))?;
    let mut resolved = Resolved::default();
    resolved.endpoint = Some(parsed);
    resolved.email.clone_from(&profile.email);
    resolved.password.clone_from(&profile.password);
    resolved.ca_file.clone_from(&profile.ca_file);
    let client = to_server(resolved, &Wire::new(global), global, terminal)?;
    let account = client.get_account(&global.call()).await.map_err(|error| {
        Failure::of(
            &error,
            format!("there is no login to {endpoint}, and nothing was kept"),
        )
    })?;
    config
        .set_profile(name, &profile)
        .map_err(|e| unusable(&e))?;
    config.use_profile(name).map_err(|e| unusable(&e))?;
    config.save().map_err(|e| unusable(&e))?;
    terminal.note(&format!("Logged in to {endpoint} as {}.", account.email));
    terminal.note(&format!(
        "The profile {name} in {} is used from now on.",
        config.path().display()
    ));
    Ok(Exit::Done)
}

/// What the user says, by flags or when asked.
fn asked_for(args: &Login, global: &Global, terminal: &mut Terminal) -> Result<Profile, Failure> {
    let usual = Endpoint::default().origin();
    let endpoint = match &global.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => ask(&format!("Endpoint [{usual}]: "), "--endpoint", terminal)?.unwrap_or(usual),
    };
    let email = match &global.email {
        Some(email) => email.clone(),
        None => ask("E-mail: ", "--email", terminal)?.ok_or_else(|| missing("--email"))?,
    };
    let password = match &args.password_command {
        Some(command) => Password::Command(command.clone()),
        None => Password::Text(match settings::given_password(global, terminal)? {
            Some(password) => password,
            None => settings::ask_password(&email, terminal)?,
        }),
    };
    Ok(Profile {
        endpoint: Some(endpoint),
        email: Some(email),
        password: Some(password),
        // The profile is used from any directory.
        ca_file: global
            .ca_file
            .as_ref()
            .map(std::path::absolute)
            .transpose()?,
    })
}

/// What is typed; `None` for nothing.
fn ask(prompt: &str, flag: &str, terminal: &mut Terminal) -> Result<Option<String>, Failure> {
    if !terminal.can_ask() {
        return Err(missing(flag));
    }
    let typed = terminal.ask(prompt)?;
    Ok(Some(typed.trim().to_owned()).filter(|typed| !typed.is_empty()))
}

fn missing(flag: &str) -> Failure {
    let why = format!("{flag} is not given, and there is no answer from a terminal");
    Failure::new(Exit::Usage, "there is no login to make", why)
        .next("cloudsfor login --endpoint URL --email EMAIL --password-stdin")
}
