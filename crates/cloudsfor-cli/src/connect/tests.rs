//! Where a command goes, as whom, and what it says of it.

use clap::Parser;
use secrecy::ExposeSecret;

use super::*;
use crate::args::Cli;
use crate::golden;
use crate::output::{self, Format};
use crate::terminal::fake::{Fake, Screen};

/// Variables that say everything; no profile file is looked at.
fn environment() -> Environment {
    let mut environment = nothing();
    environment.variables.endpoint = Some("http://127.0.0.1:1".into());
    environment.variables.email = Some("user@example.com".into());
    environment.variables.password = Some("of-the-environment".into());
    environment
}

/// Variables that say nothing, and no profile file.
fn nothing() -> Environment {
    let mut environment = Environment::default();
    environment.variables.config = Some("no such directory/config.toml".into());
    environment
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap()
}

/// Where the command goes, as whom and with which password, and what it says.
fn settings(
    args: &[&str],
    environment: &Environment,
    fake: Fake,
) -> (Result<[String; 3], Failure>, Screen) {
    let args = ["cloudsfor", "vm", "list"].iter().chain(args);
    let global = Cli::try_parse_from(args).unwrap().global;
    let (mut terminal, screen) = fake.start();
    let wire = Wire::new(&global);
    let settings = server(&global, environment, &mut terminal).and_then(|settings| {
        let resolved = settings.resolved.clone();
        to_server(settings.resolved, &wire, &global, &mut terminal)?;
        let password = runtime()
            .block_on(resolved.password.unwrap().read())
            .unwrap();
        let endpoint = resolved.endpoint.unwrap().to_string();
        let email = resolved.email.unwrap();
        Ok([endpoint, email, password.expose_secret().to_owned()])
    });
    (settings, screen)
}

#[test]
fn flags_come_before_the_environment() {
    let (from_environment, screen) = settings(&[], &environment(), Fake::default());
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
    let (from_flags, screen) = settings(&args, &environment(), fake);
    assert_eq!(from_flags.unwrap(), ["https://h/base", "me@h", "of stdin"]);
    assert_eq!(screen.err(), "");
}

#[test]
fn a_password_in_an_argument_is_taken_with_a_warning() {
    let (settings, screen) = settings(
        &["--password", "pw"],
        &environment(),
        Fake::default().quiet(),
    );
    assert_eq!(settings.unwrap()[2], "pw");
    assert!(screen.err().starts_with("warning: --password shows"));
    assert!(!screen.err().contains("pw"));
}

#[test]
fn a_person_is_asked_for_the_password_and_a_script_is_not() {
    let unset = || {
        let mut environment = environment();
        environment.variables.password = None;
        environment
    };
    let (asked, _) = settings(&[], &unset(), Fake::person(80).types("typed"));
    assert_eq!(asked.unwrap()[2], "typed");
    let (refused, _) = settings(&[], &unset(), Fake::default());
    let refused = refused.unwrap_err();
    assert_eq!(refused.exit, Exit::Usage);
    assert!(refused.next[0].contains("CLOUDSFOR_PASSWORD"));
}

#[test]
fn without_a_cloud_five_lines_say_how_to_go_on() {
    let mut partly = environment();
    partly.variables.email = None;
    for environment in [nothing(), partly] {
        let (refused, screen) = settings(&[], &environment, Fake::default());
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
        (&["--email", "a:b"], Fake::default()),
        (&["--password", "a\nb"], Fake::default()),
        (&["--password-stdin"], piped(b"")),
        (&["--password-stdin"], piped(b"\n")),
        (&["--password-stdin"], piped(b"\xff")),
    ] {
        let (refused, _) = settings(args, &environment(), fake);
        let refused = refused.unwrap_err();
        assert_eq!(refused.exit, Exit::Usage, "{args:?}");
        assert!(!format!("{refused:?}").contains("secret"), "{refused:?}");
    }
}

#[test]
fn both_backends_are_built_without_a_connection() {
    let runtime = runtime();
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
        let connected = runtime.block_on(connect(&global, &environment(), &mut terminal));
        assert!(connected.is_ok(), "{backend}");
    }
}

#[test]
fn a_data_directory_is_the_embedded_clouds() {
    let args = ["cloudsfor", "vm", "list", "--data-dir", "/tmp"];
    let global = Cli::try_parse_from(args).unwrap().global;
    let (mut terminal, _) = Fake::default().start();
    let runtime = runtime();
    let refused = runtime.block_on(connect(&global, &environment(), &mut terminal));
    assert_eq!(refused.err().map(|failure| failure.exit), Some(Exit::Usage));
}

/// A profile file with a profile in use and another one.
fn with_profiles(dir: &tempfile::TempDir) -> Environment {
    let path = dir.path().join("config.toml");
    let text = r#"
        profile = "work"
        [profiles.work]
        endpoint = "https://work"
        email = "me@work"
        password_command = "echo of-the-command; echo more"
        [profiles.work.columns]
        vm = "name, ip"
        [profiles.home]
        endpoint = "http://127.0.0.1:7"
        email = "me@home"
        password_command = "echo of-home"
    "#;
    std::fs::write(&path, text).unwrap();
    let mut environment = Environment::default();
    environment.variables.config = Some(path);
    environment
}

#[test]
fn a_profile_is_used_unless_something_else_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let used = |args: &[&str], change: fn(&mut Environment)| {
        let mut environment = with_profiles(&dir);
        change(&mut environment);
        settings(args, &environment, Fake::default()).0
    };
    let work = ["https://work/api/v1", "me@work", "of-the-command"];
    assert_eq!(used(&[], |_| ()).unwrap(), work);
    let home = ["http://127.0.0.1:7/api/v1", "me@home", "of-home"];
    assert_eq!(used(&["--profile", "home"], |_| ()).unwrap(), home);
    let by_variable = used(&[], |e| e.variables.profile = Some("home".into()));
    assert_eq!(by_variable.unwrap(), home);
    let unknown = used(&["--profile", "nowhere"], |_| ()).unwrap_err();
    assert_eq!(unknown.exit, Exit::Usage);
    // The password is not for another server.
    let elsewhere = used(&["--endpoint", "https://other"], |_| ()).unwrap_err();
    assert_eq!(elsewhere.exit, Exit::Usage);
}

#[test]
fn the_profiles_columns_are_for_its_nouns() {
    let dir = tempfile::tempdir().unwrap();
    let environment = with_profiles(&dir);
    let global = Cli::try_parse_from(["cloudsfor", "vm", "list"])
        .unwrap()
        .global;
    let (mut terminal, _) = Fake::default().start();
    let connected = runtime().block_on(connect(&global, &environment, &mut terminal));
    assert_eq!(connected.ok().unwrap().columns["vm"], ["name", "ip"]);
}

#[test]
fn the_profile_local_takes_nothing_beside_it() {
    let args = [
        "cloudsfor",
        "vm",
        "list",
        "--profile",
        "local",
        "--endpoint",
        "http://h",
    ];
    let global = Cli::try_parse_from(args).unwrap().global;
    let (mut terminal, _) = Fake::default().start();
    let refused = runtime().block_on(connect(&global, &nothing(), &mut terminal));
    assert!(
        refused
            .err()
            .unwrap()
            .what
            .starts_with("--endpoint can't be used")
    );
}
