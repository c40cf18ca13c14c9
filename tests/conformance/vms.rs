//! Scenarios of the VM endpoint.

use std::time::Duration;

use cloudsfor_core::{
    CallOptions, Error, ErrorKind, IdempotencyKey, PageRequest, find_vm, list_all_vms,
    wait_until_unlocked,
};
use cloudsfor_tests::service::{CREATE_TIME, Service, VM_LIMIT};
use cloudsfor_types::{CreateVm, Gigabytes, Plan, Vm, VmFeature, VmFilter, VmId, VmSpec, VmStatus};

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

pub(crate) fn call() -> CallOptions {
    CallOptions::default()
}

pub(crate) async fn created(service: &Service, name: &str) -> Vm {
    service
        .api
        .create_vm(&request(name), &call())
        .await
        .unwrap()
        .vm
}

async fn all(service: &Service, filter: &VmFilter) -> Vec<Vm> {
    service
        .api
        .list_vms(filter, &PageRequest::Whole, &call())
        .await
        .unwrap()
        .items
}

pub(crate) async fn a_vm_lives_from_creation_to_deletion(service: &Service) {
    let accepted = service
        .api
        .create_vm(&request("example.com"), &call())
        .await
        .unwrap();
    assert_eq!(accepted.vm.status, VmStatus::New);
    assert!(accepted.vm.locked && !accepted.replayed && accepted.action_id.is_some());
    let id = accepted.vm.id;

    let as_it_is = service
        .api
        .wait_vm(&id, Duration::ZERO, &call())
        .await
        .unwrap();
    assert!(as_it_is.locked);
    let call_options = call();
    let waiting = service
        .api
        .wait_vm(&id, Duration::from_secs(30), &call_options);
    let time_passes = async { service.clock.advance(CREATE_TIME) };
    let (vm, ()) = tokio::join!(waiting, time_passes);
    let vm = vm.unwrap();
    assert_eq!((vm.status.clone(), vm.locked), (VmStatus::Running, false));

    assert_eq!(service.api.get_vm(&id, &call()).await.unwrap(), vm);
    assert_eq!(all(service, &VmFilter::default()).await, [vm]);
    let snapshots = service
        .api
        .list_vm_snapshots(&id, &PageRequest::Whole, &call())
        .await;
    assert_eq!(snapshots.unwrap().items, []);

    service.api.delete_vm(&id, &call()).await.unwrap();
    for error in [
        service.api.get_vm(&id, &call()).await.unwrap_err(),
        service.api.delete_vm(&id, &call()).await.unwrap_err(),
        service
            .api
            .list_vm_snapshots(&id, &PageRequest::Whole, &call())
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), &ErrorKind::NotFound);
        assert_eq!(error.status(), Some(404));
        assert!(error.request_id().is_some());
    }
}

pub(crate) async fn everything_asked_for_arrives(service: &Service) {
    let mut spec = request("Web-1.example.com")
        .with_plan(Plan::Dynamic)
        .with_backups(true)
        .with_ipv6(true)
        .with_private_networking(true)
        .with_user_data("#cloud-config\nимя: \"x\"\n")
        .with_label("role", "веб & co")
        .with_protected(true);
    spec.size = Gigabytes::new(0.75).unwrap();
    let vm = service.api.create_vm(&spec, &call()).await.unwrap().vm;
    assert_eq!(vm.name, "Web-1.example.com");
    assert_eq!((vm.memory.get(), vm.vcpus, vm.disk), (0.75, 1, 10));
    assert_eq!(vm.plan, Some(Plan::Dynamic));
    for feature in [
        VmFeature::Backups,
        VmFeature::Ipv6,
        VmFeature::PrivateNetworking,
    ] {
        assert!(vm.features.contains(&feature), "{feature}");
    }
    let networks = vm.networks.unwrap();
    assert_eq!((networks.v4.len(), networks.v6.len()), (2, 1));
    assert!(networks.iter().all(|address| address.ip().is_some()));
    assert_eq!(vm.labels.unwrap()["role"], "веб & co");
    assert_eq!(vm.region.unwrap().country.as_deref(), Some("Russia"));
    assert_eq!(vm.image.unwrap().distro.as_deref(), Some("fedora-19"));
}

pub(crate) async fn a_key_makes_one_vm(service: &Service) {
    let key = IdempotencyKey::random();
    let call = call().with_idempotency_key(key.clone());
    let first = service
        .api
        .create_vm(&request("example.com"), &call)
        .await
        .unwrap();
    let again = service
        .api
        .create_vm(&request("example.com"), &call)
        .await
        .unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!((&first.vm, &first.action_id), (&again.vm, &again.action_id));
    let other = service
        .api
        .create_vm(&request("other.com"), &call)
        .await
        .unwrap_err();
    assert_eq!(other.kind(), &ErrorKind::KeyReused);
    assert_eq!(other.idempotency_key(), Some(&key));
    assert_eq!(all(service, &VmFilter::default()).await.len(), 1);
}

pub(crate) async fn many_creates_at_once_stay_within_the_limit(service: &Service) {
    let creates: Vec<_> = (0..VM_LIMIT + 8)
        .map(|n| {
            let api = service.api.clone();
            tokio::spawn(async move { api.create_vm(&request(&format!("vm{n}")), &call()).await })
        })
        .collect();
    let (mut made, mut refused) = (0, 0);
    for create in creates {
        match create.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => {
                assert_eq!(error.kind(), &ErrorKind::Quota, "{error}");
                assert!(!error.may_have_been_applied());
                refused += 1;
            }
        }
    }
    assert_eq!((made, refused), (VM_LIMIT, 8));
    assert_eq!(
        all(service, &VmFilter::default()).await.len() as u64,
        VM_LIMIT
    );
}

