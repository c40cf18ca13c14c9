//! The program as a process: its streams, its exit codes, and what it does when
//! there is no cloud. Everything else is tested beside the code.

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

/// The program with an environment that says nothing of clouds, colours or
/// proxies.
fn cloudsfor(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloudsfor"));
    for (name, _) in std::env::vars_os() {
        let known = name.to_string_lossy().to_uppercase();
        if known.starts_with("CLOUDSFOR_") || known.contains("COLOR") || known.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command.env("CLOUDSFOR_CONFIG", "no such directory/config.toml");
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    cloudsfor(args).output().expect("the program starts")
}

/// Runs it against an address on which nothing listens.
fn run_alone(args: &[&str]) -> Output {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("loopback has a free port")
        .port();
    cloudsfor(args)
        .env("CLOUDSFOR_ENDPOINT", format!("http://127.0.0.1:{port}"))
        .env("CLOUDSFOR_EMAIL", "user@example.com")
        .env("CLOUDSFOR_PASSWORD", "hunter2")
        .output()
        .expect("the program starts")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("errors are UTF-8")
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [
        &["--help"][..],
        &["--version"],
        &["vm", "create", "--help"],
        &["help", "vm"],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(
            !output.stdout.is_empty() && output.stderr.is_empty(),
            "{args:?}"
        );
    }
}

#[test]
fn wrong_usage_exits_with_2_and_says_so_on_stderr() {
    for args in [
        &[][..],
        &["vm"],
        &["vm", "list", "--nope"],
        &["vm", "get", ""],
        &["vm", "list"],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{args:?}"
        );
    }
}

#[test]
fn wrong_usage_is_json_when_output_is() {
    for json in [
        &["-o", "json"][..],
        &["--output", "json"],
        &["-ojson"],
        &["--output=json"],
    ] {
        let args: Vec<_> = ["vm", "get", ""].iter().chain(json).copied().collect();
        let output = run(&args);
        let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["error"]["exit_code"], 2);
        let why = error["error"]["why"].as_str().unwrap();
        assert!(why.starts_with("invalid value '' for '<NAME|ID>'"), "{why}");
    }
}

#[test]
fn escapes_in_arguments_are_not_repeated() {
    for args in [
        &["vm", "get", "\u{1b}[2J\u{9b}31m"][..],
        &["vm", "\u{1b}[2Jlist"],
        &["vm", "list", "--timeout", "\u{1b}[2J"],
    ] {
        let output = cloudsfor(args).env("CLICOLOR_FORCE", "1").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(
            !err(&output).contains(['\u{1b}', '\u{9b}']),
            "{}",
            err(&output)
        );
    }
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    let output = cloudsfor(&["vm", "list"])
        .env("CLOUDSFOR_ENDPOINT", "")
        .env("CLOUDSFOR_EMAIL", "user@example.com")
        .output()
        .unwrap();
    assert!(
        err(&output).contains("no cloud is configured"),
        "{}",
        err(&output)
    );
}

#[test]
fn a_refused_connection_exits_with_7_over_both_backends() {
    for backend in ["reqwest", "hyper"] {
        let output = run_alone(&["vm", "list", "--backend", backend]);
        assert_eq!(output.status.code(), Some(7), "{}", err(&output));
        assert!(err(&output).starts_with("error: the VMs can't be listed\n  why: "));
        assert!(!err(&output).contains("hunter2"));
    }
}

#[test]
fn an_error_is_json_when_output_is() {
    let output = run_alone(&["-o", "json", "vm", "get", "example.com"]);
    assert!(output.stdout.is_empty());
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["exit_code"], 7);
}

#[test]
fn a_closed_pipe_is_silence() {
    let mut child = cloudsfor(&["--help"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
}

#[test]
fn colours_are_forced_and_refused_by_the_environment() {
    let forced = |name: &str, value: &str| {
        cloudsfor(&["vm", "list"])
            .env("CLICOLOR_FORCE", "1")
            .env(name, value)
            .output()
            .unwrap()
    };
    assert!(err(&forced("CLICOLOR_FORCE", "1")).contains('\u{1b}'));
    assert!(!err(&forced("NO_COLOR", "1")).contains('\u{1b}'));
    assert!(!err(&run(&["vm", "list"])).contains('\u{1b}'));
}
