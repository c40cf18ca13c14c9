//! The stream of events.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use axum::body::Body;
use common::{EMAIL, PASSWORD, TestCloud, basic};
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// What comes of a stream of events until it has so many blocks.
async fn blocks(cloud: &TestCloud, last_event_id: Option<&str>, number: usize) -> Vec<String> {
    let mut request =
        Request::get("/api/v1/events").header("authorization", basic(EMAIL, PASSWORD));
    if let Some(id) = last_event_id {
        request = request.header("last-event-id", id);
    }
    let response = cloud
        .router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    let mut body = response.into_body();
    let mut text = String::new();
    while text.matches("\n\n").count() < number {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(&frame.into_data().unwrap()));
    }
    text.split_terminator("\n\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn events_are_resumed_where_they_were_cut() {
    let cloud = TestCloud::new().await;
    let start = blocks(&cloud, None, 1).await;
    let cursor = start[0].strip_prefix("id: ").unwrap();
    let vm = cloud.running("example.com").await;
    cloud.call("DELETE", &format!("/vms/{vm}"), None).await;
    let all = blocks(&cloud, Some(cursor), 6).await;
    let all: Vec<_> = all.iter().filter(|block| !block.starts_with(':')).collect();
    let kinds: Vec<_> = all
        .iter()
        .map(|block| block.lines().next().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "event: action",
            "event: vm",
            "event: action",
            "event: vm",
            "event: vm"
        ]
    );
    let data = |block: &str| -> Value {
        let line = block
            .lines()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap();
        serde_json::from_str(line).unwrap()
    };
    assert_eq!(data(all[0])["action"]["type"], "create");
    assert_eq!(data(all[1])["vm"]["status"], "new");
    assert_eq!(data(all[2])["action"]["status"], "completed");
    assert_eq!(data(all[3])["vm"]["status"], "running");
    let gone = json!({"vm": {"id": vm}, "deleted": true, "at": "2015-01-14T16:36:34Z"});
    assert_eq!(data(all[4]), gone);
    let third = all[2]
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap();
    let rest = blocks(&cloud, Some(third), 3).await;
    assert_eq!(&rest[rest.len() - 2..], [all[3].clone(), all[4].clone()]);
    for unknown in ["999999", "-5", "x"] {
        assert!(
            blocks(&cloud, Some(unknown), 1).await[0].starts_with("event: reset"),
            "{unknown}"
        );
    }
}

/// The cursor tells an account nothing of what others do.
#[tokio::test]
async fn events_are_numbered_by_account() {
    let cloud = TestCloud::new().await;
    let cursor = async |cloud: &TestCloud| blocks(cloud, None, 1).await[0].clone();
    let before = cursor(&cloud).await;
    cloud.running("a.example.com").await;
    let after = cursor(&cloud).await;
    let number = |line: &str| line.strip_prefix("id: ").unwrap().parse::<u64>().unwrap();
    assert_eq!(number(&after), number(&before) + 4);
}
