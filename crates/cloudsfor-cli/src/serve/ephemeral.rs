//! `serve --ephemeral`: a cloud for one test run, for programs in any language.

use std::net::SocketAddr;

use cloudsfor_server::cloud::Driver;
use cloudsfor_server::service::{Service, ServiceOptions};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{Serve, failure, not_started, options, stop_signal};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// What whoever started it needs.
#[derive(Serialize)]
struct Ready<'a> {
    endpoint: String,
    email: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dns: Option<SocketAddr>,
}

/// Serves from a directory of its own, which is gone when the service ends.
pub(super) async fn serve(
    args: &Serve,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    if global.data_dir.is_some() {
        let what = "--data-dir can't be used with --ephemeral";
        let why = "an ephemeral cloud keeps nothing";
        let next = "leave one of the two out";
        return Err(Failure::new(Exit::Usage, what, why).next(next));
    }
    let broken = |error: std::io::Error| not_started(error.to_string(), Exit::Error);
    let dir = tempfile::Builder::new().prefix("cloudsfor-").tempdir();
    let dir = dir.map_err(broken)?;
    let options = ServiceOptions {
        driver: Some(Driver::Simulator),
        ..options(args, global, dir.path().to_owned(), terminal)?
    };
    let given = options.account.password.clone();
    let stop = stop_signal().map_err(broken)?;
    let service = Service::start(options)
        .await
        .map_err(|error| failure(&error))?;
    announce(&service, given, terminal)?;
    service.run(stop).await;
    dir.close().map_err(broken)?;
    Ok(Exit::Done)
}

/// Says in one line that it is ready, and how to use it.
fn announce(
    service: &Service,
    given: Option<SecretString>,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let found = service.account();
    let password = given.or_else(|| found.new_password.clone());
    let ready = Ready {
        endpoint: service.endpoint(),
        email: &found.account.email,
        password: password
            .as_ref()
            .map_or("", |password| password.expose_secret()),
        dns: service.dns_address(),
    };
    let line = serde_json::to_string(&ready).map_err(std::io::Error::other)?;
    writeln!(terminal.out(), "{line}")?;
    Ok(terminal.flush()?)
}
