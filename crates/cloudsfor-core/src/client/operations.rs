//! The client against the table of operations: each has its methods, and each
//! method sends what the table says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_types::operations::{OPERATIONS, Operation, Safety, WATCH_EVENTS};
use cloudsfor_types::{
    ActionId, CreateDomain, CreateKey, CreateNetwork, CreateVm, NetworkId, RecordSpec, RecordType,
    SnapshotId, UpdateKey, UpdateVm, VmAction, VmFilter, VmId, VmSpec,
};
use serde_json::{Value, json};

use super::Client;
use crate::api::{
    Accounts, Actions, Api, Catalog, Domains, Events, Keys, Networks, Snapshots, Vms,
};
use crate::call::{CallOptions, IdempotencyKey};
use crate::error::{ErrorKind, Result};
use crate::page::PageRequest;
use crate::transport::{Body, Transport, TransportError, TransportErrorKind};

/// What stands for each parameter of a path.
const PARAMETERS: [(&str, &str); 7] = [
    ("{id}", "vm-1"),
    ("{snapshot_id}", "snapshot-1"),
    ("{action_id}", "action-1"),
    ("{network_id}", "network-1"),
    ("{record_id}", "5"),
    ("{key}", "7"),
    ("{name}", "example.com"),
];

fn path(operation: &Operation) -> String {
    let path = format!("/api/v1{}", operation.path);
    PARAMETERS.iter().fold(path, |path, (parameter, value)| {
        path.replace(parameter, value)
    })
}

pub(super) fn create_vm() -> CreateVm {
    CreateVm::new(VmSpec {
        name: "example.com".into(),
        region: "moscow_01".into(),
        image: "fedora-19".into(),
        size: 1.into(),
        cpu: 1,
        disk_size: 10,
    })
}

/// Calls every method of the operation, and returns the results.
async fn perform(api: &dyn Api, operation: &str) -> Vec<Result<()>> {
    let vm: VmId = "vm-1".parse().unwrap();
    let snapshot: SnapshotId = "snapshot-1".parse().unwrap();
    let action: ActionId = "action-1".parse().unwrap();
    let network: NetworkId = "network-1".parse().unwrap();
    let (domain, key, record) = ("example.com", 7.into(), 5);
    let key_name = UpdateKey {
        name: "laptop".into(),
    };
    let new_key = CreateKey {
        name: "laptop".into(),
        public_key: "ssh-ed25519 AAAA me".into(),
    };
    let new_network = CreateNetwork {
        name: "backend".into(),
    };
    let new_domain = CreateDomain {
        name: domain.into(),
        ip_address: None,
    };
    let spec = RecordSpec {
        r#type: RecordType::A,
        name: "@".into(),
        data: "192.0.2.1".into(),
        priority: None,
        port: None,
        weight: None,
    };
    let (call, page, wait) = (
        &CallOptions::default(),
        &PageRequest::Whole,
        Duration::from_secs(1),
    );
    let none = VmFilter::default();
    match operation {
        "list_vms" => vec![api.list_vms(&none, page, call).await.map(drop)],
        "create_vm" => vec![
            api.create_vm(&create_vm(), call).await.map(drop),
            api.resume_create_vm(&create_vm(), &IdempotencyKey::random(), call)
                .await
                .map(drop),
        ],
        "get_vm" => vec![
            api.get_vm(&vm, call).await.map(drop),
            api.wait_vm(&vm, wait, call).await.map(drop),
        ],
        "update_vm" => vec![
            api.update_vm(&vm, &UpdateVm::default(), call)
                .await
                .map(drop),
        ],
        "delete_vm" => vec![api.delete_vm(&vm, call).await],
        "list_vm_snapshots" => vec![api.list_vm_snapshots(&vm, page, call).await.map(drop)],
        "delete_vm_snapshot" => vec![api.delete_vm_snapshot(&vm, &snapshot, call).await],
        "list_vm_backups" => vec![api.list_vm_backups(&vm, page, call).await.map(drop)],
        "create_vm_action" => vec![
            api.create_vm_action(&vm, &VmAction::Reboot, call)
                .await
                .map(drop),
        ],
        "list_vm_actions" => vec![api.list_vm_actions(&vm, page, call).await.map(drop)],
        "get_vm_action" => vec![api.get_vm_action(&vm, &action, call).await.map(drop)],
        "list_actions" => vec![
            api.list_actions(page, call).await.map(drop),
            api.wait_actions(std::slice::from_ref(&action), wait, call)
                .await
                .map(drop),
        ],
        "get_action" => vec![
            api.get_action(&action, call).await.map(drop),
            api.wait_action(&action, wait, call).await.map(drop),
        ],
        "list_snapshots" => vec![api.list_snapshots(page, call).await.map(drop)],
        "get_snapshot" => vec![api.get_snapshot(&snapshot, call).await.map(drop)],
        "delete_snapshot" => vec![api.delete_snapshot(&snapshot, call).await],
        "get_account" => vec![api.get_account(call).await.map(drop)],
        "list_regions" => vec![api.list_regions(page, call).await.map(drop)],
        "list_distros" => vec![api.list_distros(page, call).await.map(drop)],
        "list_keys" => vec![api.list_keys(page, call).await.map(drop)],
        "create_key" => vec![api.create_key(&new_key, call).await.map(drop)],
        "get_key" => vec![api.get_key(&key, call).await.map(drop)],
        "update_key" => vec![api.update_key(&key, &key_name, call).await.map(drop)],
        "delete_key" => vec![api.delete_key(&key, call).await],
        "list_networks" => vec![api.list_networks(page, call).await.map(drop)],
        "create_network" => vec![api.create_network(&new_network, call).await.map(drop)],
        "get_network" => vec![api.get_network(&network, call).await.map(drop)],
        "delete_network" => vec![api.delete_network(&network, call).await],
        "join_network" => vec![api.join_network(&network, &vm, call).await.map(drop)],
        "leave_network" => vec![api.leave_network(&network, &vm, call).await],
        "list_domains" => vec![api.list_domains(page, call).await.map(drop)],
        "create_domain" => vec![api.create_domain(&new_domain, call).await.map(drop)],
        "get_domain" => vec![api.get_domain(domain, call).await.map(drop)],
        "delete_domain" => vec![api.delete_domain(domain, call).await],
        "list_records" => vec![api.list_records(domain, page, call).await.map(drop)],
        "create_record" => vec![api.create_record(domain, &spec, call).await.map(drop)],
        "get_record" => vec![api.get_record(domain, record, call).await.map(drop)],
        "update_record" => vec![
            api.update_record(domain, record, &spec, call)
                .await
                .map(drop),
        ],
        "watch_events" => vec![api.watch_events(None, call).await.map(drop)],
        "delete_record" => vec![api.delete_record(domain, record, call).await],
        other => panic!("no method is known for the operation {other}"),
    }
}

