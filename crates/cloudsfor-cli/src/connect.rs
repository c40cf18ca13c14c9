//! Which cloud a command talks to, and as whom.
//!
//! Flags come before the environment. A password is never taken from an argument
//! unless the user insists: others can read it in the list of processes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use cloudsfor_core::transport::{HyperTransport, ReqwestTransport, TransportOptions};
use cloudsfor_core::{Api, Client, Credentials, Endpoint, Error, SecretString};

use crate::args::{Backend, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local;
use crate::terminal::Terminal;
use crate::wire::Wire;

/// More than any password, so that a wrong file on standard input isn't read to
/// its end.
pub(crate) const PASSWORD_MAX: u64 = 64 * 1024;

/// The largest answer that is taken: a list of a million VMs, all in one.
const ANSWER_MAX: usize = 1 << 30;

/// What the environment says. An empty variable says nothing.
#[derive(Default)]
pub(crate) struct Environment {
    pub(crate) endpoint: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) data_dir: Option<PathBuf>,
}

impl Environment {
    pub(crate) fn of_process() -> Result<Self, Failure> {
        Ok(Self {
            endpoint: text("CLOUDSFOR_ENDPOINT")?,
            email: text("CLOUDSFOR_EMAIL")?,
            password: text("CLOUDSFOR_PASSWORD")?,
            data_dir: set("CLOUDSFOR_DATA_DIR").map(PathBuf::from),
        })
    }
}

fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn text(name: &str) -> Result<Option<String>, Failure> {
    let text = set(name).map(OsString::into_string).transpose();
    text.map_err(|_| {
        usage(
            format!("the environment variable {name} can't be used"),
            "it is not UTF-8 text",
        )
        .next(format!("set {name} again, or unset it"))
    })
}

/// A way to a cloud.
pub(crate) struct Connection {
    pub(crate) api: Arc<dyn Api>,
    /// The cloud itself, if it is the one in this process.
    pub(crate) embedded: Option<local::Embedded>,
    pub(crate) wire: Wire,
}

impl Connection {
    /// Ends the connection in good order.
    pub(crate) async fn close(self) {
        if let Some(embedded) = self.embedded {
            embedded.close().await;
        }
    }
}

/// Opens the way to the cloud. Nothing is sent yet.
pub(crate) async fn connect(
    global: &Global,
    environment: Environment,
    terminal: &mut Terminal,
) -> Result<Connection, Failure> {
    let wire = Wire::new(global);
    let data_dir = global.data_dir.as_ref().or(environment.data_dir.as_ref());
    let data_dir = data_dir.map(PathBuf::as_path);
    if global.local {
        return local::connect(data_dir, wire, terminal).await;
    }
    let (endpoint, credentials) = if global.profile.is_some() {
        local::profile(data_dir)?
    } else if global.data_dir.is_some() {
        return Err(usage(
            "--data-dir can't be used here",
            "it is where the embedded cloud keeps its data, and this is another cloud",
        )
        .next("leave --data-dir out, or add --local"));
    } else {
        server(global, environment, terminal)?
    };
    if !endpoint.is_encrypted() && !endpoint.is_loopback() {
        terminal.warn(&format!(
            "the password goes to {} unencrypted: use https:// where others share the network",
            endpoint.origin()
        ));
    }
    let client =
        client(endpoint, credentials, &wire, global).map_err(|error| misconfigured(&error))?;
    Ok(Connection {
        api: Arc::new(client),
        embedded: None,
        wire,
    })
}

fn server(
    global: &Global,
    environment: Environment,
    terminal: &mut Terminal,
) -> Result<(Endpoint, Credentials), Failure> {
    let endpoint = given(&global.endpoint, environment.endpoint);
    let email = given(&global.email, environment.email);
    let (Some(endpoint), Some(email)) = (endpoint, email) else {
        return Err(nothing_configured());
    };
    let endpoint: Endpoint = endpoint
        .parse()
        .map_err(|error| misconfigured(&Error::from(error)))?;
    let password = password(global, environment.password, &email, terminal)?;
    let credentials =
        Credentials::basic(email, password).map_err(|error| misconfigured(&Error::from(error)))?;
    Ok((endpoint, credentials))
}

