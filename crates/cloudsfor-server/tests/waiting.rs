//! Requests that stay open: how many an account may have, and when they end.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::time::Duration;

use axum::body::Body;
use cloudsfor_server::admin::Admin;
use cloudsfor_server::cloud::{POLLS, STREAMS};
use common::{EMAIL, PASSWORD, TestCloud, basic, request};
use http::Response;
use http_body_util::BodyExt;
use tower::ServiceExt;

/// Longer than what is waited for takes, and shorter than what must not happen.
const SOON: Duration = Duration::from_secs(5);

/// Begins a request with these credentials.
async fn open(cloud: &TestCloud, email: &str, password: &str, path: &str) -> Response<Body> {
    let mut request = request("GET", path, None);
    let credentials = basic(email, password).parse().unwrap();
    request.headers_mut().insert("authorization", credentials);
    cloud.router.clone().oneshot(request).await.unwrap()
}

async fn stream(cloud: &TestCloud, password: &str) -> Response<Body> {
    open(cloud, EMAIL, password, "/events").await
}

/// Reads a stream until it ends.
async fn to_the_end(stream: Response<Body>) -> String {
    let read = stream.into_body().collect();
    let read = tokio::time::timeout(SOON, read).await;
    let bytes = read.expect("it has ended").unwrap().to_bytes();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn an_account_has_so_many_streams_open_at_once() {
    let cloud = TestCloud::new().await;
    let stranger = cloud.stranger().await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        let stream = stream(&cloud, PASSWORD).await;
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }
    let beyond = stream(&cloud, PASSWORD).await;
    assert_eq!(beyond.status(), 429);
    assert!(beyond.headers().contains_key("retry-after"));
    let others = open(&cloud, "other@example.com", "other-password", "/events").await;
    assert_eq!(others.status(), 200);
    assert_eq!(stranger.call("GET", "/vms", None).await.status, 200);
    // One that is closed makes room, as soon as that is noticed.
    streams.pop();
    let again = async {
        while stream(&cloud, PASSWORD).await.status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, again).await.unwrap();
}

#[tokio::test]
async fn a_long_poll_too_many_is_answered_at_once_with_what_there_is() {
    let cloud = TestCloud::new().await;
    let vm = cloud.created("example.com").await;
    let path = format!("/vms/{vm}?wait=30");
    let mut waiting = Vec::new();
    for _ in 0..POLLS {
        let (router, path) = (cloud.router.clone(), path.clone());
        let asking = tokio::spawn(router.oneshot(request("GET", &path, None)));
        waiting.push(asking);
    }
    // They run until they wait.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let answer = tokio::time::timeout(SOON, cloud.get(&path)).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["vm"]["locked"], true);
    assert!(waiting.iter().all(|asking| !asking.is_finished()));
    cloud.pass(common::CREATE_TIME).await;
    for asking in waiting {
        let answer = tokio::time::timeout(SOON, asking).await.unwrap();
        assert_eq!(answer.unwrap().unwrap().status(), 200);
    }
}

/// By this process and by another one.
#[tokio::test]
async fn what_is_open_ends_when_its_password_goes() {
    let cloud = TestCloud::new().await;
    let admin = Admin::open(cloud.dir.path()).unwrap();
    let vm = cloud.created("example.com").await;
    for accounts in [cloud.cloud.accounts(), admin.accounts()] {
        for change in ["revoke", "set", "disable"] {
            accounts
                .add_password(EMAIL, "ci", Some("of-ci".into()))
                .await
                .unwrap();
            let kept = stream(&cloud, PASSWORD).await;
            let ends = stream(&cloud, "of-ci").await;
            assert_eq!(ends.status(), 200);
            let mut poll = request("GET", &format!("/vms/{vm}?wait=30"), None);
            let credentials = basic(EMAIL, "of-ci").parse().unwrap();
            poll.headers_mut().insert("authorization", credentials);
            let poll = tokio::spawn(cloud.router.clone().oneshot(poll));
            tokio::task::yield_now().await;
            match change {
                "revoke" => accounts.revoke_password(EMAIL, "ci").await,
                "set" => accounts
                    .set_password(EMAIL, "ci", Some("new".into()))
                    .await
                    .map(|_| ()),
                _ => accounts.set_disabled(EMAIL, true).await,
            }
            .unwrap();
            to_the_end(ends).await;
            let answer = tokio::time::timeout(SOON, poll).await.unwrap();
            assert_eq!(answer.unwrap().unwrap().status(), 401, "{change}");
            if change == "disable" {
                to_the_end(kept).await;
                accounts.set_disabled(EMAIL, false).await.unwrap();
            } else {
                // Those with another password hear of what happens after.
                let other = cloud.call("PUT", &format!("/vms/{vm}"), None).await;
                assert_ne!(other.status, 401);
                let mut body = kept.into_body();
                let heard = body.frame().await.unwrap().unwrap();
                assert!(heard.into_data().unwrap().starts_with(b"id: "));
                let ended = tokio::time::timeout(Duration::from_millis(50), body.frame());
                assert!(ended.await.is_err(), "{change}");
            }
            if change != "revoke" {
                accounts.revoke_password(EMAIL, "ci").await.unwrap();
            }
        }
    }
}

/// A client that takes nothing has little waiting for it, however much there is.
#[tokio::test]
async fn a_batch_of_events_is_bounded_in_bytes() {
    let cloud = TestCloud::new().await;
    let vm = cloud.running("example.com").await;
    let label = "x".repeat(255);
    let labels: serde_json::Map<_, _> = (0..64)
        .map(|number| (format!("{number}"), label.clone().into()))
        .collect();
    for _ in 0..40 {
        let body = serde_json::json!({"labels": labels});
        let answer = cloud.call("PUT", &format!("/vms/{vm}"), Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
    }
    let mut request = request("GET", "/events", None);
    let headers = request.headers_mut();
    headers.insert("last-event-id", "0".parse().unwrap());
    let stream = cloud.router.clone().oneshot(request).await.unwrap();
    let mut body = stream.into_body();
    let (mut largest, mut seen) = (0, 0);
    while seen < 44 {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        largest = largest.max(frame.len());
        seen += String::from_utf8_lossy(&frame).matches("\ndata: ").count();
    }
    assert!((20_000..200_000).contains(&largest), "{largest}");
}
