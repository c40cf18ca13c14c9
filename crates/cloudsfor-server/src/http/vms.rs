//! `/vms`

use std::time::Duration;

use cloudsfor_types::{
    CreateVm, Links, UpdateVm, Vm, VmAnswer, VmFilter, VmList, VmStatus, names, operations, rules,
};
use serde_json::{Map, Value};

use super::call::{Answer, Call, Made, no_content, ok};
use super::pages::Listing;
use super::query::{Query, whole};
use crate::cloud::vms::{self, Named};
use crate::cloud::{Tx, user_data};

/// The longest that a request may wait, in seconds.
pub(super) const MAX_WAIT: u64 = 30;

pub(super) async fn list(call: Call) -> Answer {
    let account = call.account();
    let mut query = call.query();
    let filter = take_filter(&mut query);
    let listing = Listing::take(&mut query, &call.head, filter.query());
    query.finish()?;
    let window = listing.window();
    let read = move |c: &_| vms::list(c, account, &filter, &window);
    let (found, total) = call.scan(read).await?;
    let listed = listing.answer(found, total);
    call.list(&VmList {
        vms: listed.items,
        links: listed.links,
        meta: listed.meta,
        extra: Default::default(),
    })
}

fn take_filter(query: &mut Query) -> VmFilter {
    let text = |text: &str| Ok(text.to_owned());
    let mut filter = VmFilter::default();
    // In either form of a name in another alphabet, as a request has it.
    filter.name = query.one("name", |name| {
        Ok(names::hostname(name).unwrap_or_else(|_| name.to_owned()))
    });
    filter.region = query.one("region", text);
    filter.labels = query.all("label", |label| {
        let pair = label
            .split_once('=')
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        pair.ok_or_else(|| format!("must be a key, '=' and a value, not {label:?}"))
    });
    // Each costs a look at every VM.
    if filter.labels.len() > rules::LABELS_MAX {
        query.fault(
            "label",
            &format!("is given more than {} times", rules::LABELS_MAX),
        );
    }
    filter.status = query.one("status", |status| match VmStatus::from(status) {
        VmStatus::Unknown(status) => {
            let known: Vec<_> = VmStatus::KNOWN.iter().map(VmStatus::as_str).collect();
            Err(format!(
                "must be one of {}, not {status:?}",
                known.join(", ")
            ))
        }
        known => Ok(known),
    });
    filter
}

pub(super) async fn create(call: Call) -> Answer {
    let (cloud, account) = (call.cloud.clone(), call.account());
    let decode = move |body: Map<String, Value>| {
        let named = Named::by(&body);
        let strict_faults = user_data::strict_faults(&body);
        let decoded = CreateVm::decode(body).and_then(|request| match strict_faults.is_empty() {
            true => Ok(request),
            false => Err(Vec::new()),
        });
        decoded.map_err(|mut faults| {
            // All faults at once: also those that only the service can find.
            let more = cloud
                .read(|c| named.faults(c, cloud.compute(), account))
                .unwrap_or_default();
            let known: Vec<_> = faults.iter().map(|fault| fault.name.clone()).collect();
            faults.extend(
                more.into_iter()
                    .chain(strict_faults)
                    .filter(|fault| !known.contains(&fault.name)),
            );
            faults
        })
    };
    call.make(&operations::CREATE_VM, decode, move |tx, request| {
        let (vm, action) = vms::create(tx, account, &request)?;
        let action_id = action.action_id.map(|id| id.to_string());
        let id = vm.id.clone();
        let answer = VmAnswer {
            warnings: user_data::warnings(request.user_data.as_ref()),
            ..answer(vm)
        };
        Ok(Made::new(&answer, &id).by_action(action_id))
    })
    .await
}

pub(super) async fn get(call: Call) -> Answer {
    let mut query = call.query();
    let wait = query.one("wait", whole(0, MAX_WAIT));
    query.finish()?;
    let (account, id) = (call.account(), call.id("id"));
    let read = |c: &_| vms::get(c, account, &id);
    let vm = match wait {
        Some(seconds) => {
            let at_most = Duration::from_secs(seconds);
            call.read_until(at_most, read, |vm: &Vm| !vm.locked).await?
        }
        None => call.read(read)?,
    };
    ok(&answer(vm))
}

pub(super) async fn update(mut call: Call) -> Answer {
    let (account, id) = (call.account(), call.id("id"));
    let request = call.put(UpdateVm::decode).await?;
    let update = move |tx: &Tx<'_>| vms::update(tx, account, &id, request);
    ok(&answer(call.change(&operations::UPDATE_VM, update).await?))
}

pub(super) async fn delete(call: Call) -> Answer {
    let (account, id) = (call.account(), call.id("id"));
    let (cloud, deleted) = (call.cloud.clone(), id.clone());
    call.change(&operations::DELETE_VM, move |tx| {
        vms::delete(tx, account, &id)
    })
    .await?;
    // Nothing of it runs any more when that is said.
    cloud.removed(&deleted).await;
    no_content()
}

fn answer(vm: Vm) -> VmAnswer {
    VmAnswer {
        vm,
        links: Links::default(),
        warnings: Vec::new(),
        extra: Default::default(),
    }
}