/// The flag's value, else the environment's. An empty one says nothing.
fn given(flag: &Option<String>, environment: Option<String>) -> Option<String> {
    flag.clone().or(environment).filter(|text| !text.is_empty())
}

fn password(
    global: &Global,
    environment: Option<String>,
    email: &str,
    terminal: &mut Terminal,
) -> Result<SecretString, Failure> {
    if let Some(password) = &global.password {
        terminal.warn(
            "--password shows the password to everyone who can list processes; \
             CLOUDSFOR_PASSWORD and --password-stdin don't",
        );
        Ok(password.as_str().into())
    } else if global.password_stdin {
        read_password(terminal)
    } else if let Some(password) = environment {
        Ok(password.into())
    } else if terminal.can_ask() {
        let password = terminal
            .ask_secret(&format!("Password of {email}: "))
            .map_err(|error| no_password(&error.to_string()))?;
        Ok(password.into())
    } else {
        Err(no_password(
            "it is not given, and there is no terminal to ask on",
        ))
    }
}

fn read_password(terminal: &mut Terminal) -> Result<SecretString, Failure> {
    let bytes = terminal
        .read_input(PASSWORD_MAX)
        .map_err(|error| no_password(&error.to_string()))?;
    password_text(bytes).map_err(|why| no_password(&format!("standard input {why}")))
}

/// The password that a file holds: all of it but the end of its line.
pub(crate) fn password_text(bytes: Vec<u8>) -> Result<SecretString, &'static str> {
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    match line.strip_suffix('\r').unwrap_or(line) {
        "" => Err("is empty"),
        password => Ok(password.into()),
    }
}

