//! Scenarios of everything that is not a VM's own life.

use std::time::Duration;

use cloudsfor_core::{
    CallOptions, ErrorKind, KeySelector, PageRequest, wait_for_action, wait_for_actions,
};
use cloudsfor_tests::service::{CREATE_TIME, EMAIL, Service, VM_LIMIT};
use cloudsfor_types::{
    Action, ActionStatus, ActionType, CreateDomain, CreateKey, CreateNetwork, RecordSpec,
    RecordType, UpdateKey, UpdateVm, Vm, VmAction, VmStatus,
};

use crate::vms::{call, created};

const WHOLE: PageRequest = PageRequest::Whole;

/// Long enough for the service to answer, however slow the machine.
fn patiently() -> CallOptions {
    call().with_timeout(Duration::from_secs(30))
}

async fn running(service: &Service, name: &str) -> Vm {
    let id = created(service, name).await.id;
    service.clock.advance(CREATE_TIME);
    service
        .api
        .wait_vm(&id, Duration::from_secs(30), &call())
        .await
        .unwrap()
}

async fn done(service: &Service, vm: &Vm, request: VmAction) -> Action {
    let action = service
        .api
        .create_vm_action(&vm.id, &request, &call())
        .await
        .unwrap();
    assert_eq!(
        (action.vm_id(), &action.status),
        (&vm.id, &ActionStatus::InProgress)
    );
    service.clock.advance(CREATE_TIME);
    let id = action.action_id.unwrap();
    wait_for_action(&*service.api, &id, &patiently(), |_| {})
        .await
        .unwrap()
}

pub(crate) async fn actions_change_a_vm_and_can_be_waited_for(service: &Service) {
    let vm = running(service, "example.com").await;
    let stopped = done(service, &vm, VmAction::Shutdown).await;
    assert_eq!(stopped.r#type, ActionType::Shutdown);
    let resize = VmAction::Resize {
        size: None,
        cpu: Some(4),
        disk_size: Some(20),
    };
    done(service, &vm, resize).await;
    let vm = service.api.get_vm(&vm.id, &call()).await.unwrap();
    assert_eq!((&vm.status, vm.vcpus, vm.disk), (&VmStatus::Stopped, 4, 20));

    let refused = service
        .api
        .create_vm_action(&vm.id, &VmAction::Reboot, &call())
        .await;
    assert_eq!(refused.unwrap_err().kind(), &ErrorKind::State);
    let on = service
        .api
        .create_vm_action(&vm.id, &VmAction::PowerOn, &call())
        .await
        .unwrap();
    let locked = service
        .api
        .create_vm_action(&vm.id, &VmAction::Reboot, &call())
        .await;
    assert_eq!(locked.unwrap_err().kind(), &ErrorKind::Locked);
    service.clock.advance(CREATE_TIME);
    let ids = [on.action_id.unwrap()];
    let ended = wait_for_actions(&*service.api, &ids, &patiently(), |_| {})
        .await
        .unwrap();
    assert_eq!(ended[0].status, ActionStatus::Completed);

    let of_vm = service
        .api
        .list_vm_actions(&vm.id, &WHOLE, &call())
        .await
        .unwrap();
    let all = service
        .api
        .list_actions(&PageRequest::First(2), &call())
        .await
        .unwrap();
    assert_eq!(
        (of_vm.items.len(), all.items.len(), all.total),
        (4, 2, Some(4))
    );
    let one = service
        .api
        .get_vm_action(&vm.id, &ids[0], &call())
        .await
        .unwrap();
    assert_eq!(one, service.api.get_action(&ids[0], &call()).await.unwrap());
}

pub(crate) async fn snapshots_outlive_their_vm(service: &Service) {
    let vm = running(service, "example.com").await;
    done(
        service,
        &vm,
        VmAction::Snapshot {
            name: "before".into(),
        },
    )
    .await;
    let snapshots = service
        .api
        .list_vm_snapshots(&vm.id, &PageRequest::Whole, &call())
        .await
        .unwrap()
        .items;
    assert_eq!(snapshots[0].name.as_deref(), Some("before"));
    let id = snapshots[0].id.clone();
    done(
        service,
        &vm,
        VmAction::Restore {
            image: id.to_string(),
        },
    )
    .await;
    service.api.delete_vm(&vm.id, &call()).await.unwrap();
    assert_eq!(
        service
            .api
            .list_snapshots(&WHOLE, &call())
            .await
            .unwrap()
            .items,
        snapshots
    );
    assert_eq!(
        service.api.get_snapshot(&id, &call()).await.unwrap(),
        snapshots[0]
    );
    service.api.delete_snapshot(&id, &call()).await.unwrap();
    let gone = service.api.get_snapshot(&id, &call()).await.unwrap_err();
    assert_eq!(gone.kind(), &ErrorKind::NotFound);
}

pub(crate) async fn labels_and_protection_change(service: &Service) {
    let vm = created(service, "example.com").await;
    let labels = [("role".to_owned(), "web".to_owned())].into();
    let update = UpdateVm::default().with_labels(labels).with_protected(true);
    let vm = service
        .api
        .update_vm(&vm.id, &update, &call())
        .await
        .unwrap();
    assert_eq!(vm.labels.unwrap()["role"], "web");
    let refused = service.api.delete_vm(&vm.id, &call()).await.unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::Protected);
    let update = UpdateVm::default().with_protected(false);
    service
        .api
        .update_vm(&vm.id, &update, &call())
        .await
        .unwrap();
    service.api.delete_vm(&vm.id, &call()).await.unwrap();
}

