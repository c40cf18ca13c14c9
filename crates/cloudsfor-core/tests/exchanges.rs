//! The recorded exchanges (`cargo xtask fixtures`), replayed: the SDK asks what
//! it asked, and makes of the answers what it should.

#![cfg(feature = "recorded")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cloudsfor_core::transport::{Exchange, RecordedTransport};
use cloudsfor_core::types::{CreateVm, Reason, VmFilter, VmSpec, VmStatus};
use cloudsfor_core::{CallOptions, Client, ErrorKind, IdempotencyKey, PageRequest, Vms};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/exchanges")
}

/// The exchanges in their order, with their names.
fn recorded() -> Vec<(String, Exchange)> {
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let stem = file.file_stem().unwrap().to_str().unwrap();
            let name = stem.split_once('-').unwrap().1.to_owned();
            (
                name,
                serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap(),
            )
        })
        .collect()
}

/// Exchanges that the SDK itself never has: its requests are well-formed.
const NOT_OURS: [&str; 3] = [
    "create-vm-as-documented",
    "create-vm-malformed",
    "create-vm-unauthorized",
];

fn request(name: &str) -> CreateVm {
    CreateVm::new(VmSpec {
        name: name.into(),
        region: "moscow_01".into(),
        image: "fedora-19".into(),
        size: 1.into(),
        cpu: 1,
        disk_size: 10,
    })
}

fn keyed(key: &str) -> CallOptions {
    CallOptions::default().with_idempotency_key(IdempotencyKey::new(key).unwrap())
}

#[tokio::test]
async fn every_exchange_is_replayed() {
    let recorded: Vec<_> = recorded()
        .into_iter()
        .filter(|(name, _)| !NOT_OURS.contains(&name.as_str()))
        .collect();
    let names: BTreeSet<_> = recorded.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(
        names.len(),
        17,
        "this test has to know every exchange: {names:?}"
    );
    let transport = RecordedTransport::new(recorded.into_iter().map(|(_, exchange)| exchange));
    let client = Client::builder()
        .endpoint("http://cloud.test/api/v1".parse().unwrap())
        .transport(transport.clone())
        .build()
        .unwrap();
    let call = CallOptions::default();
    let (whole, none) = (PageRequest::Whole, VmFilter::default());

    let created = client
        .create_vm(&request("example.com"), &keyed("one"))
        .await
        .unwrap();
    let replayed = client
        .create_vm(&request("example.com"), &keyed("one"))
        .await
        .unwrap();
    assert!(!created.replayed && replayed.replayed);
    assert_eq!(
        (&created.vm, &created.action_id),
        (&replayed.vm, &replayed.action_id)
    );
    assert!(created.action_id.is_some());
    let id = created.vm.id;

    assert!(
        client
            .wait_vm(&id, Duration::ZERO, &call)
            .await
            .unwrap()
            .locked
    );
    assert_eq!(
        client.get_vm(&id, &call).await.unwrap().status,
        VmStatus::Running
    );
    let snapshots = client.list_vm_snapshots(&id, &PageRequest::Whole, &call);
    assert_eq!(snapshots.await.unwrap().items, []);

    let second = request("example2.com")
        .with_ipv6(true)
        .with_private_networking(true)
        .with_backups(true)
        .with_label("role", "web")
        .with_protected(true);
    let second = client.create_vm(&second, &keyed("two")).await.unwrap().vm;
    let listed = client.list_vms(&none, &whole, &call).await.unwrap();
    assert_eq!(
        (listed.items.len(), listed.total, &listed.next),
        (2, Some(2), &None)
    );
    let filter = none
        .clone()
        .with_name("example2.com")
        .with_label("role", "web");
    assert_eq!(
        client.list_vms(&filter, &whole, &call).await.unwrap().items,
        std::slice::from_ref(&second)
    );
    let first = client
        .list_vms(&none, &PageRequest::First(1), &call)
        .await
        .unwrap();
    assert_eq!(first.items[0].id, id);
    let next = PageRequest::Next(first.next.unwrap());
    let last = client.list_vms(&none, &next, &call).await.unwrap();
    assert_eq!((&last.items[0].id, last.next), (&second.id, None));

    let refused = client.delete_vm(&second.id, &call).await.unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::Protected);
    client.delete_vm(&id, &call).await.unwrap();
    let gone = client.get_vm(&id, &call).await.unwrap_err();
    assert_eq!(gone.kind(), &ErrorKind::NotFound);

    let reused = client
        .create_vm(&request("other.com"), &keyed("one"))
        .await
        .unwrap_err();
    assert_eq!(reused.kind(), &ErrorKind::KeyReused);
    let mut unknown = request("example.com");
    unknown.region = "atlantis".into();
    unknown.image = "plan-9".into();
    let unknown = client
        .create_vm(&unknown, &keyed("three"))
        .await
        .unwrap_err();
    let faults: Vec<_> = unknown
        .fields()
        .iter()
        .map(|fault| fault.name.as_str())
        .collect();
    assert_eq!(faults, ["region", "image"]);
    let taken = request("example2.com").with_unique_name(true);
    let taken = client.create_vm(&taken, &keyed("four")).await.unwrap_err();
    assert_eq!(taken.kind(), &ErrorKind::Conflict);
    let quota = client
        .create_vm(&request("c"), &keyed("c"))
        .await
        .unwrap_err();
    assert_eq!(quota.kind(), &ErrorKind::Quota);

    assert_eq!(transport.left(), 0);
    for error in [&refused, &gone, &reused, &unknown, &taken, &quota] {
        assert!(
            error.request_id().is_some() && !error.may_have_been_applied(),
            "{error}"
        );
    }
}

#[test]
fn what_is_not_ours_is_refused_for_the_right_reason() {
    let recorded = recorded();
    for (name, status, reason) in [
        (NOT_OURS[0], 422, Some(Reason::Invalid)),
        (NOT_OURS[1], 400, None),
        (NOT_OURS[2], 401, None),
    ] {
        let (_, exchange) = recorded.iter().find(|(other, _)| other == name).unwrap();
        assert_eq!(exchange.response.status, status);
        let body = exchange.response.body.as_ref().unwrap();
        assert_eq!(
            body.get("reason").and_then(|r| r.as_str()),
            reason.as_ref().map(Reason::as_str)
        );
    }
    let documented = &recorded
        .iter()
        .find(|(name, _)| name == NOT_OURS[0])
        .unwrap()
        .1;
    let fields = &documented.response.body.as_ref().unwrap()["fields"];
    assert_eq!(
        (&fields[0]["name"], &fields[1]["name"]),
        (&"cpu".into(), &"disk_size".into())
    );
}
