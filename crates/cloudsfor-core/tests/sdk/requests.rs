//! What the client sends.

use std::time::Duration;

use cloudsfor_core::types::{Plan, VmFilter};
use cloudsfor_core::{
    CallOptions, Client, Credentials, ErrorKind, IdempotencyKey, PageRequest, Vms,
};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};

use crate::canned::Canned;
use crate::samples::{ID, VM, id, request};

#[tokio::test]
async fn a_read_sends_the_documented_headers_and_no_content_type() {
    let server = Canned::new(200, VM);
    let vm = server.client().get_vm(&id(), &CallOptions::default()).await;
    assert_eq!(vm.unwrap().id.as_str(), ID);
    let sent = server.sent();
    assert_eq!(sent.method(), "GET");
    assert_eq!(
        sent.uri().to_string(),
        format!("http://cloud.test/api/v1/vms/{ID}")
    );
    assert_eq!(
        sent.headers()[AUTHORIZATION],
        "Basic dXNlcm5hbWU6cGFzc3dvcmQ="
    );
    assert!(sent.headers()[AUTHORIZATION].is_sensitive());
    assert_eq!(sent.headers()[ACCEPT], "application/json");
    assert_eq!(
        sent.headers()[USER_AGENT],
        concat!("cloudsfor-rust/", env!("CARGO_PKG_VERSION"))
    );
    let packed = cfg!(feature = "gzip");
    assert_eq!(sent.headers().contains_key(ACCEPT_ENCODING), packed);
    assert_eq!(sent.headers().len(), 3 + usize::from(packed));
    assert!(sent.body().is_empty());
}

#[tokio::test]
async fn a_deletion_sends_no_body() {
    let server = Canned::new(204, "");
    let client = server.client();
    client
        .delete_vm(&id(), &CallOptions::default())
        .await
        .unwrap();
    let sent = server.sent();
    assert_eq!(sent.method(), "DELETE");
    assert_eq!(
        sent.uri().to_string(),
        format!("http://cloud.test/api/v1/vms/{ID}")
    );
    assert!(!sent.headers().contains_key(CONTENT_TYPE));
    assert!(sent.body().is_empty());
}

#[tokio::test]
async fn a_create_sends_json_and_a_key() {
    let server = Canned::new(202, VM);
    let request = request().with_plan(Plan::Dynamic).with_ssh_keys([1, 2]);
    let created = server
        .client()
        .create_vm(&request, &CallOptions::default())
        .await;
    let created = created.unwrap();
    assert_eq!(created.vm.id.as_str(), ID);
    assert_eq!((created.action_id, created.replayed), (None, false));
    let sent = server.sent();
    assert_eq!(sent.method(), "POST");
    assert_eq!(*sent.uri(), "http://cloud.test/api/v1/vms");
    assert_eq!(sent.headers()[CONTENT_TYPE], "application/json");
    let key = sent.headers()["idempotency-key"].to_str().unwrap();
    assert_eq!(key.len(), 32);
    let body: serde_json::Value = serde_json::from_slice(sent.body()).unwrap();
    assert_eq!(body, serde_json::to_value(&request).unwrap());
}

#[tokio::test]
async fn a_create_tells_its_action_and_whether_it_was_replayed() {
    let server = Canned::new(202, VM)
        .with_header("x-action-id", "0123456789abcdef0123456789abcdef")
        .with_header("idempotent-replayed", "true");
    let key = IdempotencyKey::new("deploy-17").unwrap();
    let call = CallOptions::default().with_idempotency_key(key);
    let created = server.client().create_vm(&request(), &call).await.unwrap();
    assert!(created.replayed);
    let action = created.action_id.unwrap();
    assert_eq!(action.as_str(), "0123456789abcdef0123456789abcdef");
    assert_eq!(server.sent().headers()["idempotency-key"], "deploy-17");
}

#[tokio::test]
async fn a_create_that_fails_tells_its_key() {
    let server = Canned::new(500, "");
    let client = server.client();
    let error = client.create_vm(&request(), &CallOptions::default()).await;
    let error = error.unwrap_err();
    let key = error.idempotency_key().unwrap().as_str();
    assert_eq!(server.sent().headers()["idempotency-key"], key);
    assert!(error.may_have_been_applied());
}

#[tokio::test]
async fn a_create_that_breaks_rules_is_not_sent() {
    let server = Canned::new(202, VM);
    let mut request = request();
    request.cpu = 0;
    request.name = "a_b".into();
    let error = server
        .client()
        .create_vm(&request, &CallOptions::default())
        .await;
    let error = error.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Invalid { .. }));
    let names: Vec<_> = error.fields().iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["name", "cpu"]);
    assert!(error.to_string().contains("cpu: "), "{error}");
    assert!(!error.may_have_been_applied());
    assert!(!server.was_asked());
}

#[tokio::test]
async fn a_wait_is_in_whole_seconds_and_at_most_30() {
    for (wait, query) in [
        (0, "wait=0"),
        (1999, "wait=1"),
        (30_000, "wait=30"),
        (90_000, "wait=30"),
    ] {
        let server = Canned::new(200, VM);
        let wait = Duration::from_millis(wait);
        let vm = server
            .client()
            .wait_vm(&id(), wait, &CallOptions::default())
            .await;
        assert!(vm.unwrap().locked);
        assert_eq!(server.sent().uri().query(), Some(query));
    }
}

#[tokio::test]
async fn a_filter_too_long_for_a_url_is_an_error() {
    let server = Canned::new(200, "{\"vms\":[]}");
    let filter = VmFilter::default().with_name("x".repeat(70_000));
    let call = CallOptions::default();
    let error = server
        .client()
        .list_vms(&filter, &PageRequest::Whole, &call)
        .await;
    assert!(matches!(
        error.unwrap_err().kind(),
        ErrorKind::Invalid { .. }
    ));
}

#[test]
fn the_password_is_nowhere_to_be_seen() {
    let server = Canned::new(200, VM);
    let builder = Client::builder()
        .credentials(Credentials::basic("username", "hunter2".into()).unwrap())
        .transport(server.clone());
    let shown = format!("{builder:?} {:?}", server.client());
    for secret in ["hunter2", "dXNlcm5hbWU6"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn without_credentials_there_is_no_authorization() {
    let server = Canned::new(200, VM);
    let client = Client::builder().transport(server.clone()).build().unwrap();
    client.get_vm(&id(), &CallOptions::default()).await.unwrap();
    let sent = server.sent();
    assert!(!sent.headers().contains_key(AUTHORIZATION));
    assert_eq!(
        sent.uri().to_string(),
        format!("https://cloudsfor.com/api/v1/vms/{ID}")
    );
}

#[cfg(not(feature = "reqwest"))]
#[test]
fn without_a_transport_there_is_no_client() {
    let error = Client::builder().build().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Configuration);
}
