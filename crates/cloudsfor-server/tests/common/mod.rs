//! A cloud of its own for each test: its directory, its clock, its ids.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use base64::Engine;
use cloudsfor_server::clock::{Clock, ManualClock};
use cloudsfor_server::cloud::{BackupPolicy, Cloud, FirstAccount, Parts, SnapshotLimits};
use cloudsfor_server::compute::Simulator;
use cloudsfor_server::http::{ApiOptions, router};
use cloudsfor_server::ids::Ids;
use cloudsfor_server::local_profile::LocalProfile;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const EMAIL: &str = "user@example.com";
pub(crate) const PASSWORD: &str = "password";
pub(crate) const CREATE_TIME: Duration = Duration::from_secs(3);

pub(crate) struct TestCloud {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) clock: ManualClock,
    pub(crate) router: Router,
    pub(crate) dir: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {text}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The names of the faulty fields, sorted.
    #[track_caller]
    pub(crate) fn faults(&self) -> Vec<String> {
        assert_eq!(self.status, 422, "{}", String::from_utf8_lossy(&self.body));
        let json = self.json();
        assert_eq!(json["id"], "unprocessable_entity");
        assert_eq!(json["reason"], "invalid");
        let fields = json["fields"].as_array().unwrap();
        let mut names: Vec<_> = fields
            .iter()
            .map(|field| field["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }
}

impl TestCloud {
    pub(crate) async fn new() -> Self {
        Self::with_limit(100).await
    }

    pub(crate) async fn with_limit(vm_limit: u64) -> Self {
        Self::made(vm_limit, BackupPolicy::default()).await
    }

    /// One whose accounts' snapshots have these limits.
    pub(crate) async fn with_snapshot_limits(limits: SnapshotLimits) -> Self {
        let policy = BackupPolicy {
            limits,
            ..BackupPolicy::default()
        };
        Self::made(100, policy).await
    }

    async fn made(vm_limit: u64, policy: BackupPolicy) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::new("2015-01-14T16:36:31Z".parse().unwrap());
        let cloud = open(&dir, &clock, policy).await;
        let account = FirstAccount {
            email: Some(EMAIL.into()),
            password: Some(PASSWORD.into()),
            vm_limit: Some(vm_limit),
        };
        cloud
            .first_account(account, LocalProfile::new(dir.path()))
            .await
            .unwrap();
        let options = ApiOptions {
            // As a service does.
            keep_answers: true,
            ..ApiOptions::default()
        };
        Self {
            router: router(cloud.clone(), &options),
            cloud,
            clock,
            dir,
        }
    }

    /// The same cloud, as another account sees it.
    pub(crate) async fn stranger(&self) -> Stranger {
        let password = "other-password".into();
        self.cloud
            .accounts()
            .add("other@example.com", Some(password), 100)
            .await
            .unwrap();
        Stranger {
            router: self.router.clone(),
        }
    }

    /// Another process's view of the same directory.
    pub(crate) async fn other_process(&self) -> Arc<Cloud> {
        open(&self.dir, &self.clock, BackupPolicy::default()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| body.to_string());
        self.send(request(method, path, body.as_deref())).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub(crate) async fn create(&self, body: Value) -> Answer {
        self.call("POST", "/vms", Some(body)).await
    }

    /// Starts an action, which must be accepted, and returns it.
    pub(crate) async fn act(&self, vm: &str, body: Value) -> Value {
        let answer = self
            .call("POST", &format!("/vms/{vm}/actions"), Some(body))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        answer.json()["action"].clone()
    }

    /// Starts an action and lets it end.
    pub(crate) async fn done(&self, vm: &str, body: Value) -> Value {
        let action = self.act(vm, body).await;
        self.pass(CREATE_TIME).await;
        let id = action["action_id"].as_str().unwrap();
        let action = self.get(&format!("/actions/{id}")).await.json()["action"].clone();
        assert_eq!(action["status"], "completed", "{action}");
        action
    }

    /// The VM as it is now.
    pub(crate) async fn vm(&self, id: &str) -> Value {
        self.get(&format!("/vms/{id}")).await.json()["vm"].clone()
    }

    /// Creates a VM, lets it run, and returns its id.
    pub(crate) async fn running(&self, name: &str) -> String {
        let id = self.created(name).await;
        self.pass(CREATE_TIME).await;
        id
    }

    /// Creates a VM and returns its id.
    pub(crate) async fn created(&self, name: &str) -> String {
        let answer = self.create(example(name)).await;
        assert_eq!(answer.status, 202, "{}", answer.json());
        answer.json()["vm"]["id"].as_str().unwrap().to_owned()
    }

    /// Moves the clock and carries out what is due.
    pub(crate) async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.cloud.settle().await.unwrap();
    }
}

pub(crate) struct Stranger {
    router: Router,
}

impl Stranger {
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| body.to_string());
        let mut request = request(method, path, body.as_deref());
        let credentials = basic("other@example.com", "other-password");
        request
            .headers_mut()
            .insert("authorization", credentials.parse().unwrap());
        send(&self.router, request).await
    }

    pub(crate) async fn create(&self, body: Value) -> Answer {
        self.call("POST", "/vms", Some(body)).await
    }
}

async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer {
        status: head.status,
        headers: head.headers,
        body,
    }
}

async fn open(dir: &TempDir, clock: &ManualClock, backups: BackupPolicy) -> Arc<Cloud> {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let compute = Arc::new(Simulator::new(clock.clone(), CREATE_TIME));
    Cloud::open(
        dir.path(),
        Parts {
            compute,
            clock,
            ids: Ids::random(),
            backups,
        },
    )
    .await
    .unwrap()
}

/// A request with the right credentials and, if it has a body, the right type.
pub(crate) fn request(method: &str, path: &str, body: Option<&str>) -> Request<Body> {
    let mut builder = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("host", "cloud.test")
        .header("authorization", basic(EMAIL, PASSWORD));
    if body.is_some() {
        builder = builder.header("content-type", "application/json");
    }
    builder
        .body(Body::from(body.unwrap_or_default().to_owned()))
        .unwrap()
}

pub(crate) fn basic(email: &str, password: &str) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{email}:{password}"));
    format!("Basic {encoded}")
}

/// The documented create request, with another name.
pub(crate) fn example(name: &str) -> Value {
    json!({"name": name, "region": "moscow_01", "size": 1, "disk_size": 10, "cpu": 1,
        "image": "fedora-19", "ssh_keys": null, "backups": false, "ipv6": false,
        "user_data": null, "private_networking": false})
}
