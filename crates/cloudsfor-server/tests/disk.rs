//! A disk that is full, read-only or broken: clear errors, and nothing that was
//! acknowledged is lost.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use cloudsfor_server::cloud::{Cloud, CloudResult, Parts};
use common::{CREATE_TIME, TestCloud, example};
use http::Request;
use serde_json::json;

impl TestCloud {
    async fn readiness(&self) -> u16 {
        let request = Request::get("/readyz").body(axum::body::Body::empty());
        self.send(request.unwrap()).await.status.as_u16()
    }

    /// Lets the store have so many pages and no more, as on a disk that is full;
    /// any number if `None`.
    async fn limit_pages(&self, pages: Option<i64>) {
        let limit = pages.unwrap_or(1 << 30);
        let set = move |tx: &cloudsfor_server::cloud::Tx<'_>| -> CloudResult<()> {
            tx.connection.pragma_update(None, "max_page_count", limit)?;
            Ok(())
        };
        self.cloud.write(set).await.unwrap();
    }

    async fn pages(&self) -> i64 {
        let pages = |c: &rusqlite::Connection| -> CloudResult<i64> {
            Ok(c.pragma_query_value(None, "page_count", |row| row.get(0))?)
        };
        self.cloud.read(pages).unwrap()
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_costs_nothing_that_was_acknowledged() {
    let cloud = TestCloud::with_limit(100_000).await;
    let mut acknowledged = vec![cloud.created("first.example.com").await];
    assert_eq!(cloud.readiness().await, 200);
    cloud.limit_pages(Some(cloud.pages().await + 8)).await;
    let refused = loop {
        let mut body = example("more.example.com");
        body["user_data"] = json!("x".repeat(2000));
        let answer = cloud.create(body).await;
        match answer.status.as_u16() {
            202 => acknowledged.push(answer.json()["vm"]["id"].as_str().unwrap().to_owned()),
            _ => break answer,
        }
        assert!(acknowledged.len() < 1000, "the disk is never full");
    };
    assert_eq!(refused.status, 503, "{}", refused.json());
    assert_eq!(refused.json()["id"], "service_unavailable");
    assert!(refused.header("retry-after").is_some());
    // What was acknowledged can still be read, and nothing else was made.
    let total = cloud.get("/vms").await.json()["meta"]["total"].clone();
    assert_eq!(total, acknowledged.len());
    for id in &acknowledged {
        assert_eq!(cloud.get(&format!("/vms/{id}")).await.status, 200);
    }
    // With room again it goes on.
    cloud.limit_pages(None).await;
    acknowledged.push(cloud.created("last.example.com").await);
    cloud.pass(CREATE_TIME).await;
    for id in &acknowledged {
        assert_eq!(cloud.vm(id).await["status"], "running");
    }
    assert_eq!(cloud.readiness().await, 200);
}

#[tokio::test]
async fn a_store_that_takes_no_changes_is_not_ready() {
    let cloud = TestCloud::new().await;
    let id = cloud.running("example.com").await;
    // What a file system that was mounted read-only does to every write.
    let forbid = |tx: &cloudsfor_server::cloud::Tx<'_>| -> CloudResult<()> {
        tx.connection.pragma_update(None, "query_only", true)?;
        Ok(())
    };
    cloud.cloud.write(forbid).await.unwrap();
    assert_eq!(cloud.readiness().await, 503);
    let refused = cloud.create(example("more.example.com")).await;
    assert_eq!(refused.status, 503, "{}", refused.json());
    let refused = cloud.call("DELETE", &format!("/vms/{id}"), None).await;
    assert_eq!(refused.status, 503);
    assert_eq!(cloud.vm(&id).await["status"], "running");
}

#[tokio::test]
async fn a_store_that_is_damaged_is_refused_with_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cloud.db");
    let parts = || Parts::simulated(CREATE_TIME);
    Cloud::open(dir.path(), parts())
        .await
        .unwrap()
        .close()
        .await;
    let whole = std::fs::read(&path).unwrap();
    for (what, bytes) in [
        ("cut", &whole[..whole.len() / 2]),
        (
            "no store",
            &b"this was a store once, and is long enough for one".repeat(100),
        ),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = Cloud::open(dir.path(), parts()).await.err();
        let error = error.unwrap_or_else(|| panic!("{what} was taken for a store"));
        assert!(error.to_string().contains("cloud.db"), "{error}");
    }
}
