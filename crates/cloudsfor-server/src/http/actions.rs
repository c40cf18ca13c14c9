//! `/actions`, and the actions of `/vms/{id}`

use std::time::Duration;

use cloudsfor_types::{Action, ActionAnswer, ActionList, Meta, VmAction, operations};
use rusqlite::Connection;

use super::call::{Answer, Call, Made, ok};
use super::pages::Listing;
use super::query::{Query, whole};
use super::vms::MAX_WAIT;
use crate::cloud::{CloudResult, actions};

/// Actions that can be asked for at once.
const MAX_IDS: usize = 100;

pub(super) async fn create(call: Call) -> Answer {
    let (account, vm_id) = (call.account(), call.id("id"));
    call.make(
        &operations::CREATE_VM_ACTION,
        VmAction::decode,
        move |tx, request| {
            let action = actions::start(tx, account, &vm_id, &request)?;
            let action_id = action.action_id.as_ref().map(ToString::to_string);
            let id = action_id.clone().unwrap_or_default();
            Ok(Made::new(&answer(action), &id).by_action(action_id))
        },
    )
    .await
}

pub(super) async fn list(call: Call) -> Answer {
    let mut query = call.query();
    let ids = query.one("ids", parse_ids);
    let wait = take_wait(&mut query);
    let listing = Listing::take(&mut query, &call.head, Vec::new());
    if ids.is_none() && wait.is_some() {
        query.fault("wait", "is only for actions that are named by ids");
    }
    query.finish()?;
    match ids {
        Some(ids) => some(call, &ids, wait.unwrap_or_default()).await,
        None => all(call, None, listing).await,
    }
}

pub(super) async fn list_of_vm(call: Call) -> Answer {
    let listing = call.listing()?;
    let vm_id = call.id("id");
    all(call, Some(vm_id), listing).await
}

async fn all(call: Call, vm_id: Option<String>, listing: Listing) -> Answer {
    let (account, window) = (call.account(), listing.window());
    let read = move |c: &_| actions::list(c, account, vm_id.as_deref(), &window);
    let (found, total) = call.scan(read).await?;
    let listed = listing.answer(found, total);
    call.list(&ActionList {
        links: listed.some_links(),
        actions: listed.items,
        meta: listed.meta,
        extra: Default::default(),
    })
}

/// The actions with these ids, as soon as any of them has ended.
async fn some(call: Call, ids: &[String], at_most: Duration) -> Answer {
    let account = call.account();
    let read = |c: &_| -> CloudResult<Vec<Action>> {
        ids.iter()
            .map(|id| actions::get(c, account, None, id))
            .collect()
    };
    let any_ended = |found: &Vec<Action>| found.iter().any(Action::has_ended);
    let found = call.read_until(at_most, read, any_ended).await?;
    let meta = Some(Meta::new(found.len() as u64));
    ok(&ActionList {
        actions: found,
        links: None,
        meta,
        extra: Default::default(),
    })
}

pub(super) async fn get(call: Call) -> Answer {
    one(call, None).await
}

pub(super) async fn get_of_vm(call: Call) -> Answer {
    let vm_id = call.id("id");
    one(call, Some(vm_id)).await
}

async fn one(call: Call, vm_id: Option<String>) -> Answer {
    let mut query = call.query();
    let wait = take_wait(&mut query);
    query.finish()?;
    let (account, id) = (call.account(), call.id("action_id"));
    let read = |c: &Connection| actions::get(c, account, vm_id.as_deref(), &id);
    let found = match wait {
        Some(at_most) => {
            let has_ended = Action::has_ended;
            call.read_until(at_most, read, has_ended).await?
        }
        None => call.read(read)?,
    };
    ok(&answer(found))
}

fn take_wait(query: &mut Query) -> Option<Duration> {
    query
        .one("wait", whole(0, MAX_WAIT))
        .map(Duration::from_secs)
}

fn parse_ids(text: &str) -> Result<Vec<String>, String> {
    let ids: Vec<_> = text.split(',').map(str::to_owned).collect();
    if ids.len() > MAX_IDS || ids.iter().any(String::is_empty) {
        return Err(format!(
            "must be 1 to {MAX_IDS} ids with commas between them"
        ));
    }
    Ok(ids)
}

fn answer(action: Action) -> ActionAnswer {
    ActionAnswer {
        action,
        extra: Default::default(),
    }
}
