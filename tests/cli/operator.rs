//! What whoever runs the service does, as the README tells it: accounts, what was
//! done and used, backups, names, faults; with the service running and not.

use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;

use cloudsfor_tests::binary::{Ended, cloudsfor, create, run};
use cloudsfor_tests::served::Served;
use cloudsfor_tests::service::EMAIL;

struct Operator<'a>(&'a Path);

impl Operator<'_> {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = cloudsfor(&["serve"]);
        command.args(args).arg("--data-dir").arg(self.0);
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        run(&mut self.command(args))
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code, 0, "{args:?}: {ended:?}");
        ended.stdout
    }
}

fn login(service: &Served, email: &str, password: &str) -> i32 {
    let mut command = cloudsfor(&["account", "get", "--endpoint", &service.endpoint]);
    command
        .args(["--email", email])
        .env("CLOUDSFOR_PASSWORD", password);
    run(&mut command).code
}

#[test]
fn accounts_are_managed_while_the_service_runs() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let operator = Operator(&data);
    let missing = operator.run(&["account", "list"]);
    assert_eq!((missing.code, missing.stdout.as_str()), (3, ""));

    let service = Served::start(&data);
    let password = operator.ok(&["account", "add", "team@example.com", "--vm-limit", "2"]);
    let password = password.trim();
    assert_eq!(login(&service, "team@example.com", password), 0);
    assert_eq!(
        operator.run(&["account", "add", "team@example.com"]).code,
        5
    );
    assert_eq!(operator.run(&["account", "add", "nobody"]).code, 2);

    // It is no account's password, and isn't taken for none.
    let mut passwd = operator.command(&["account", "passwd", "team@example.com"]);
    let refused = run(passwd.arg("--password-stdin"));
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("--password-file -"), "{refused:?}");
    assert_eq!(login(&service, "team@example.com", password), 0);

    let ci = operator.ok(&["account", "password", "add", "team@example.com", "ci"]);
    assert_eq!(login(&service, "team@example.com", ci.trim()), 0);
    let names = operator.ok(&[
        "account",
        "password",
        "list",
        "team@example.com",
        "-o",
        "name",
    ]);
    assert_eq!(names, "default\nci\n");
    operator.ok(&["account", "password", "revoke", "team@example.com", "ci"]);
    assert_eq!(login(&service, "team@example.com", ci.trim()), 4);
    operator.ok(&["account", "disable", "team@example.com"]);
    assert_eq!(login(&service, "team@example.com", password), 4);
    operator.ok(&["account", "enable", "team@example.com"]);
    assert_eq!(login(&service, "team@example.com", password), 0);
    let new = operator.ok(&["account", "passwd", "team@example.com"]);
    assert_eq!(login(&service, "team@example.com", password), 4);
    assert_eq!(login(&service, "team@example.com", new.trim()), 0);
    operator.ok(&["account", "limit", "team@example.com", "5"]);
    let listed = operator.ok(&["account", "list", "-o", "csv", "--columns", "email,limit"]);
    assert!(listed.contains("team@example.com,5"), "{listed}");

    assert_eq!(service.cli(&create("vm.example.com", &[])).code, 0);
    let audit = operator.ok(&[
        "audit",
        "-o",
        "csv",
        "--columns",
        "account,login,address,operation",
    ]);
    assert!(
        audit.contains(&format!("{EMAIL},default,127.0.0.1,create_vm")),
        "{audit}"
    );
    assert!(
        audit.contains("team@example.com,operator,,disable_account"),
        "{audit}"
    );
    for secret in [password, ci.trim(), new.trim()] {
        assert!(!audit.contains(secret));
    }
}

