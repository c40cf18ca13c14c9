//! Bad input, as a user gives it: each is a clear error with its exit code, and
//! nothing is made.

use std::io::{Read, Write};
use std::net::TcpListener;

use cloudsfor_tests::binary::{Ended, cloudsfor, create, run};
use cloudsfor_tests::served::Served;
use cloudsfor_tests::service::EMAIL;

#[test]
fn every_kind_of_bad_input_has_its_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let service = Served::start(&dir.path().join("data"));
    let long = "a".repeat(300);
    let instead = |name: &str, flag: &str, value: &str| {
        let mut args: Vec<_> = create(name, &[]).into_iter().map(str::to_owned).collect();
        if let Some(at) = args.iter().position(|arg| arg == flag) {
            args[at + 1] = value.to_owned();
        }
        args
    };
    let name = "example.com";
    let mut cases = vec![
        (instead(name, "--region", "atlantis"), 2, "atlantis"),
        (instead(name, "--image", "plan-9"), 2, "plan-9"),
        (instead(name, "--image", "../../etc/passwd"), 2, "--image"),
        (instead("", "", ""), 2, "NAME"),
        (instead("a b", "", ""), 2, "NAME"),
        (instead("-a", "", ""), 2, ""),
        (instead("a_b", "", ""), 2, "NAME"),
        (instead(&long, "", ""), 2, "NAME"),
        (instead("\u{1b}[31mred", "", ""), 2, "NAME"),
    ];
    for (flag, values) in [
        ("--size", ["0", "-1", "0.3", "1e300", "big"]),
        ("--cpu", ["0", "-1", "1.5", "1e300", "many"]),
        ("--disk-size", ["0", "-1", "1.5", "1e300", ""]),
    ] {
        cases.extend(values.map(|value| (instead(name, flag, value), 2, flag)));
    }
    for id in [
        "9a33ef4fec394360a88e3c60b78b5dbc",
        "unknown.example.com",
        "id:unknown",
    ] {
        cases.push((vec!["vm".into(), "get".into(), id.into()], 3, "next:"));
    }
    for selector in [
        "",
        "..",
        "../account",
        "a/b",
        "id:a/b",
        "id:",
        "name:",
        "\u{1b}[2J",
    ] {
        cases.push((vec!["vm".into(), "get".into(), selector.into()], 2, ""));
        let delete = ["vm", "delete", selector, "--yes"];
        cases.push((delete.map(str::to_owned).to_vec(), 2, ""));
    }
    for (args, code, says) in cases {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let ended = service.cli(&args);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (code, ""),
            "{args:?} {ended:?}"
        );
        assert!(ended.stderr.contains(says), "{args:?} {ended:?}");
        assert!(!ended.stderr.contains('\u{1b}'), "{args:?} {ended:?}");
    }
    let listed = service.cli(&["vm", "list", "-o", "json"]).ok().json();
    assert_eq!(listed, serde_json::json!([]));
}

#[test]
fn a_server_that_is_none_is_a_network_error() {
    // Nothing listens on a port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for backend in ["reqwest", "hyper"] {
        let endpoint = format!("http://{address}");
        let mut command = cloudsfor(&["vm", "list", "--endpoint", &endpoint, "--backend", backend]);
        let ended: Ended = run(command
            .args(["--email", EMAIL])
            .env("CLOUDSFOR_PASSWORD", "secret"));
        assert_eq!(ended.code, 7, "{ended:?}");
        assert!(
            ended.stderr.contains("next:") && !ended.stderr.contains("secret"),
            "{ended:?}"
        );
    }
}

#[test]
fn an_ambiguous_name_is_refused_with_its_candidates() {
    let dir = tempfile::tempdir().unwrap();
    let service = Served::start(&dir.path().join("data"));
    let make = || {
        service
            .cli(&create("example.com", &["-o", "id"]))
            .ok()
            .stdout
    };
    let ids = [make(), make()];
    for args in [
        &["vm", "get", "example.com"][..],
        &["vm", "delete", "example.com", "--yes"],
    ] {
        let ended = service.cli(args);
        assert_eq!(ended.code, 5, "{ended:?}");
        assert!(
            ids.iter().all(|id| ended.stderr.contains(id.trim())),
            "{ended:?}"
        );
    }
    // Without a terminal and without --yes nothing is deleted.
    let ended = service.cli(&["vm", "delete", ids[0].trim()]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let listed = service.cli(&["vm", "list", "-o", "json"]).ok().json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
}

/// Answers one request with these bytes, closes the connection, and says what was
/// asked.
fn answers_once(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            asked.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (endpoint, thread)
}

#[test]
fn answers_that_are_none_of_ours_are_clear_errors() {
    for (answer, code, says) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 26\r\n\r\n<html><body>hello</body>\r\n",
            7,
            "HTML",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            4,
            "password",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            7,
            "302",
        ),
    ] {
        for backend in ["reqwest", "hyper"] {
            let (endpoint, asked) = answers_once(answer);
            let args = [
                "vm",
                "get",
                "id:7",
                "--endpoint",
                &endpoint,
                "--backend",
                backend,
                "--request-timeout",
                "10s",
            ];
            let mut command = cloudsfor(&args);
            let ended = run(command
                .args(["--email", EMAIL])
                .env("CLOUDSFOR_PASSWORD", "s3cret"));
            assert_eq!(ended.code, code, "{answer} {ended:?}");
            assert!(
                ended.stderr.contains(says) && ended.stderr.contains("next:"),
                "{ended:?}"
            );
            assert!(!ended.stderr.contains("s3cret"), "{ended:?}");
            assert!(
                asked
                    .join()
                    .unwrap()
                    .starts_with("GET /api/v1/vms/7 HTTP/1.1\r\n")
            );
        }
    }
}
