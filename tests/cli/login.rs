//! `login`, and the profiles that it makes.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use cloudsfor_tests::binary::{Ended, cloudsfor, create, run};
use cloudsfor_tests::served::Served;
use cloudsfor_tests::service::{EMAIL, PASSWORD};

/// A command of somebody whose profile file is this one.
fn command(config: &Path, args: &[&str]) -> Command {
    let mut command = cloudsfor(args);
    command.env("CLOUDSFOR_CONFIG", config);
    command
}

fn with_input(command: &mut Command, input: &str) -> Ended {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap().into()
}

#[test]
fn an_account_is_tried_and_kept_for_the_next_commands() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("new").join("config.toml");
    let served = Served::start(&dir.path().join("data"));
    let login = ["login", "--endpoint", &served.endpoint, "--email", EMAIL];
    let login_with = |password: &str, more: &[&str]| {
        let args = [&login[..], &["--password-stdin"], more].concat();
        with_input(&mut command(&config, &args), password)
    };

    let wrong = login_with("not the password", &[]);
    assert_eq!((wrong.code, config.exists()), (4, false), "{wrong:?}");

    let right = login_with(PASSWORD, &["--profile", "first"]).ok();
    assert!(right.stderr.contains("The profile first"), "{right:?}");
    let mode = std::fs::metadata(&config).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let vms = run(&mut command(&config, &["vm", "list", "-o", "json"])).ok();
    assert_eq!(vms.json(), serde_json::json!([]));

    // A second profile, whose password a command prints.
    let password = dir.path().join("data").join("password.txt");
    std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    let print = format!("cat {}", password.display());
    let more = ["--password-command", &print, "--profile", "other"];
    run(&mut command(&config, &[&login[..], &more].concat())).ok();
    let account = run(&mut command(&config, &["account", "get", "-o", "name"])).ok();
    assert_eq!(account.stdout, format!("{EMAIL}\n"));
    let names = run(&mut command(&config, &["profile", "list", "-o", "name"])).ok();
    assert_eq!(names.stdout, "first\nother\n");

    run(&mut command(&config, &["profile", "remove", "other"])).ok();
    let none = run(&mut command(&config, &["vm", "list"]));
    assert!(none.stderr.contains("no cloud is configured"), "{none:?}");
    run(&mut command(&config, &["profile", "use", "first"])).ok();
    run(&mut command(&config, &["vm", "list"])).ok();
}

#[test]
fn a_trace_has_no_secrets_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let served = Served::start(&dir.path().join("data"));
    let user_data = dir.path().join("user-data");
    std::fs::write(&user_data, "#!/bin/sh\nTOKEN=s3cret-token\n").unwrap();
    let more = ["--user-data", user_data.to_str().unwrap(), "--debug"];
    let traced = served.cli(&create("web.example.com", &more)).ok();
    assert!(
        traced.stderr.contains("> authorization: [hidden]"),
        "{traced:?}"
    );
    assert!(
        traced.stderr.contains(r#""user_data":"[hidden]""#),
        "{traced:?}"
    );
    for secret in [PASSWORD, "s3cret-token", "Basic "] {
        assert!(!traced.stderr.contains(secret), "{secret}: {traced:?}");
    }
}

#[test]
fn nothing_to_ask_on_is_a_usage_error() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.toml");
    for args in [
        &["login"][..],
        &["login", "--endpoint", "http://127.0.0.1:1"],
        &[
            "login",
            "--endpoint",
            "http://127.0.0.1:1",
            "--email",
            EMAIL,
        ],
        &["login", "--local"],
        &["login", "--profile", "local"],
    ] {
        let refused = run(&mut command(&config, args));
        assert_eq!(refused.code, 2, "{args:?}: {refused:?}");
    }
    assert!(!config.exists());
}
