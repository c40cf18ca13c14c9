//! `serve`: starting, the first account, stopping, being killed.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use cloudsfor_tests::binary::{cloudsfor, create, run};
use cloudsfor_tests::served::{Served, password_file, serve};
use cloudsfor_tests::service::EMAIL;

/// A password that is not the account's.
const WRONG: &str = "pa55-of-another";

#[test]
fn the_first_start_makes_an_account_and_shows_its_password_once() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let service = Served::start_with(&data, &[]);
    let line = |start: &str| {
        let line = service
            .announcement
            .lines()
            .find_map(|line| line.strip_prefix(start));
        line.map(str::to_owned)
    };
    assert_eq!(line("Account: ").as_deref(), Some("admin@localhost"));
    let password = line("Password: ").unwrap();
    assert!(password.len() >= 20);
    let profile = std::fs::metadata(data.join("local-profile.toml")).unwrap();
    assert_eq!(profile.permissions().mode() & 0o777, 0o600);
    for file in ["cloud.db", "cloud.db-wal"] {
        let mode = std::fs::metadata(data.join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }

    let by_hand = |password: &str| {
        let mut list = cloudsfor(&["vm", "list", "--endpoint", &service.endpoint]);
        list.args(["--email", "admin@localhost"])
            .env("CLOUDSFOR_PASSWORD", password);
        run(&mut list).code
    };
    assert_eq!((by_hand(&password), by_hand("wrong")), (0, 4));
    assert_eq!(service.end("INT"), Some(0));

    let again = Served::start_with(&data, &[]);
    assert!(
        !again.announcement.contains("Password"),
        "{}",
        again.announcement
    );
    let mut list = cloudsfor(&["--profile", "local", "vm", "list", "--data-dir"]);
    run(list.arg(&data)).ok();
}

#[test]
fn the_account_that_is_asked_for_must_match() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert_eq!(Served::start(&data).end("TERM"), Some(0));
    let refused = |args: &[&str]| {
        let ended = run(&mut serve(&data, args));
        assert_eq!((ended.code, ended.stdout.as_str()), (5, ""), "{ended:?}");
        assert!(!ended.stderr.contains(WRONG), "{ended:?}");
        ended.stderr
    };
    assert!(refused(&["--account", "other@example.com"]).contains("belongs to"));
    let wrong = dir.path().join("wrong");
    std::fs::write(&wrong, WRONG).unwrap();
    let wrong = [
        "--account",
        EMAIL,
        "--password-file",
        wrong.to_str().unwrap(),
    ];
    assert!(refused(&wrong).contains("not that of"));

    // From standard input, and in any case of letters.
    let mut piped = serve(
        &data,
        &["--account", "USER@example.com", "--password-file", "-"],
    );
    let file = std::fs::File::open(password_file(&data)).unwrap();
    let mut process = piped.stdin(file).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    std::io::Read::read_exact(process.stdout.as_mut().unwrap(), &mut first).unwrap();
    assert_eq!(&first, b"CloudsFor ");
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn the_vm_limit_applies_at_each_start() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let start = |limit: &str| Served::start_with_account(&data, &["--vm-limit", limit]);

    let service = start("1");
    service.cli(&create("a", &[])).ok();
    let refused = service.cli(&create("b", &[]));
    assert_eq!(refused.code, 6, "{refused:?}");
    assert_eq!(service.end("TERM"), Some(0));
    let service = start("2");
    service.cli(&create("b", &[])).ok();
    assert_eq!(service.cli(&create("c", &[])).code, 6);
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut names = Vec::new();
    for round in 0..3 {
        let service = Served::start(&data);
        let name = format!("round-{round}");
        let created = service
            .cli(&create(&name, &["--no-wait", "-o", "json"]))
            .ok()
            .json();
        assert_eq!(created["name"], *name);
        names.push(name);
        assert_eq!(service.end("KILL"), None);
    }
    let service = Served::start(&data);
    let listed = service.cli(&["vm", "list", "-o", "json"]).ok().json();
    let found: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|vm| vm["name"].as_str().unwrap())
        .collect();
    assert_eq!(found, names);
    assert!(
        listed
            .as_array()
            .unwrap()
            .iter()
            .all(|vm| vm["status"] == "running"),
        "{listed}"
    );
}

#[test]
fn an_address_that_is_taken_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let service = Served::start(&dir.path().join("data"));
    let address = service
        .endpoint
        .trim_start_matches("http://")
        .trim_end_matches("/api/v1");
    let mut second = cloudsfor(&["serve", "--listen", address, "--data-dir"]);
    let ended = run(second.arg(dir.path().join("other")));
    assert_eq!(ended.code, 1);
    assert!(
        ended.stderr.contains(address) && ended.stderr.contains("next:"),
        "{}",
        ended.stderr
    );
    assert!(!dir.path().join("other").exists());
}
