//! What whoever runs the service can do: accounts, the audit log, accounting,
//! backups.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::num::NonZeroU32;
use std::time::Duration;

use cloudsfor_server::admin::{Admin, AdminError};
use cloudsfor_server::cloud::AccountError;
use cloudsfor_server::http::{ApiOptions, router};
use cloudsfor_server::store::StoreError;
use common::{Answer, EMAIL, PASSWORD, TestCloud, basic, request};
use secrecy::SecretString;
use serde_json::json;

impl TestCloud {
    /// What the account gets with these credentials.
    async fn login(&self, email: &str, password: &str) -> Answer {
        let mut request = request("GET", "/account", None);
        let credentials = basic(email, password).parse().unwrap();
        request.headers_mut().insert("authorization", credentials);
        self.send(request).await
    }

    fn admin(&self) -> Admin {
        Admin::open(self.dir.path()).unwrap()
    }
}

#[tokio::test]
async fn each_of_an_accounts_passwords_opens_it_until_it_is_revoked() {
    let cloud = TestCloud::new().await;
    // In another process, with the service running.
    let admin = cloud.admin();
    let new = admin.accounts().add_password(EMAIL, "ci", None).await;
    let new = secrecy::ExposeSecret::expose_secret(&new.unwrap().unwrap()).to_owned();
    for password in [PASSWORD, &new] {
        assert_eq!(cloud.login(EMAIL, password).await.status, 200);
    }
    let twice = admin.accounts().add_password(EMAIL, "ci", None).await;
    assert!(matches!(twice, Err(AccountError::PasswordExists { .. })));

    let changed = SecretString::from("changed");
    let accounts = admin.accounts();
    accounts
        .set_password(EMAIL, "ci", Some(changed))
        .await
        .unwrap();
    assert_eq!(cloud.login(EMAIL, &new).await.status, 401);
    assert_eq!(cloud.login(EMAIL, "changed").await.status, 200);
    accounts.revoke_password(EMAIL, "ci").await.unwrap();
    assert_eq!(cloud.login(EMAIL, "changed").await.status, 401);
    assert_eq!(cloud.login(EMAIL, PASSWORD).await.status, 200);
    let last = accounts.revoke_password(EMAIL, "default").await;
    assert!(matches!(last, Err(AccountError::LastPassword { .. })));
    let none = accounts.revoke_password(EMAIL, "ci").await;
    assert!(matches!(
        none,
        Err(AccountError::NoPassword { .. }) | Err(AccountError::LastPassword { .. })
    ));
}

#[tokio::test]
async fn a_disabled_account_is_closed_at_once_and_keeps_what_it_has() {
    let cloud = TestCloud::new().await;
    cloud.running("example.com").await;
    let admin = cloud.admin();
    admin.accounts().set_disabled(EMAIL, true).await.unwrap();
    let refused = cloud.login(EMAIL, PASSWORD).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["id"], "forbidden");
    // Who doesn't know the password learns nothing.
    assert_eq!(cloud.login(EMAIL, "wrong").await.status, 401);
    admin.accounts().set_disabled(EMAIL, false).await.unwrap();
    assert_eq!(cloud.get("/vms").await.json()["meta"]["total"], 1);
}

#[tokio::test]
async fn accounts_are_added_and_limited_and_mistakes_are_named() {
    let cloud = TestCloud::new().await;
    let admin = cloud.admin();
    let accounts = admin.accounts();
    let password = || Some(SecretString::from("pw"));
    accounts.add("b@example.com", password(), 1).await.unwrap();
    assert_eq!(cloud.login("B@example.com", "pw").await.status, 200);
    let again = accounts.add("B@EXAMPLE.COM", password(), 1).await;
    assert!(matches!(again, Err(AccountError::Exists(_))));
    for email in ["", "b", "b@", "a:b@c", "a b@c"] {
        let refused = accounts.add(email, password(), 1).await;
        assert!(
            matches!(refused, Err(AccountError::InvalidEmail(_))),
            "{email}"
        );
    }
    let empty = accounts.add("c@example.com", Some("".into()), 1).await;
    assert!(matches!(empty, Err(AccountError::InvalidPassword)));
    let nobody = accounts.set_vm_limit("nobody@example.com", 5).await;
    assert!(matches!(nobody, Err(AccountError::NoAccount(_))));
    accounts.set_vm_limit("b@example.com", 5).await.unwrap();
    let account = cloud.login("b@example.com", "pw").await.json();
    assert_eq!(account["account"]["vm_limit"], 5);
    let emails: Vec<_> = accounts
        .list()
        .unwrap()
        .into_iter()
        .map(|a| a.email)
        .collect();
    assert_eq!(emails, ["b@example.com", EMAIL]);
}