/// Answers each request with the operation's success, and keeps it.
#[derive(Clone)]
struct Recording {
    operation: &'static Operation,
    /// Whether the server says that it honours keys.
    honours_keys: bool,
    /// How many answers are lost before the first arrives.
    lost: usize,
    requests: Arc<Mutex<Vec<http::Request<Bytes>>>>,
}

impl Recording {
    fn new(operation: &'static Operation, honours_keys: bool, lost: usize) -> Self {
        Self {
            operation,
            honours_keys,
            lost,
            requests: Arc::default(),
        }
    }

    fn client(&self) -> Client {
        Client::builder()
            .endpoint("http://cloud.test".parse().unwrap())
            .transport(self.clone())
            .build()
            .unwrap()
    }

    /// The requests of the operation itself: method, path and key.
    fn sent(&self) -> Vec<(String, String, Option<String>)> {
        let requests = self.requests.lock().unwrap();
        let key = |request: &http::Request<Bytes>| {
            let key = request.headers().get("idempotency-key")?;
            Some(key.to_str().unwrap().to_owned())
        };
        let line = |request: &http::Request<Bytes>| {
            let (method, path) = (request.method(), request.uri().path());
            (method.to_string(), path.to_owned(), key(request))
        };
        let own = |(method, ..): &(String, _, _)| method == self.operation.method.as_str();
        requests.iter().map(line).filter(own).collect()
    }
}

#[async_trait]
impl Transport for Recording {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Body>, TransportError> {
        let mut requests = self.requests.lock().unwrap();
        requests.push(request);
        if requests.len() <= self.lost {
            let lost = TransportErrorKind::Cut;
            return Err(TransportError::maybe_sent(lost, "lost"));
        }
        let body = match self.operation.success {
            204 => String::new(),
            _ => everything().to_string(),
        };
        let mut response = http::Response::new(Body::from(body));
        if self.honours_keys {
            let retention = http::HeaderValue::from_static("86400");
            let headers = response.headers_mut();
            headers.insert("idempotency-key-retention", retention);
        }
        if *self.operation == WATCH_EVENTS {
            let stream = http::HeaderValue::from_static("text/event-stream");
            response
                .headers_mut()
                .insert(http::header::CONTENT_TYPE, stream);
        }
        *response.status_mut() = self.operation.success.try_into().unwrap();
        Ok(response)
    }
}

