//! The way to the cloud that a command talks to.
//!
//! A password is never taken from an argument unless the user insists: others can
//! read it in the list of processes.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cloudsfor_core::credentials::CredentialsProvider;
use cloudsfor_core::profile::{Password, Resolved};
use cloudsfor_core::transport::{HyperTransport, ReqwestTransport, TransportOptions};
use cloudsfor_core::{Client, Credentials, Endpoint, Error};

use crate::args::{Backend, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local;
use crate::settings::{self, Environment, LOCAL};
use crate::terminal::Terminal;
use crate::wire::Wire;

/// The largest answer that is taken: a list of a million VMs, all in one.
const ANSWER_MAX: usize = 1 << 30;

/// A way to a cloud.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// The cloud itself, if it is the one in this process.
    pub(crate) embedded: Option<local::Embedded>,
    pub(crate) wire: Wire,
    /// The columns that the profile asks for, by noun.
    pub(crate) columns: BTreeMap<String, Vec<String>>,
}

impl Connection {
    /// Ends the connection in good order.
    pub(crate) async fn close(self, in_a_hurry: bool) {
        if let Some(embedded) = self.embedded {
            embedded.close(in_a_hurry).await;
        }
    }
}

/// Opens the way to the cloud. Nothing is sent yet.
pub(crate) async fn connect(
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Connection, Failure> {
    let wire = Wire::new(global);
    let data_dir = global.data_dir.as_ref().or(environment.data_dir.as_ref());
    let data_dir = data_dir.map(PathBuf::as_path);
    if global.local {
        return local::connect(data_dir, global, wire, terminal).await;
    }
    let client = if environment.asked_profile(global) == Some(LOCAL) {
        only_local(global)?;
        let (endpoint, credentials, certificate) = local::profile(data_dir)?;
        let ca_file = ca_file(global, environment).or(certificate.as_deref());
        let options = transport_options(&endpoint, ca_file)?;
        client(endpoint, credentials, &options, &wire, global)
    } else if global.data_dir.is_some() {
        return Err(usage(
            "--data-dir can't be used here",
            "it is where the embedded cloud keeps its data, and this is another cloud",
        )
        .next("leave --data-dir out, or add --local"));
    } else {
        let settings = server(global, environment, terminal)?;
        let connected = to_server(settings.resolved, &wire, global, terminal);
        return Ok(Connection {
            client: connected?,
            embedded: None,
            wire,
            columns: settings.columns,
        });
    };
    Ok(Connection {
        client: client.map_err(|error| misconfigured(&error))?,
        embedded: None,
        wire,
        columns: BTreeMap::new(),
    })
}

/// The profile `local` is whole: nothing else may say where to go.
fn only_local(global: &Global) -> Result<(), Failure> {
    let given = [
        global.endpoint.as_ref().map(|_| "--endpoint"),
        global.email.as_ref().map(|_| "--email"),
        global.password_flag(),
    ];
    let Some(flag) = given.into_iter().flatten().next() else {
        return Ok(());
    };
    let what = format!("{flag} can't be used with the profile local");
    let why = "that is the service on this machine, as `cloudsfor serve` wrote it down";
    Err(usage(what, why).next(format!("leave {flag} out, or the profile")))
}

/// Where to go and as whom: all of it, or there is nothing to connect to. A
/// password that nobody says is asked for.
fn server(
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<settings::Settings, Failure> {
    let mut settings = settings::resolve(global, environment, terminal)?;
    let resolved = &mut settings.resolved;
    let (Some(_), Some(email)) = (&resolved.endpoint, &resolved.email) else {
        return Err(nothing_configured());
    };
    if resolved.password.is_none() {
        let password = settings::ask_password(email, terminal)?;
        resolved.password = Some(Password::Text(password));
    }
    Ok(settings)
}

/// A client for a server, as these settings say.
pub(crate) fn to_server(
    resolved: Resolved,
    wire: &Wire,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Client, Failure> {
    let endpoint = resolved.endpoint.clone().ok_or_else(nothing_configured)?;
    if let (Some(email), Some(Password::Text(password))) = (&resolved.email, &resolved.password) {
        // What can't be sent is found before anything is.
        Credentials::basic(email.clone(), password.clone())
            .map_err(|error| misconfigured(&Error::from(error)))?;
    }
    if !endpoint.is_encrypted() && !endpoint.is_loopback() {
        terminal.warn(&format!(
            "the password goes to {} unencrypted: use https:// where others share the network",
            endpoint.origin()
        ));
    }
    let options = transport_options(&endpoint, resolved.ca_file.as_deref())?;
    client(endpoint, resolved, &options, wire, global).map_err(|error| misconfigured(&error))
}

/// The file with authorities that a flag or the environment names.
fn ca_file<'a>(global: &'a Global, environment: &'a Environment) -> Option<&'a Path> {
    let variable = environment.variables.ca_file.as_deref();
    global.ca_file.as_deref().or(variable)
}

/// How to connect to an endpoint, with the authorities of a file beside the system's.
fn transport_options(
    endpoint: &Endpoint,
    ca_file: Option<&Path>,
) -> Result<TransportOptions, Failure> {
    let mut options = TransportOptions::default();
    if endpoint.is_loopback() {
        // A proxy couldn't reach this machine, and would be given the password.
        options = options.without_proxies();
    }
    let Some(file) = ca_file.filter(|_| endpoint.is_encrypted()) else {
        return Ok(options);
    };
    let unusable = |why: String| {
        let what = format!("the file {file:?} of certificate authorities can't be used");
        usage(what, why)
            .next("name a file with certificates in PEM by --ca-file, or in the profile")
    };
    let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    options
        .with_root_certificates(&pem)
        .map_err(|error| unusable(error.to_string()))
}

fn client(
    endpoint: Endpoint,
    credentials: impl CredentialsProvider + 'static,
    options: &TransportOptions,
    wire: &Wire,
    global: &Global,
) -> Result<Client, Error> {
    let is_loopback = endpoint.is_loopback();
    let mut builder = Client::builder()
        .endpoint(endpoint)
        .credentials(credentials)
        .with_body_limit(ANSWER_MAX);
    if is_loopback {
        builder = builder.without_compression();
    }
    builder = match global.backend {
        Backend::Reqwest => wire.over(builder, ReqwestTransport::new(options)?),
        Backend::Hyper => wire.over(builder, HyperTransport::new(options)?),
    };
    if let Some(timeout) = global.request_timeout {
        builder = builder.with_timeout(timeout).with_attempt_timeout(timeout);
    }
    builder.build()
}

fn usage(what: impl Into<String>, why: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, what, why)
}

fn nothing_configured() -> Failure {
    usage(
        "no cloud is configured",
        "there is neither --local nor an endpoint with an e-mail",
    )
    .next("the cloud embedded in this program:  cloudsfor --local vm list")
    .next("a server, from now on:  cloudsfor login --endpoint URL --email EMAIL")
    .next("a server, in a script:  set CLOUDSFOR_ENDPOINT, CLOUDSFOR_EMAIL, CLOUDSFOR_PASSWORD")
}

pub(crate) fn misconfigured(error: &Error) -> Failure {
    Failure::of(error, "there is no way to the cloud")
}
