//! Completion as a shell asks for it at each Tab.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cloudsfor_tests::binary::{Ended, cloudsfor, create, run};
use cloudsfor_tests::served::Served;

/// What bash gets for these words, of which the last is being typed.
fn complete(command: Command, words: &[&str], cache: &Path) -> String {
    let mut command = command;
    command
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
        .env("_CLAP_IFS", "\n")
        .env("XDG_CACHE_HOME", cache)
        .args(["--", "cloudsfor"])
        .args(words);
    let ended: Ended = run(&mut command);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    ended.stdout
}

#[test]
fn names_come_from_the_cloud_and_from_the_cache_when_it_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let served = Served::start(&dir.path().join("data"));
    let id = served
        .cli(&create("web.example.com", &["-q", "-o", "id"]))
        .ok()
        .stdout;
    let tab = |words: &[&str]| complete(served.command(&[]), words, &cache);
    assert_eq!(
        tab(&["vm", "get", ""]).lines().next(),
        Some("web.example.com")
    );
    assert_eq!(tab(&["vm", "stop", "we"]), "web.example.com");
    assert_eq!(tab(&["vm", "get", &id[..6]]), id.trim());
    assert!(tab(&["vm", "create", "x", "--region", ""]).contains("moscow_01"));
    assert!(tab(&["vm", "reb"]).contains("reboot"));

    let endpoint = served.endpoint.clone();
    drop(served);
    let mut gone = cloudsfor(&[]);
    gone.env("CLOUDSFOR_ENDPOINT", endpoint)
        .env("CLOUDSFOR_EMAIL", cloudsfor_tests::service::EMAIL)
        .env("CLOUDSFOR_PASSWORD", "whatever");
    // Older than fresh, so that the cloud is asked in vain first.
    let age = |path: &Path| {
        let file = std::fs::File::options().append(true).open(path).unwrap();
        let old = std::time::SystemTime::now() - Duration::from_secs(3600);
        file.set_modified(old).unwrap();
    };
    let clouds = std::fs::read_dir(cache.join("cloudsfor").join("completion")).unwrap();
    clouds.for_each(|cloud| age(&cloud.unwrap().path().join("vm.json")));
    assert_eq!(
        complete(gone, &["vm", "get", "w"], &cache),
        "web.example.com"
    );
}

#[test]
fn a_server_that_never_answers_and_no_settings_are_no_reason_to_hang() {
    let dir = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = cloudsfor(&[]);
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    command
        .env("CLOUDSFOR_ENDPOINT", endpoint)
        .env("CLOUDSFOR_EMAIL", "user@example.com")
        .env("CLOUDSFOR_PASSWORD", "pw");
    let begun = Instant::now();
    assert_eq!(complete(command, &["vm", "get", "w"], dir.path()), "");
    assert!(begun.elapsed() < Duration::from_secs(10));
    // Nobody is asked for a password.
    let mut nobody = cloudsfor(&[]);
    nobody
        .env("CLOUDSFOR_ENDPOINT", "http://127.0.0.1:1")
        .env("CLOUDSFOR_EMAIL", "a@b");
    assert_eq!(complete(nobody, &["vm", "get", "w"], dir.path()), "");
}
