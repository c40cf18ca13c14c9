//! What tests can ask of a service: faults, and a hold on it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::sync::Arc;

use axum::body::Body;
use cloudsfor_server::faults::{Faults, Rule};
use cloudsfor_server::http::{ApiOptions, Controls, router};
use common::{Answer, TestCloud, request};
use http::Request;
use serde_json::{Value, json};

/// The same cloud, started for testing.
async fn for_testing() -> TestCloud {
    let cloud = TestCloud::new().await;
    let faults = Arc::new(Faults::new(1));
    let options = ApiOptions {
        controls: Some(Controls {
            clock: Arc::new(cloud.clock.clone()),
            faults: faults.clone(),
        }),
        faults: Some(faults),
        ..ApiOptions::default()
    };
    TestCloud {
        router: router(cloud.cloud.clone(), &options),
        ..cloud
    }
}

async fn control(cloud: &TestCloud, method: &str, path: &str, body: Body) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(format!("/testing{path}"))
        .header("content-type", "application/json");
    cloud.send(request.body(body).unwrap()).await
}

async fn tell(cloud: &TestCloud, method: &str, path: &str, body: Value) -> Answer {
    control(cloud, method, path, Body::from(body.to_string())).await
}

#[tokio::test]
async fn the_clock_is_moved_and_what_is_due_is_done() {
    let cloud = for_testing().await;
    let id = cloud.created("example.com").await;
    assert_eq!(cloud.vm(&id).await["status"], "new");
    let moved = tell(&cloud, "POST", "/clock", json!({"advance_seconds": 3})).await;
    assert_eq!(moved.json()["clock"], "2015-01-14T16:36:34Z");
    assert_eq!(cloud.vm(&id).await["status"], "running");
    for bad in [
        json!({}),
        json!({"advance_seconds": -1}),
        json!({"advance_seconds": 1e300}),
    ] {
        let refused = tell(&cloud, "POST", "/clock", bad).await;
        assert_eq!(refused.faults(), ["advance_seconds"]);
    }
}

#[tokio::test]
async fn faults_are_set_shown_and_met() {
    let cloud = for_testing().await;
    let rules = json!(["create_vm nth=2 answer=503", "list_keys limit=7"]);
    let set = tell(&cloud, "PUT", "/faults", json!({"faults": rules})).await;
    assert_eq!(set.json()["faults"], rules);
    cloud.created("first").await;
    let refused = cloud.create(common::example("second")).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["id"], "service_unavailable");
    cloud.created("third").await;
    let limited = cloud.get("/keys").await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("retry-after"), Some("7"));
    assert_eq!(cloud.get("/vms").await.json()["meta"]["total"], 2);
    for bad in [json!(["nonsense"]), json!([1]), json!("hang")] {
        let refused = tell(&cloud, "PUT", "/faults", json!({"faults": bad})).await;
        assert_eq!(refused.faults(), ["faults"]);
    }
    // What was refused changed nothing.
    let shown = control(&cloud, "GET", "", Body::empty()).await;
    assert_eq!(shown.json()["faults"], rules);
}

#[tokio::test]
async fn the_whole_cloud_is_emptied_saved_and_loaded() {
    let cloud = for_testing().await;
    let id = cloud.running("kept.example.com").await;
    cloud
        .call("POST", "/domains", Some(json!({"name": "example.com"})))
        .await;
    let before = cloud.get("/vms").await.json();
    let saved = control(&cloud, "GET", "/state", Body::empty()).await;
    assert_eq!(saved.status, 200);

    assert_eq!(
        control(&cloud, "POST", "/reset", Body::empty())
            .await
            .status,
        204
    );
    for path in ["/vms", "/domains", "/actions"] {
        assert_eq!(cloud.get(path).await.json()["meta"]["total"], 0, "{path}");
    }
    assert_eq!(cloud.get(&format!("/vms/{id}")).await.status, 404);
    cloud.running("other.example.com").await;

    let loaded = control(&cloud, "PUT", "/state", Body::from(saved.body)).await;
    assert_eq!(loaded.status, 204);
    assert_eq!(cloud.get("/vms").await.json(), before);
    assert_eq!(
        cloud.get("/domains/example.com/records").await.json()["meta"]["total"],
        2
    );
    cloud.done(&id, json!({"type": "reboot"})).await;
    let refused = control(&cloud, "PUT", "/state", Body::from("nonsense")).await;
    assert_eq!(refused.faults(), ["body"]);
    assert_eq!(cloud.get("/vms").await.json()["meta"]["total"], 1);
}

#[tokio::test]
async fn nobody_else_takes_hold_of_it() {
    let cloud = for_testing().await;
    for header in [
        ("origin", "http://example.com"),
        ("x-forwarded-for", "192.0.2.1"),
    ] {
        let request = Request::post("/testing/reset").header(header.0, header.1);
        let refused = cloud.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(refused.status, 403, "{header:?}");
    }
    let ordinary = TestCloud::new().await;
    assert_eq!(
        control(&ordinary, "POST", "/reset", Body::empty())
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_cut_answer_says_how_long_it_would_have_been() {
    let cloud = TestCloud::new().await;
    let faults = Faults::new(1);
    faults.add("list_vms cut-answer".parse::<Rule>().unwrap());
    let options = ApiOptions {
        faults: Some(Arc::new(faults)),
        ..ApiOptions::default()
    };
    let router = router(cloud.cloud.clone(), &options);
    let answer = tower::ServiceExt::oneshot(router, request("GET", "/vms", None))
        .await
        .unwrap();
    let promised: usize = answer.headers()["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let body = http_body_util::BodyExt::collect(answer.into_body()).await;
    assert!(promised > 10 && body.is_err());
}