pub(crate) async fn what_the_service_offers_is_told(service: &Service) {
    let account = service.api.get_account(&call()).await.unwrap();
    assert_eq!(
        (account.email.as_str(), account.vm_limit),
        (EMAIL, Some(VM_LIMIT))
    );
    let regions = service.api.list_regions(&WHOLE, &call()).await.unwrap();
    assert_eq!(
        (regions.items[0].name.as_str(), regions.total),
        ("moscow_01", Some(3))
    );
    let distros = service.api.list_distros(&WHOLE, &call()).await.unwrap();
    assert!(
        distros
            .items
            .iter()
            .any(|distro| distro.name == "fedora-19")
    );
}

pub(crate) async fn keys_are_found_by_id_and_fingerprint(service: &Service) {
    let request = CreateKey {
        name: "laptop".into(),
        public_key:
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGm+KR/T2v3cKqATkQ+0ILNiuxsc09H5ngf1HwMJcTEB"
                .into(),
    };
    let key = service.api.create_key(&request, &call()).await.unwrap();
    // A fingerprint has slashes, which must not become a path.
    assert!(key.fingerprint.contains('/'));
    for selector in [key.id.to_string(), key.fingerprint.clone()] {
        let selector: KeySelector = selector.parse().unwrap();
        assert_eq!(service.api.get_key(&selector, &call()).await.unwrap(), key);
    }
    let twice = service.api.create_key(&request, &call()).await.unwrap_err();
    assert_eq!(twice.kind(), &ErrorKind::Conflict);
    let selector: KeySelector = key.fingerprint.parse().unwrap();
    let renamed = UpdateKey {
        name: "desk".into(),
    };
    assert_eq!(
        service
            .api
            .update_key(&selector, &renamed, &call())
            .await
            .unwrap()
            .name,
        "desk"
    );
    assert_eq!(
        service
            .api
            .list_keys(&WHOLE, &call())
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    service.api.delete_key(&selector, &call()).await.unwrap();
    let gone = service.api.get_key(&selector, &call()).await.unwrap_err();
    assert_eq!(gone.kind(), &ErrorKind::NotFound);
}

pub(crate) async fn vms_join_and_leave_networks(service: &Service) {
    let request = CreateNetwork {
        name: "backend".into(),
    };
    let network = service.api.create_network(&request, &call()).await.unwrap();
    let vm = created(service, "example.com").await;
    service
        .api
        .join_network(&network.id, &vm.id, &call())
        .await
        .unwrap();
    let joined = service.api.get_vm(&vm.id, &call()).await.unwrap();
    assert_eq!(joined.networks.unwrap().v4.len(), 2);
    let busy = service
        .api
        .delete_network(&network.id, &call())
        .await
        .unwrap_err();
    assert_eq!(busy.kind(), &ErrorKind::Conflict);
    assert_eq!(
        service
            .api
            .list_networks(&WHOLE, &call())
            .await
            .unwrap()
            .items,
        std::slice::from_ref(&network)
    );
    service
        .api
        .leave_network(&network.id, &vm.id, &call())
        .await
        .unwrap();
    assert_eq!(
        service.api.get_network(&network.id, &call()).await.unwrap(),
        network
    );
    service
        .api
        .delete_network(&network.id, &call())
        .await
        .unwrap();
}

pub(crate) async fn domains_have_records(service: &Service) {
    let request = CreateDomain {
        name: "example.com".into(),
        ip_address: None,
    };
    let domain = service.api.create_domain(&request, &call()).await.unwrap();
    assert!(domain.zone_file.unwrap().contains("SOA"));
    created(service, "www.example.com").await;
    let spec = RecordSpec {
        r#type: RecordType::Mx,
        name: "@".into(),
        data: "mail".into(),
        priority: Some(10),
        port: None,
        weight: None,
    };
    let record = service
        .api
        .create_record("example.com", &spec, &call())
        .await
        .unwrap();
    assert_eq!((record.priority, record.port), (Some(10), None));
    let other = RecordSpec {
        data: "mail2".into(),
        ..spec
    };
    let changed = service
        .api
        .update_record("example.com", record.id, &other, &call())
        .await
        .unwrap();
    assert_eq!(
        service
            .api
            .get_record("example.com", record.id, &call())
            .await
            .unwrap(),
        changed
    );
    let records = service
        .api
        .list_records("example.com", &WHOLE, &call())
        .await
        .unwrap()
        .items;
    assert_eq!(records.len(), 3);
    let of_vm = records
        .iter()
        .find(|record| record.r#type == RecordType::Ptr)
        .unwrap();
    let refused = service
        .api
        .delete_record("example.com", of_vm.id, &call())
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::Forbidden);
    service
        .api
        .delete_record("example.com", record.id, &call())
        .await
        .unwrap();
    service
        .api
        .delete_domain("example.com", &call())
        .await
        .unwrap();
    assert!(
        service
            .api
            .list_domains(&WHOLE, &call())
            .await
            .unwrap()
            .items
            .is_empty()
    );
}
