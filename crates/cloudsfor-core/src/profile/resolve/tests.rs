use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;

const FILE: &str = r#"
profile = "work"

[profiles.work]
endpoint = "https://work.example"
email = "work@h"
password = "of work"

[profiles.lab]
endpoint = "https://lab.example"
email = "lab@h"
password = "of lab"

[profiles.bare]
password = "of bare"
"#;

/// A file with this text, and an environment that says where it is and no more.
fn environment(text: &str) -> (TempDir, Environment) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    super::super::file::write(&path, text).unwrap();
    let environment = Environment {
        config: Some(path),
        ..Environment::default()
    };
    (dir, environment)
}

/// Where to go, as whom, with which password.
fn shown(resolved: &Resolved) -> [String; 3] {
    let endpoint = resolved.endpoint.as_ref().map(Endpoint::origin);
    let password = resolved.password.as_ref().map(|password| match password {
        Password::Text(text) => text.expose_secret().to_owned(),
        Password::Command(command) => command.clone(),
    });
    [endpoint, resolved.email.clone(), password].map(Option::unwrap_or_default)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn what_was_given_comes_before_the_environment_before_the_profile() {
    let (_dir, file) = environment(FILE);
    let resolve = |given: &Given, environment: &Environment| {
        shown(&given.clone().resolve_in(environment).unwrap())
    };
    let nothing = Given::default();
    let profile = |name| Given {
        profile: some(name),
        ..Given::default()
    };
    assert_eq!(
        resolve(&nothing, &file),
        ["https://work.example", "work@h", "of work"]
    );
    assert_eq!(
        resolve(&profile("lab"), &file),
        ["https://lab.example", "lab@h", "of lab"]
    );

    let named = Environment {
        profile: some("lab"),
        ..file.clone()
    };
    assert_eq!(resolve(&nothing, &named)[1], "lab@h");
    assert_eq!(resolve(&profile("work"), &named)[1], "work@h");

    let whole = Environment {
        endpoint: some("http://env.example"),
        email: some("env@h"),
        password: Some("of env".into()),
        ..file
    };
    assert_eq!(
        resolve(&nothing, &whole),
        ["http://env.example", "env@h", "of env"]
    );
    assert_eq!(
        resolve(&profile("lab"), &whole),
        ["https://lab.example", "lab@h", "of lab"]
    );

    let told = Given {
        endpoint: some("http://given.example"),
        email: some("given@h"),
        password: Some("given".into()),
        profile: None,
        ca_file: None,
    };
    assert_eq!(
        resolve(&told, &whole),
        ["http://given.example", "given@h", "given"]
    );
}

#[test]
fn no_password_goes_where_it_does_not_belong() {
    let (_dir, file) = environment(FILE);
    let resolve =
        |given: Given, environment: &Environment| shown(&given.resolve_in(environment).unwrap());
    // Another server than the profile's.
    let elsewhere = Given {
        endpoint: some("https://evil.example"),
        ..Given::default()
    };
    assert_eq!(resolve(elsewhere, &file), ["https://evil.example", "", ""]);
    // Another path on the profile's own server.
    let same = Given {
        endpoint: some("https://work.example/api/v1"),
        ..Given::default()
    };
    assert_eq!(resolve(same, &file)[2], "of work");
    // Another e-mail than the password's.
    let other = Given {
        email: some("other@h"),
        ..Given::default()
    };
    assert_eq!(
        resolve(other, &file),
        ["https://work.example", "other@h", ""]
    );
    let mismatch = Environment {
        email: some("env@h"),
        password: Some("of env".into()),
        ..file.clone()
    };
    let given = Given {
        email: some("other@h"),
        ..Given::default()
    };
    assert_eq!(resolve(given, &mismatch)[2], "");
    // A profile that says neither is for any server and e-mail.
    let bare = Given {
        profile: some("bare"),
        endpoint: some("https://any.example"),
        email: some("any@h"),
        ..Given::default()
    };
    assert_eq!(
        resolve(bare, &file),
        ["https://any.example", "any@h", "of bare"]
    );
}

#[test]
fn a_profile_that_was_named_must_be_there() {
    let (_dir, file) = environment(FILE);
    let given = Given {
        profile: some("wrok"),
        ..Given::default()
    };
    let error = given.resolve_in(&file).unwrap_err();
    assert!(matches!(error, ProfileError::Unknown { .. }), "{error}");
    let named = Environment {
        profile: some("wrok"),
        ..file
    };
    assert!(Given::default().resolve_in(&named).is_err());

    let (_dir, wrong) = environment("profile = \"gone\"");
    assert!(Given::default().resolve_in(&wrong).is_err());
    let (_dir, empty) = environment("");
    let nothing = Given::default().resolve_in(&empty).unwrap();
    assert_eq!(shown(&nothing), ["", "", ""]);
}

#[test]
fn the_file_is_not_read_if_there_is_nothing_to_ask_it() {
    let (_dir, broken) = environment("[");
    let whole = Environment {
        endpoint: some("http://env.example"),
        email: some("env@h"),
        password: Some("of env".into()),
        ..broken.clone()
    };
    assert!(Given::default().resolve_in(&whole).is_ok());
    assert!(Given::default().resolve_in(&broken).is_err());
}

#[tokio::test]
async fn it_gives_credentials_or_says_what_is_missing() {
    let (_dir, file) = environment(FILE);
    let resolved = Given::default().resolve_in(&file).unwrap();
    let credentials = resolved.credentials().await.unwrap();
    assert_eq!(credentials.email(), "work@h");

    let nobody = Resolved::default().credentials().await.unwrap_err();
    assert!(nobody.message().contains("no e-mail"), "{nobody}");
    let no_password = Resolved {
        email: some("a@h"),
        ..Resolved::default()
    };
    let error = no_password.credentials().await.unwrap_err();
    assert!(error.message().contains("no password"), "{error}");
    let shown = format!("{resolved:?}");
    assert!(!shown.contains("of work"), "{shown}");
}