pub(crate) async fn pages_have_every_vm_once(service: &Service) {
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(created(service, &format!("vm{n}")).await.id);
    }
    ids.sort();
    let filter = VmFilter::default();
    let mut request = PageRequest::First(2);
    let mut listed = Vec::new();
    loop {
        let page = service
            .api
            .list_vms(&filter, &request, &call())
            .await
            .unwrap();
        assert_eq!(page.total, Some(5));
        listed.push(page.items.into_iter().map(|vm| vm.id).collect::<Vec<_>>());
        match page.next {
            // A token survives being kept as text.
            Some(token) => request = PageRequest::Next(token.to_string().parse().unwrap()),
            None => break,
        }
    }
    assert_eq!(listed.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let mut listed = listed.concat();
    listed.sort();
    assert_eq!(listed, ids);
    assert_eq!(
        list_all_vms(&*service.api, &filter, &call())
            .await
            .unwrap()
            .len(),
        5
    );
}

pub(crate) async fn waiting_shows_progress_and_ends_when_the_vm_runs(service: &Service) {
    let vm = created(service, "example.com").await;
    let mut seen = Vec::new();
    let call = call().with_timeout(Duration::from_secs(30));
    let progress = |vm: &Vm| seen.push(vm.status.clone());
    let waiting = wait_until_unlocked(&*service.api, &vm.id, &call, progress);
    let time_passes = async { service.clock.advance(CREATE_TIME) };
    let (vm, ()) = tokio::join!(waiting, time_passes);
    assert_eq!(vm.unwrap().status, VmStatus::Running);
    assert_eq!(seen.last(), Some(&VmStatus::Running));
}

pub(crate) async fn filters_are_applied(service: &Service) {
    let labelled = request("a").with_label("k&y", "v=1 +2");
    let labelled = service
        .api
        .create_vm(&labelled, &call())
        .await
        .unwrap()
        .vm
        .id;
    created(service, "b").await;
    let none = VmFilter::default();
    for (filter, found) in [
        (
            none.clone().with_label("k&y", "v=1 +2"),
            vec![labelled.clone()],
        ),
        (
            none.clone().with_name("A").with_status(VmStatus::New),
            vec![labelled],
        ),
        (none.with_region("moscow_02"), vec![]),
    ] {
        let ids: Vec<_> = all(service, &filter)
            .await
            .into_iter()
            .map(|vm| vm.id)
            .collect();
        assert_eq!(ids, found, "{filter:?}");
    }
}

pub(crate) async fn a_name_finds_its_vm_or_says_which_there_are(service: &Service) {
    let find = async |selector: &str| -> Result<Vm, Error> {
        find_vm(&*service.api, &selector.parse().unwrap(), &call()).await
    };
    assert_eq!(
        find("example.com").await.unwrap_err().kind(),
        &ErrorKind::NotFound
    );
    let vm = created(service, "Example.com").await;
    assert_eq!(find("example.COM").await.unwrap().id, vm.id);
    assert_eq!(find(vm.id.as_str()).await.unwrap().id, vm.id);

    let other = created(service, "example.com").await;
    match find("example.com").await.unwrap_err().kind() {
        ErrorKind::SeveralMatch { candidates } => {
            let ids: Vec<_> = candidates.iter().map(|vm| &vm.id).collect();
            assert_eq!(ids.len(), 2);
            assert!(ids.contains(&&vm.id) && ids.contains(&&other.id));
        }
        kind => panic!("{kind:?}"),
    }
}

pub(crate) async fn refusals_have_their_kinds(service: &Service) {
    let taken = created(service, "example.com").await;
    let unique = request("example.com").with_unique_name(true);
    let error = service.api.create_vm(&unique, &call()).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Conflict);
    assert!(error.message().contains(taken.id.as_str()), "{error}");

    let protected = request("safe").with_protected(true);
    let protected = service
        .api
        .create_vm(&protected, &call())
        .await
        .unwrap()
        .vm
        .id;
    let error = service
        .api
        .delete_vm(&protected, &call())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Protected);

    let unknown = VmId::new("9a33ef4fec394360a88e3c60b78b5dbc").unwrap();
    let error = service.api.get_vm(&unknown, &call()).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotFound);
}

pub(crate) async fn faults_are_named_by_both_sides(service: &Service) {
    let names = |error: &Error| -> Vec<String> {
        error
            .fields()
            .iter()
            .map(|fault| fault.name.clone())
            .collect()
    };
    let mut bad = request("a_b");
    bad.cpu = 0;
    let here = service.api.create_vm(&bad, &call()).await.unwrap_err();
    assert_eq!(
        (names(&here), here.status()),
        (vec!["name".into(), "cpu".into()], None)
    );

    let mut unknown = request("example.com");
    unknown.region = "atlantis".into();
    unknown.image = "plan-9".into();
    let there = service.api.create_vm(&unknown, &call()).await.unwrap_err();
    assert_eq!(
        (names(&there), there.status()),
        (vec!["region".into(), "image".into()], Some(422))
    );
    assert!(all(service, &VmFilter::default()).await.is_empty());
}

pub(crate) async fn wrong_credentials_are_refused(service: &Service) {
    created(service, "example.com").await;
    let stranger = service.with_password("wr\u{f6}ng:secret");
    let error = stranger
        .list_vms(&VmFilter::default(), &PageRequest::Whole, &call())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Unauthorized);
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("secret"), "{shown}");
}