/// An answer in which every operation finds what it looks for.
fn everything() -> Value {
    json!({
        "vm": {"id": "vm-1", "name": "example.com", "memory": 1, "vcpus": 1, "disk": 10,
            "locked": false, "status": "running", "created_at": "2015-01-14T16:36:31Z"},
        "action": {"id": "vm-1", "status": "completed", "type": "reboot",
            "started_at": "2015-01-14T16:36:31Z"},
        "snapshot": {"id": "snapshot-1"},
        "account": {"email": "user@example.com"},
        "ssh_key": {"id": 7, "fingerprint": "SHA256:x", "public_key": "ssh-ed25519 x", "name": "a"},
        "network": {"id": "network-1", "name": "backend"},
        "domain": {"name": "example.com"},
        "domain_record": {"id": 5, "type": "A", "name": "@", "data": "192.0.2.1"},
        "vms": [], "snapshots": [], "backups": [], "actions": [], "regions": [], "distros": [],
        "ssh_keys": [], "networks": [], "domains": [], "domain_records": [],
    })
}

#[tokio::test]
async fn every_operation_sends_what_the_table_says() {
    for operation in OPERATIONS {
        let transport = Recording::new(operation, true, 0);
        let results = perform(&transport.client(), operation.name).await;
        let requests = transport.requests.lock().unwrap();
        assert_eq!(requests.len(), results.len(), "{}", operation.name);
        for (request, result) in requests.iter().zip(results) {
            assert!(result.is_ok(), "{}: {result:?}", operation.name);
            assert_eq!(request.method().as_str(), operation.method.as_str());
            assert_eq!(request.uri().path(), path(operation), "{}", operation.name);
            let keyed = request.headers().contains_key("idempotency-key");
            let needs_key = operation.safety == Safety::NeedsKey;
            assert_eq!(keyed, needs_key, "{}", operation.name);
            let has_body = matches!(operation.method.as_str(), "POST" | "PUT");
            assert_eq!(!request.body().is_empty(), has_body, "{}", operation.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again_as_the_safety_allows() {
    for operation in OPERATIONS {
        for honours_keys in [true, false] {
            let transport = Recording::new(operation, honours_keys, 1);
            let result = perform(&transport.client(), operation.name).await.remove(0);
            let sent = transport.sent();
            if operation.safety != Safety::NeedsKey || honours_keys {
                assert!(result.is_ok(), "{}: {result:?}", operation.name);
                assert!(sent.len() >= 2, "{}: {sent:?}", operation.name);
                assert_eq!(sent[0], sent[1]);
            } else {
                let error = result.unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Ambiguous { .. }));
                assert!(error.may_have_been_applied());
                assert_eq!(
                    sent[0].2.as_deref(),
                    error.idempotency_key().map(|key| key.as_str())
                );
            }
            let posts = sent.iter().filter(|(method, ..)| method == "POST").count();
            let resumed = usize::from(operation.name == "create_vm" && honours_keys);
            let needs_key = operation.safety == Safety::NeedsKey;
            let allowed = if honours_keys { 2 } else { 1 } + resumed;
            assert_eq!(
                posts,
                if needs_key { allowed } else { 0 },
                "{}",
                operation.name
            );
        }
    }
}

#[tokio::test]
async fn every_method_is_optional_and_names_its_operation() {
    struct Nothing;
    impl Accounts for Nothing {}
    impl Actions for Nothing {}
    impl Catalog for Nothing {}
    impl Domains for Nothing {}
    impl Events for Nothing {}
    impl Keys for Nothing {}
    impl Networks for Nothing {}
    impl Snapshots for Nothing {}
    impl Vms for Nothing {}

    for operation in OPERATIONS {
        for result in perform(&Nothing, operation.name).await {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Unsupported);
            assert_eq!(error.operation(), operation.name);
        }
    }
}

#[tokio::test]
async fn what_would_lead_to_another_path_is_not_sent() {
    let transport = Recording::new(&OPERATIONS[0], true, 0);
    let client = transport.client();
    let call = CallOptions::default();
    for name in ["", ".", ".."] {
        let error = client.delete_domain(name, &call).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Invalid { .. }));
    }
    let none = client.wait_actions(&[], Duration::ZERO, &call).await;
    assert!(matches!(
        none.unwrap_err().kind(),
        ErrorKind::Invalid { .. }
    ));
    assert!(transport.requests.lock().unwrap().is_empty());
}
