//! Large requests and answers: what one account may have under way at once, and how much
//! an answer says.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use common::{TestCloud, example, request};
use http::StatusCode;
use serde_json::{Map, Value, json};
use tower::ServiceExt;

#[tokio::test]
async fn an_answer_that_lists_faults_has_the_first_100_and_the_number_of_the_rest() {
    let cloud = TestCloud::new().await;
    for (number, more) in [
        (99, None),
        (100, None),
        (101, Some(1)),
        (30_000, Some(29_900)),
    ] {
        let mut body = example("example.com");
        let unknown: Map<_, _> = (0..number)
            .map(|number| (format!("unknown_{number}"), Value::Null))
            .collect();
        body.as_object_mut().unwrap().extend(unknown);
        let answer = cloud.create(body).await;
        assert_eq!(answer.status, 422);
        let json = answer.json();
        let fields = json["fields"].as_array().unwrap();
        assert_eq!(fields.len(), number.min(100));
        assert_eq!(
            json.get("more_fields").cloned(),
            more.map(|more: u64| json!(more))
        );
        let message = json["message"].as_str().unwrap();
        assert_eq!(message.contains(" more"), more.is_some(), "{message}");
        assert!(answer.body.len() < 50_000, "{}", answer.body.len());
    }
    let mut body = example("example.com");
    body[&"x".repeat(1_000_000)] = json!(1);
    let answer = cloud.create(body).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.len() < 10_000, "{}", answer.body.len());
}

#[tokio::test]
async fn an_account_has_so_many_bytes_of_answers_that_it_does_not_read() {
    let cloud = TestCloud::with_limit(200).await;
    let stranger = cloud.stranger().await;
    let labels: Map<_, _> = (0..64)
        .map(|number| (format!("{number}"), "x".repeat(255).into()))
        .collect();
    for number in 0..60 {
        let mut body = example(&format!("n{number}.example.com"));
        body["labels"] = Value::Object(labels.clone());
        assert_eq!(cloud.create(body).await.status, 202);
    }
    let ask = || cloud.router.clone().oneshot(request("GET", "/vms", None));
    let mut held = Vec::new();
    let refused = loop {
        let response = ask().await.unwrap();
        if response.status() != StatusCode::OK {
            break response;
        }
        held.push(response);
    };
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
    assert!((10..60).contains(&held.len()), "{}", held.len());
    // What is small is answered, and others have a share of their own.
    assert_eq!(cloud.get("/keys").await.status, 200);
    assert_eq!(cloud.get("/vms?per_page=1").await.status, 200);
    assert_eq!(stranger.call("GET", "/vms", None).await.status, 200);
    held.pop();
    assert_eq!(cloud.get("/vms").await.status, 200);
}

#[tokio::test]
async fn an_account_has_so_many_bytes_of_bodies_that_it_does_not_end() {
    let cloud = TestCloud::new().await;
    let stranger = cloud.stranger().await;
    let mut sending = Vec::new();
    let mut refused = None;
    for _ in 0..60 {
        let (sender, pieces) = tokio::sync::mpsc::channel::<Bytes>(1);
        let body = futures_util::stream::unfold(pieces, async |mut pieces| {
            let piece = pieces.recv().await?;
            Some((Ok::<_, Infallible>(piece), pieces))
        });
        let (head, _) = request("POST", "/vms", Some("")).into_parts();
        let request = http::Request::from_parts(head, Body::from_stream(body));
        let mut asking = tokio::spawn(cloud.router.clone().oneshot(request));
        let all = vec![b' '; 1_000_000];
        for piece in [&all[..], b" "] {
            let _ = sender.send(Bytes::copy_from_slice(piece)).await;
        }
        // The second piece is taken after the first: then it is known what was said.
        tokio::select! {
            answer = &mut asking => {
                refused = Some(answer.unwrap().unwrap());
                break;
            }
            _ = sender.reserve() => {}
        }
        sending.push((sender, asking));
    }
    assert_eq!(refused.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
    assert!((20..50).contains(&sending.len()), "{}", sending.len());
    assert_eq!(cloud.create(example("small.example.com")).await.status, 202);
    let key = json!({"ssh_key": "x"});
    let others = stranger.call("POST", "/keys", Some(key)).await;
    assert_eq!(others.status, 422);
    drop(sending);
}
