//! Each fault as a program meets it.

use std::time::{Duration, Instant};

use cloudsfor_core::types::Event;
use cloudsfor_core::{ErrorKind, TransportErrorKind};
use cloudsfor_testing::operations::{CREATE_VM, LIST_VMS, WATCH_EVENTS};
use cloudsfor_testing::{Requests, Rule, Simulator, StatusCode};

use futures_util::StreamExt;

use crate::{call, create, list, request};

/// A simulator whose client makes one attempt.
fn one_attempt() -> Simulator {
    Simulator::builder().without_retry().build()
}

const CUT: ErrorKind = ErrorKind::Transport(TransportErrorKind::Cut);

#[tokio::test]
async fn with_retries_a_fault_makes_no_second_vm() {
    let faults: [fn(Requests) -> Rule; 5] = [
        Requests::refuse_connection,
        Requests::lose_request,
        Requests::lose_answer,
        Requests::cut_answer,
        |requests| requests.limit_rate(Duration::from_secs(30)),
    ];
    for fault in faults {
        let simulator = Simulator::new();
        simulator.fail(fault(Rule::on(CREATE_VM).nth(1)));
        let api = simulator.api();
        let start = Instant::now();
        let vm = create(&*api, "web").await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(list(&*api).await.unwrap(), [vm]);
    }
}

#[tokio::test]
async fn the_third_create_loses_its_answer() {
    let simulator = one_attempt();
    simulator.fail(Rule::on(CREATE_VM).nth(3).lose_answer());
    let api = simulator.api();
    for name in ["a", "b"] {
        create(&*api, name).await.unwrap();
    }
    let error = create(&*api, "c").await.unwrap_err();
    assert!(error.may_have_been_applied());
    assert_eq!(list(&*api).await.unwrap().len(), 3);

    // The error's key is enough to take it up again.
    let key = error.idempotency_key().unwrap();
    let resumed = api.resume_create_vm(&request("c"), key, &call()).await;
    assert!(resumed.unwrap().replayed);
    assert_eq!(list(&*api).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_lost_request_is_in_doubt_and_makes_nothing() {
    let simulator = one_attempt();
    simulator.fail(Rule::on(CREATE_VM).lose_request());
    let api = simulator.api();
    let error = create(&*api, "web").await.unwrap_err();
    assert!(error.may_have_been_applied());
    assert_eq!(list(&*api).await.unwrap(), []);
}

#[tokio::test]
async fn a_refused_connection_is_no_doubt() {
    let simulator = one_attempt();
    simulator.fail(Rule::on(CREATE_VM).refuse_connection());
    let error = create(&*simulator.api(), "web").await.unwrap_err();
    let kind = ErrorKind::Transport(TransportErrorKind::Connect);
    assert_eq!(error.kind(), &kind);
    assert!(!error.may_have_been_applied());
}

#[tokio::test]
async fn a_cut_answer_is_seen_as_cut() {
    let simulator = one_attempt();
    simulator.fail(Rule::on(LIST_VMS).nth(2).cut_answer());
    let api = simulator.api();
    list(&*api).await.unwrap();
    let error = list(&*api).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (&CUT, Some(200)));
    list(&*api).await.unwrap();
}

#[tokio::test]
async fn every_list_answers_503_until_healed() {
    let simulator = Simulator::new();
    simulator.fail(Rule::on(LIST_VMS).answer(StatusCode::SERVICE_UNAVAILABLE));
    let api = simulator.api();
    let vm = create(&*api, "web").await.unwrap();
    let error = list(&*api).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Server { retry_after: None });
    assert_eq!(error.status(), Some(503));
    simulator.heal();
    assert_eq!(list(&*api).await.unwrap(), [vm]);
}

#[tokio::test]
async fn a_limited_rate_says_when_to_come_back() {
    let simulator = one_attempt();
    let after = Duration::from_secs(7);
    simulator.fail(Rule::on_every_request().limit_rate(after));
    let error = list(&*simulator.api()).await.unwrap_err();
    assert_eq!(error.status(), Some(429));
    assert_eq!(error.retry_after(), Some(after));
}

#[tokio::test]
async fn a_slow_list_meets_the_calls_limit() {
    let simulator = one_attempt();
    simulator.fail(Rule::on(LIST_VMS).delay(Duration::from_secs(60)));
    let api = simulator.api();
    let soon = call().with_timeout(Duration::from_millis(20));
    let all = (Default::default(), cloudsfor_core::PageRequest::Whole);
    let error = api.list_vms(&all.0, &all.1, &soon).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Deadline);
    simulator.heal();
    simulator.fail(Rule::on(LIST_VMS).delay(Duration::from_millis(1)));
    list(&*api).await.unwrap();
}

#[tokio::test]
async fn each_create_makes_one_vm_though_every_fifth_answer_is_lost() {
    let simulator = Simulator::new();
    simulator.fail(Rule::on_every_request().percent(20).lose_answer());
    let api = simulator.api();
    for number in 0..30 {
        create(&*api, &format!("web-{number}")).await.unwrap();
    }
    simulator.heal();
    assert_eq!(list(&*api).await.unwrap().len(), 30);
}

#[tokio::test]
async fn events_go_on_after_a_cut() {
    let simulator = one_attempt();
    simulator.fail(Rule::on(WATCH_EVENTS).nth(1).cut_answer());
    let api = simulator.api();
    let mut events = api.watch_events(None, &call()).await.unwrap();
    let vm = create(&*api, "web").await.unwrap();
    let action = events.next().await.unwrap().unwrap();
    assert!(matches!(action, Event::Action(action) if action.id == vm.id));
    let made = events.next().await.unwrap().unwrap();
    assert_eq!(made, Event::Vm(Box::new(vm)));
}
