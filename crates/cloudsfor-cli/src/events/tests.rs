//! Events as their user meets them.

use cloudsfor_core::events::{Delivery, EventStream};
use cloudsfor_core::{Error, ErrorKind, MockApi};
use cloudsfor_types::{Event, EventCursor};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::terminal::fake::Fake;
use crate::testing::{Ended, ID, OTHER_ID, a_hostile_vm, a_vm, an_action, run};

fn happened() -> Vec<Result<Event, Error>> {
    vec![
        Ok(Event::Vm(Box::new(a_vm(json!({"locked": true}))))),
        Ok(Event::Action(Box::new(an_action(json!({"id": OTHER_ID}))))),
        Ok(Event::VmDeleted(OTHER_ID.parse().unwrap())),
        Ok(Event::Reset),
        Err(Error::new(
            ErrorKind::Decode {
                location: "vm.id".into(),
            },
            "watch_events",
            "an event can't be read",
        )),
        Ok(Event::Other {
            name: "quota".into(),
            data: "\u{1b}[2J".into(),
        }),
        Ok(Event::VmDeleted(ID.parse().unwrap())),
        Ok(Event::Vm(Box::new(a_hostile_vm()))),
    ]
}

fn api(events: Vec<Result<Event, Error>>) -> MockApi {
    let mut api = MockApi::new();
    api.expect_get_vm().returning(|_, _| Ok(a_vm(json!({}))));
    api.expect_watch_events().return_once(|_, _| {
        let numbered = events.into_iter().enumerate().map(|(number, event)| {
            event.map(|event| Delivery {
                cursor: Some(EventCursor::new(number.to_string()).unwrap()),
                event: Some(event),
                at: None,
            })
        });
        let for_ever = stream::iter(numbered).chain(stream::pending());
        Ok(EventStream::new(for_ever))
    });
    api
}

fn follow(args: &[&str]) -> Ended {
    run(&api(happened()), args, Fake::default().interrupts_after(1))
}

#[test]
fn what_happens_is_told_in_lines_until_ctrl_c() {
    follow(&["events"]).golden("events/pipe.txt");
    let ids = follow(&["events", "-o", "id"]).screen.out();
    assert_eq!(ids.lines().nth(1), Some(OTHER_ID));
}

#[test]
fn programs_get_a_line_of_json_for_each() {
    let out = follow(&["events", "-o", "json"]).screen.out();
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[0]["vm"]["locked"], true);
    assert_eq!(
        lines[2],
        json!({"event": "vm", "vm": {"id": OTHER_ID}, "deleted": true})
    );
    let names = follow(&["events", "-o", "template={{ event }}"])
        .screen
        .out();
    assert!(names.starts_with("vm\naction\nvm\nreset\n"), "{names}");
}

#[test]
fn one_vm_is_watched_until_it_is_gone() {
    let ended = run(&api(happened()), &["vm", "watch", ID], Fake::default());
    ended.golden("events/vm.txt");
}

#[test]
fn a_stream_that_breaks_says_how_to_go_on() {
    let mut events = happened();
    events.truncate(2);
    let lost = Error::new(
        ErrorKind::Unauthorized,
        "watch_events",
        "the password has changed",
    );
    events.push(Err(lost));
    let ended = run(&api(events), &["events"], Fake::default());
    ended.golden("events/broken.txt");
}