#[test]
fn what_was_used_is_told_and_a_backup_brings_a_cloud_back() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let operator = Operator(&data);
    let service = Served::start(&data);
    assert_eq!(service.cli(&create("kept.example.com", &[])).code, 0);
    let usage = operator.run(&["usage", "-o", "json"]).json();
    assert_eq!(usage[0]["account"], EMAIL);
    assert_eq!(
        (usage[0]["plan"].as_str(), usage[0]["vms"].as_u64()),
        (Some("PLAN_ID_FIX"), Some(1))
    );
    assert_eq!(
        operator.ok(&["usage", "--to", "2020-01-01", "-o", "name"]),
        ""
    );
    assert_eq!(operator.run(&["usage", "--from", "yesterday"]).code, 2);

    let file = dir.path().join("backup.db");
    let file = file.to_str().unwrap();
    operator.ok(&["backup", file]);
    assert_eq!(operator.run(&["backup", file]).code, 1);
    assert_eq!(service.cli(&create("later.example.com", &[])).code, 0);
    assert_eq!(operator.run(&["restore", file]).code, 5);
    let in_use = operator.run(&["restore", file, "--replace"]);
    assert_eq!(in_use.code, 5);
    assert!(in_use.stderr.contains("in use"), "{in_use:?}");
    assert_eq!(service.end("TERM"), Some(0));
    operator.ok(&["restore", file, "--replace"]);
    let service = Served::start(&data);
    assert_eq!(
        service.cli(&["vm", "list", "-o", "name"]).stdout,
        "kept.example.com\n"
    );
}

#[test]
fn it_answers_for_names_counts_and_fails_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let service = Served::start_with_account(
        &data,
        &[
            "--dns-listen",
            "127.0.0.1:0",
            "--rate-limit",
            "1000",
            "--testing",
            "--fault",
            "list_keys answer=503",
        ],
    );
    let dns = service
        .announcement
        .lines()
        .find_map(|line| line.strip_prefix("DNS: "));
    let dns = dns.unwrap().split(',').next().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(std::time::Duration::from_secs(10)))
        .unwrap();
    // The SOA of a domain that isn't there: refused.
    let question =
        b"\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x06\x00\x01";
    socket.send_to(question, dns).unwrap();
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).unwrap();
    assert_eq!(
        (&answer[..2], answer[3] & 0xf, length > 12),
        (&b"\x12\x34"[..], 5, true)
    );

    let curl = |path: &str, more: &[&str]| {
        let url = service.endpoint.replace("/api/v1", path);
        let ended = run(Command::new("curl").args(["-sS", "-i"]).args(more).arg(url));
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.stdout
    };
    let metrics = curl("/metrics", &[]);
    assert!(metrics.contains("cloudsfor_accounts 1"), "{metrics}");
    assert!(curl("/api/v1/docs", &[]).contains("<h1>CloudsFor API</h1>"));
    let moved = curl(
        "/testing/clock",
        &[
            "-H",
            "Content-Type: application/json",
            "-d",
            "{\"advance_seconds\":3600}",
        ],
    );
    assert!(moved.contains("list_keys answer=503"), "{moved}");
    let user = format!("{EMAIL}:{}", cloudsfor_tests::service::PASSWORD);
    let limited = curl("/api/v1/vms", &["-u", &user]);
    assert!(
        limited.to_lowercase().contains("ratelimit-limit: 1000"),
        "{limited}"
    );
    let failed = curl("/api/v1/keys", &["-u", &user]);
    assert!(failed.starts_with("HTTP/1.1 503"), "{failed}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_operator_decides_about_names() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let service = Served::start(&data);
    for name in ["old.cloud.example", "my.example"] {
        service.cli(&["domain", "create", name]).ok();
    }
    assert_eq!(service.end("TERM"), Some(0));

    let names = [
        "--dns-name",
        "cloud.example",
        "--dns-address",
        "192.0.2.53",
        "--reserved-suffix",
        "corp.example",
    ];
    let service = Served::start_with_account(&data, &names);
    for refused in [
        "cloud.example",
        "new.cloud.example",
        "a.corp.example",
        "in-addr.arpa",
    ] {
        let ended = service.cli(&["domain", "create", refused]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.contains("NAME must"), "{ended:?}");
    }
    let domain = service.cli(&["domain", "get", "my.example", "-o", "json"]);
    let zone = domain.json()["zone_file"].to_string();
    assert!(zone.contains("@ IN NS ns1.cloud.example."), "{zone}");

    // The domain from before is told of, whether real VMs can run here or not.
    let doctor = Operator(&data).run(&["doctor"]);
    assert!(
        doctor
            .stdout
            .contains("serves no more: old.cloud.example\n"),
        "{doctor:?}"
    );
    for (flag, value) in [
        ("--dns-name", "a b"),
        ("--reserved-suffix", ""),
        ("--dns-address", "x"),
    ] {
        assert_eq!(Operator(&data).run(&[flag, value]).code, 2, "{flag}");
    }
}
