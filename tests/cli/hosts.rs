//! Who may ask, and from where: the real service, by the real curl.

use std::process::Command;

use cloudsfor_tests::binary::{create, run};
use cloudsfor_tests::served::Served;
use cloudsfor_tests::service::{EMAIL, PASSWORD};

/// The status and the body of what curl gets with these arguments.
fn curl(served: &Served, path: &str, args: &[&str]) -> (u16, String) {
    let base = served.endpoint.strip_suffix("/api/v1").unwrap();
    let mut curl = Command::new("curl");
    curl.args([
        "--noproxy",
        "*",
        "--silent",
        "--show-error",
        "--max-time",
        "30",
    ])
    .args([
        "--write-out",
        "\n%{http_code}",
        "--user",
        &format!("{EMAIL}:{PASSWORD}"),
    ])
    .args(args)
    .arg(format!("{base}{path}"));
    let ended = run(&mut curl).ok();
    let (body, status) = ended.stdout.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

fn with_host(served: &Served, path: &str, host: &str) -> u16 {
    curl(served, path, &["--header", &format!("Host: {host}")]).0
}

#[test]
fn a_page_that_rebinds_its_name_reads_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let more = ["--testing", "--host-name", "cloud.example.com"];
    let served = Served::start_with_account(&dir.path().join("data"), &more);
    let hosts = served
        .announcement
        .lines()
        .find(|line| line.starts_with("Hosts: "));
    assert!(
        hosts.unwrap().contains("cloud.example.com"),
        "{}",
        served.announcement
    );
    for path in [
        "/api/v1/vms",
        "/metrics",
        "/testing",
        "/healthz",
        "/api/v1/openapi.json",
    ] {
        for host in ["localhost", "cloud.example.com:80", "127.0.0.1"] {
            assert_eq!(with_host(&served, path, host), 200, "{path} {host}");
        }
        let refused = curl(&served, path, &["--header", "Host: evil.example"]);
        assert_eq!(refused.0, 421, "{path}");
        let error: serde_json::Value = serde_json::from_str(&refused.1).unwrap();
        assert_eq!(error["id"], "misdirected");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("--host-name evil.example")
        );
        assert_eq!(curl(&served, path, &["--header", "Host:"]).0, 400, "{path}");
    }
    // The command line says so with its exit code.
    let port = served.endpoint.rsplit(':').next().unwrap();
    assert_eq!(
        with_host(&served, &format!("/api/v1/vms?x={port}"), "evil.example"),
        421
    );
}

#[test]
fn a_page_of_another_origin_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let served = Served::start(&dir.path().join("data"));
    let post = [
        "--request",
        "POST",
        "--header",
        "Content-Type: application/json",
        "--data",
        r#"{"name":"n"}"#,
    ];
    for (header, status) in [
        ("Sec-Fetch-Site: cross-site", 403),
        ("Origin: http://evil.example", 403),
        ("Origin: null", 403),
        ("Sec-Fetch-Site: same-origin", 201),
        ("X-Nothing: x", 201),
    ] {
        let args = [&post[..], &["--header", header]].concat();
        let (found, body) = curl(&served, "/api/v1/networks", &args);
        assert_eq!(found, status, "{header}: {body}");
        if status == 403 {
            let error: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!(error["reason"], "cross_origin");
        }
    }
    let script = [
        "--user",
        "x:y",
        "--header",
        "Sec-Fetch-Site: same-origin",
        "--include",
    ];
    let (status, head) = curl(&served, "/api/v1/vms", &script);
    assert_eq!(status, 401);
    assert!(
        head.to_lowercase().contains("www-authenticate: session"),
        "{head}"
    );
}

#[test]
fn links_are_those_of_the_proxy_that_is_believed() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let forwarded = [
        "--header",
        "X-Forwarded-Proto: https",
        "--header",
        "X-Forwarded-Host: cloud.example.com",
        "--header",
        "X-Forwarded-For: 192.0.2.7",
    ];
    let next = |more: &[&str]| {
        let served = Served::start_with_account(&data, more);
        for name in ["a", "b"] {
            served.cli(&create(name, &["-q", "--ensure"])).ok();
        }
        let (_, body) = curl(&served, "/api/v1/vms?per_page=1", &forwarded);
        let page: serde_json::Value = serde_json::from_str(&body).unwrap();
        let metrics = curl(&served, "/metrics", &forwarded).0;
        served.end("TERM");
        let next = page["links"]["pages"]["next"].as_str().unwrap().to_owned();
        (next, metrics)
    };
    let (link, metrics) = next(&[]);
    assert!(link.starts_with("http://127.0.0.1:"), "{link}");
    assert_eq!(metrics, 403);
    let (link, metrics) = next(&["--trusted-proxy", "127.0.0.1"]);
    assert!(
        link.starts_with("https://cloud.example.com/api/v1/vms?"),
        "{link}"
    );
    assert_eq!(metrics, 403);
    let (link, _) = next(&[
        "--trusted-proxy",
        "127.0.0.0/8",
        "--public-url",
        "https://public.example",
    ]);
    assert!(
        link.starts_with("https://public.example/api/v1/vms?"),
        "{link}"
    );
}