#[tokio::test]
async fn the_audit_log_says_who_changed_what() {
    let cloud = TestCloud::new().await;
    let id = cloud.running("example.com").await;
    cloud.act(&id, json!({"type": "reboot"})).await;
    cloud.get("/vms").await;
    cloud
        .call(
            "PUT",
            &format!("/vms/{id}"),
            Some(json!({"protected": true})),
        )
        .await;
    // Refused, so nothing changed.
    assert_eq!(
        cloud
            .call("DELETE", &format!("/vms/{id}"), None)
            .await
            .status,
        422
    );
    cloud.cloud.accounts().set_vm_limit(EMAIL, 7).await.unwrap();
    let admin = cloud.admin();
    let entries = admin.audit(Some(EMAIL), 10).unwrap();
    let said: Vec<_> = entries
        .iter()
        .map(|entry| (entry.login.as_str(), entry.operation.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            ("default", "create_vm"),
            ("default", "create_vm_action"),
            ("default", "update_vm"),
            ("operator", "set_vm_limit"),
        ]
    );
    assert_eq!(entries[0].target, format!("/vms/{id}"));
    assert!(entries[0].request_id.is_some());
    assert_eq!(admin.audit(None, 1).unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_used_is_known_after_deletion_and_whatever_the_clock_did() {
    let cloud = TestCloud::new().await;
    let hour = Duration::from_secs(3600);
    let start = cloudsfor_server::clock::Clock::now(&cloud.clock);
    let id = cloud.running("example.com").await;
    cloud.pass(hour).await;
    cloud.done(&id, json!({"type": "power_off"})).await;
    cloud.pass(hour).await;
    cloud.done(&id, json!({"type": "resize", "size": 2})).await;
    cloud.pass(hour).await;
    cloud.call("DELETE", &format!("/vms/{id}"), None).await;
    cloud.pass(hour).await;

    let admin = cloud.admin();
    let all = admin.usage(start, start + 24 * hour).unwrap();
    assert_eq!(all.len(), 1);
    let used = &all[0];
    assert_eq!(
        (used.account.as_str(), used.plan.as_str(), used.vms),
        (EMAIL, "PLAN_ID_FIX", 1)
    );
    // Three times the 3 s of an operation, and 3 hours.
    assert_eq!(used.existed, 3 * 3600 + 9);
    assert_eq!(used.ran, 3600 + 3);
    assert_eq!(used.vcpus, used.existed);
    assert!(used.memory > (3 * 3600) as f64 && used.memory < (5 * 3600) as f64);

    // A report of a part is a part, and the parts make the whole.
    let middle = start + 2 * hour;
    let parts = [
        admin.usage(start, middle),
        admin.usage(middle, start + 24 * hour),
    ];
    let sum: u64 = parts
        .into_iter()
        .flat_map(Result::unwrap)
        .map(|part| part.existed)
        .sum();
    assert_eq!(sum, used.existed);
    assert!(
        admin
            .usage(start + 24 * hour, start + 25 * hour)
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_backup_is_of_one_moment_and_can_be_put_back() {
    let cloud = TestCloud::new().await;
    cloud.running("kept.example.com").await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("backup.db");
    cloud.admin().backup(&file).unwrap();
    assert!(matches!(
        cloud.admin().backup(&file),
        Err(StoreError::File { .. })
    ));
    cloud.running("later.example.com").await;

    // Not over a cloud, and not under one that runs.
    let refused = Admin::restore(cloud.dir.path(), &file, false);
    assert!(matches!(refused, Err(AdminError::Exists(_))));
    let refused = Admin::restore(cloud.dir.path(), &file, true);
    assert!(matches!(refused, Err(AdminError::InUse(_))));
    let nonsense = dir.path().join("nonsense");
    std::fs::write(&nonsense, "no store").unwrap();
    assert!(Admin::restore(&dir.path().join("x"), &nonsense, false).is_err());
    assert!(Admin::restore(&dir.path().join("x"), &dir.path().join("none"), false).is_err());

    let TestCloud {
        cloud,
        dir: data,
        router,
        ..
    } = cloud;
    cloud.close().await;
    drop((cloud, router));
    let replaced = Admin::restore(data.path(), &file, true).unwrap().unwrap();
    let listed = |path: &std::path::Path| {
        let connection = rusqlite::Connection::open(path).unwrap();
        let mut names = connection
            .prepare("SELECT name FROM vms ORDER BY name")
            .unwrap();
        let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
        names.collect::<Result<Vec<_>, _>>().unwrap()
    };
    assert_eq!(listed(&data.path().join("cloud.db")), ["kept.example.com"]);
    assert_eq!(listed(&replaced), ["kept.example.com", "later.example.com"]);
    assert_eq!(
        Admin::restore(&dir.path().join("new"), &file, false).unwrap(),
        None
    );
    assert!(matches!(
        Admin::open(&dir.path().join("none")),
        Err(AdminError::NoCloud(_))
    ));
    assert!(Admin::open(&dir.path().join("new")).is_ok());
}

#[tokio::test]
async fn metrics_tell_of_this_machine_to_this_machine_alone() {
    let cloud = TestCloud::new().await;
    cloud.running("example.com").await;
    cloud.get("/vms/none").await;
    let ask = |headers: &[(&str, &str)]| {
        let mut request = http::Request::get("/metrics");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        cloud.send(request.body(axum::body::Body::empty()).unwrap())
    };
    let answer = ask(&[]).await;
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(answer.body).unwrap();
    for line in [
        "cloudsfor_requests_total{operation=\"create_vm\",status=\"202\"} 1",
        "cloudsfor_requests_total{operation=\"get_vm\",status=\"404\"} 1",
        "cloudsfor_vms{status=\"running\"} 1",
        "cloudsfor_accounts 1",
        "cloudsfor_operations_pending 0",
        "cloudsfor_request_seconds_count{operation=\"create_vm\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert!(!text.contains("# EOF") && text.contains("# TYPE cloudsfor_requests_total counter\n"));
    let open = ask(&[("accept", "application/openmetrics-text;version=1.0.0")]).await;
    assert!(String::from_utf8_lossy(&open.body).ends_with("# EOF\n"));
    // A proxy on this machine asks for somebody else.
    assert_eq!(ask(&[("x-forwarded-for", "192.0.2.1")]).await.status, 403);
}

#[tokio::test]
async fn an_account_may_make_so_many_requests_and_others_as_many() {
    let cloud = TestCloud::new().await;
    cloud.stranger().await;
    let options = ApiOptions {
        requests_per_minute: NonZeroU32::new(3),
        ..ApiOptions::default()
    };
    let limited = TestCloud {
        router: router(cloud.cloud.clone(), &options),
        ..cloud
    };
    for left in ["2", "1", "0"] {
        let answer = limited.get("/vms").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("ratelimit-remaining"), Some(left));
        let reset: u64 = answer.header("ratelimit-reset").unwrap().parse().unwrap();
        assert!((1..=60).contains(&reset));
    }
    let refused = limited.get("/vms").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["id"], "too_many_requests");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    let other = limited.login("other@example.com", "other-password").await;
    assert_eq!(other.status, 200);
    // Who is nobody has no requests to lose.
    assert_eq!(limited.login("nobody@example.com", "x").await.status, 401);
}

#[tokio::test]
async fn a_store_with_more_than_a_store_has_is_not_put_back() {
    let cloud = TestCloud::new().await;
    let dir = tempfile::tempdir().unwrap();
    for (name, statement) in [
        (
            "trigger",
            "CREATE TRIGGER t AFTER INSERT ON vms BEGIN DELETE FROM accounts; END",
        ),
        ("view", "CREATE VIEW v AS SELECT * FROM passwords"),
        ("table", "CREATE TABLE more (x)"),
        ("column", "ALTER TABLE vms ADD COLUMN \"x) --\" TEXT"),
        ("less", "DROP INDEX events_by_age"),
    ] {
        let file = dir.path().join(name);
        cloud.admin().backup(&file).unwrap();
        let restored = dir.path().join(format!("{name}-restored"));
        assert!(Admin::restore(&restored, &file, false).is_ok(), "{name}");
        rusqlite::Connection::open(&file)
            .and_then(|connection| connection.execute_batch(statement))
            .unwrap();
        let restored = dir.path().join(format!("{name}-refused"));
        let refused = Admin::restore(&restored, &file, false);
        assert!(
            matches!(refused, Err(AdminError::Store(StoreError::Damaged { .. }))),
            "{name}: {refused:?}"
        );
        assert!(!restored.join("cloud.db").exists());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_data_directory_that_others_may_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let cloud = TestCloud::new().await;
    for (mode, is_refused) in [(0o777, true), (0o770, true), (0o755, false), (0o700, false)] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(cloud.dir.path(), permissions).unwrap();
        let opened = Admin::open(cloud.dir.path()).map(drop);
        assert_eq!(opened.is_err(), is_refused, "{mode:o}: {opened:?}");
        if let Err(error) = opened {
            assert!(error.to_string().contains("chmod go-w"), "{error}");
        }
    }
}
