//! What is done is there.

use std::time::Duration;

use cloudsfor_core::types::{VmAction, VmStatus};
use cloudsfor_core::{ErrorKind, wait_for_action, wait_until_unlocked};
use cloudsfor_testing::Simulator;

use crate::{call, create, list};

#[tokio::test]
async fn a_vm_lives_as_in_the_service() {
    let simulator = Simulator::new();
    let api = simulator.api();
    let vm = create(&*api, "web").await.unwrap();
    assert_eq!((vm.status, vm.locked), (VmStatus::New, true));

    simulator.advance(Duration::from_millis(2_999)).await;
    let early = api.get_vm(&vm.id, &call()).await.unwrap();
    assert_eq!(early.status, VmStatus::New);
    simulator.advance(Duration::from_millis(1)).await;
    let running = api.get_vm(&vm.id, &call()).await.unwrap();
    assert_eq!((running.status, running.locked), (VmStatus::Running, false));

    let off = VmAction::PowerOff;
    let action = api.create_vm_action(&vm.id, &off, &call()).await.unwrap();
    let error = api
        .create_vm_action(&vm.id, &off, &call())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Locked);
    simulator.advance(Duration::from_secs(1)).await;
    let id = action.action_id.unwrap();
    wait_for_action(&*api, &id, &call(), |_| ()).await.unwrap();
    let stopped = api.get_vm(&vm.id, &call()).await.unwrap();
    assert_eq!(stopped.status, VmStatus::Stopped);

    api.delete_vm(&vm.id, &call()).await.unwrap();
    assert_eq!(list(&*api).await.unwrap(), []);
}

#[tokio::test]
async fn the_quota_holds() {
    let simulator = Simulator::builder().vm_limit(1).build();
    let api = simulator.api();
    let vm = create(&*api, "a").await.unwrap();
    let error = create(&*api, "b").await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Quota);
    api.delete_vm(&vm.id, &call()).await.unwrap();
    create(&*api, "b").await.unwrap();
}

#[tokio::test]
async fn a_program_may_wait_while_the_test_moves_the_clock() {
    let simulator = Simulator::new();
    let api = simulator.api();
    let vm = create(&*api, "web").await.unwrap();
    let options = call();
    let waiting = wait_until_unlocked(&*api, &vm.id, &options, |_| ());
    let (waited, ()) = tokio::join!(waiting, simulator.advance(Duration::from_secs(3)));
    assert_eq!(waited.unwrap().status, VmStatus::Running);
}

#[tokio::test]
async fn without_a_create_time_nobody_has_to_move_the_clock() {
    let builder = Simulator::builder().create_time(Duration::ZERO);
    let simulator = builder.build();
    let api = simulator.api();
    let vm = create(&*api, "web").await.unwrap();
    let vm = wait_until_unlocked(&*api, &vm.id, &call(), |_| ()).await;
    assert_eq!(vm.unwrap().status, VmStatus::Running);
}

#[tokio::test]
async fn two_simulators_are_apart() {
    let (a, b) = (Simulator::new(), Simulator::new());
    create(&*a.api(), "web").await.unwrap();
    a.advance(Duration::from_secs(5)).await;
    assert_eq!(list(&*a.api()).await.unwrap().len(), 1);
    assert_eq!(list(&*b.api()).await.unwrap(), []);
    assert_ne!(a.now(), b.now());
}

#[tokio::test]
async fn an_api_outlives_its_simulator() {
    let api = Simulator::new().api();
    create(&*api, "web").await.unwrap();
    assert_eq!(list(&*api).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_closed_simulator_accepts_nothing() {
    let simulator = Simulator::new();
    let api = simulator.api();
    create(&*api, "a").await.unwrap();
    simulator.close().await;
    let error = create(&*api, "b").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Server { .. }), "{error}");
}
