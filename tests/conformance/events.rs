//! Scenarios of the stream of events.

use cloudsfor_core::{ErrorKind, EventStream};
use cloudsfor_tests::service::{CREATE_TIME, Service};
use cloudsfor_types::{ActionStatus, Event, EventCursor, VmStatus};
use futures_util::StreamExt;

use crate::vms::{call, created};

/// The next events, each with the cursor after it.
async fn next(events: &mut EventStream, number: usize) -> Vec<(Event, EventCursor)> {
    let mut told = Vec::new();
    for _ in 0..number {
        let event = events.next().await.unwrap().unwrap();
        told.push((event, events.cursor().unwrap().clone()));
    }
    told
}

pub(crate) async fn what_happens_is_told_and_taken_up_again(service: &Service) {
    let mut events = service.api.watch_events(None, &call()).await.unwrap();
    let vm = created(service, "example.com").await;
    let made = next(&mut events, 2).await;
    service.clock.advance(CREATE_TIME);
    let run = next(&mut events, 2).await;
    service.api.delete_vm(&vm.id, &call()).await.unwrap();
    let gone = next(&mut events, 1).await;

    let told = [made, run, gone].concat();
    let [
        (begun, _),
        (new, _),
        (ended, after),
        (running, _),
        (gone, _),
    ] = &told[..]
    else {
        panic!("{told:?}");
    };
    assert!(matches!(begun, Event::Action(a) if a.status == ActionStatus::InProgress));
    assert!(matches!(new, Event::Vm(vm) if vm.status == VmStatus::New));
    assert!(matches!(ended, Event::Action(a) if a.status == ActionStatus::Completed));
    assert!(matches!(running, Event::Vm(vm) if vm.status == VmStatus::Running));
    assert_eq!(*gone, Event::VmDeleted(vm.id));

    let after = Some(after.clone());
    let mut rest = service.api.watch_events(after, &call()).await.unwrap();
    assert_eq!(next(&mut rest, 2).await, told[3..]);
}

pub(crate) async fn a_cursor_that_is_not_known_is_no_silent_gap(service: &Service) {
    let unknown = EventCursor::new("999999").unwrap();
    let mut events = service
        .api
        .watch_events(Some(unknown), &call())
        .await
        .unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), Event::Reset);
    let vm = created(service, "example.com").await;
    let told = next(&mut events, 2).await;
    assert!(matches!(&told[1].0, Event::Vm(told) if told.id == vm.id));

    let stranger = service.with_password("wrong");
    let refused = stranger.watch_events(None, &call()).await.unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::Unauthorized);
}