fn client(
    endpoint: Endpoint,
    credentials: Credentials,
    wire: &Wire,
    global: &Global,
) -> Result<Client, Error> {
    let mut options = TransportOptions::default();
    if endpoint.is_loopback() {
        // A proxy couldn't reach this machine, and would be given the password.
        options = options.without_proxies();
    }
    let mut builder = Client::builder()
        .endpoint(endpoint)
        .credentials(credentials)
        .with_body_limit(ANSWER_MAX);
    builder = match global.backend {
        Backend::Reqwest => wire.over(builder, ReqwestTransport::new(&options)?),
        Backend::Hyper => wire.over(builder, HyperTransport::new(&options)?),
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
    .next("a server, once:  cloudsfor --endpoint URL --email EMAIL vm list")
    .next("a server, always:  set CLOUDSFOR_ENDPOINT, CLOUDSFOR_EMAIL and CLOUDSFOR_PASSWORD")
}

pub(crate) fn misconfigured(error: &Error) -> Failure {
    Failure::of(error, "there is no way to the cloud")
}

fn no_password(why: &str) -> Failure {
    usage("there is no password", why)
        .next("set CLOUDSFOR_PASSWORD, or pipe the password in with --password-stdin")
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use clap::Parser;

    use super::*;
    use crate::args::Cli;
    use crate::golden;
    use crate::output::{self, Format};
    use crate::terminal::fake::{Fake, Screen};

    fn environment() -> Environment {
        Environment {
            endpoint: Some("http://127.0.0.1:1".into()),
            email: Some("user@example.com".into()),
            password: Some("of-the-environment".into()),
            data_dir: None,
        }
    }

    /// Where the command goes, as whom and with which password, and what it says.
    fn settings(
        args: &[&str],
        environment: Environment,
        fake: Fake,
    ) -> (Result<[String; 3], Failure>, Screen) {
        let args = ["cloudsfor", "vm", "list"].iter().chain(args);
        let global = Cli::try_parse_from(args).unwrap().global;
        let (mut terminal, screen) = fake.start();
        let settings =
            server(&global, environment, &mut terminal).map(|(endpoint, credentials)| {
                let basic = credentials.authorization();
                let pair = basic.to_str().unwrap().strip_prefix("Basic ").unwrap();
                let pair = String::from_utf8(BASE64.decode(pair).unwrap()).unwrap();
                let (email, password) = pair.split_once(':').unwrap();
                [endpoint.to_string(), email.to_owned(), password.to_owned()]
            });
        (settings, screen)
    }

    #[test]
    fn flags_come_before_the_environment() {
        let (from_environment, screen) = settings(&[], environment(), Fake::default());
        assert_eq!(
            from_environment.unwrap(),
            [
                "http://127.0.0.1:1/api/v1",
                "user@example.com",
                "of-the-environment"
            ]
        );
        assert_eq!(screen.err(), "");

        let args = [
            "--endpoint",
            "https://h/base",
            "--email",
            "me@h",
            "--password-stdin",
        ];
        let fake = Fake::default().with_input(b"of stdin\r\n");
        let (from_flags, screen) = settings(&args, environment(), fake);
        assert_eq!(from_flags.unwrap(), ["https://h/base", "me@h", "of stdin"]);
        assert_eq!(screen.err(), "");
    }

    #[test]
    fn a_password_in_an_argument_is_taken_with_a_warning() {
        let (settings, screen) = settings(
            &["--password", "pw"],
            environment(),
            Fake::default().quiet(),
        );
        assert_eq!(settings.unwrap()[2], "pw");
        assert!(screen.err().starts_with("warning: --password shows"));
        assert!(!screen.err().contains("pw"));
    }

    #[test]
    fn a_person_is_asked_for_the_password_and_a_script_is_not() {
        let unset = || Environment {
            password: None,
            ..environment()
        };
        let (asked, _) = settings(&[], unset(), Fake::person(80).types("typed"));
        assert_eq!(asked.unwrap()[2], "typed");
        let (refused, _) = settings(&[], unset(), Fake::default());
        let refused = refused.unwrap_err();
        assert_eq!(refused.exit, Exit::Usage);
        assert!(refused.next[0].contains("CLOUDSFOR_PASSWORD"));
    }

    #[test]
    fn without_a_cloud_five_lines_say_how_to_go_on() {
        let partly = Environment {
            email: None,
            ..environment()
        };
        for environment in [Environment::default(), partly] {
            let (refused, screen) = settings(&[], environment, Fake::default());
            let (mut terminal, lines) = Fake::default().start();
            output::failure::failure(&mut terminal, &Format::Table, &refused.unwrap_err());
            assert_eq!(screen.err(), "");
            golden::check("no-cloud.txt", &lines.err());
            assert_eq!(lines.err().lines().count(), 5);
        }
    }

    #[test]
    fn what_leads_nowhere_is_a_usage_error() {
        let piped = |input: &[u8]| Fake::default().with_input(input);
        for (args, fake) in [
            (&["--endpoint", "ftp://h"][..], Fake::default()),
            (&["--endpoint", "http://me:secret@h"], Fake::default()),
            (&["--endpoint", ""], Fake::default()),
            (&["--email", ""], Fake::default()),
            (&["--email", "a:b"], Fake::default()),
            (&["--password", "a\nb"], Fake::default()),
            (&["--password-stdin"], piped(b"")),
            (&["--password-stdin"], piped(b"\n")),
            (&["--password-stdin"], piped(b"\xff")),
        ] {
            let (refused, _) = settings(args, environment(), fake);
            let refused = refused.unwrap_err();
            assert_eq!(refused.exit, Exit::Usage, "{args:?}");
            assert!(!format!("{refused:?}").contains("secret"), "{refused:?}");
        }
    }

    #[test]
    fn both_backends_are_built_without_a_connection() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for backend in ["reqwest", "hyper"] {
            let args = [
                "cloudsfor",
                "vm",
                "list",
                "--backend",
                backend,
                "--request-timeout",
                "2s",
            ];
            let global = Cli::try_parse_from(args).unwrap().global;
            let (mut terminal, _) = Fake::default().start();
            let connected = runtime.block_on(connect(&global, environment(), &mut terminal));
            assert!(connected.is_ok(), "{backend}");
        }
    }

    #[test]
    fn a_data_directory_is_the_embedded_clouds() {
        let args = ["cloudsfor", "vm", "list", "--data-dir", "/tmp"];
        let global = Cli::try_parse_from(args).unwrap().global;
        let (mut terminal, _) = Fake::default().start();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let refused = runtime.block_on(connect(&global, environment(), &mut terminal));
        assert_eq!(refused.err().map(|failure| failure.exit), Some(Exit::Usage));
    }
}
