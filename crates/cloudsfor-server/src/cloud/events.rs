//! What is written into the journal of events.

use cloudsfor_types::{Action, Vm, VmId};
use serde_json::json;

use super::error::CloudResult;
use super::tx::Tx;
use crate::store::accounts::AccountId;
use crate::store::events;

/// How long events are kept, in seconds.
const KEPT: i64 = 24 * 60 * 60;

pub(super) fn vm(tx: &Tx<'_>, account: AccountId, vm: &Vm) -> CloudResult<()> {
    note(tx, account, "vm", json!({ "vm": vm }))
}

pub(super) fn vm_deleted(tx: &Tx<'_>, account: AccountId, id: &VmId) -> CloudResult<()> {
    note(
        tx,
        account,
        "vm",
        json!({ "vm": { "id": id }, "deleted": true }),
    )
}

pub(super) fn action(tx: &Tx<'_>, account: AccountId, action: &Action) -> CloudResult<()> {
    note(tx, account, "action", json!({ "action": action }))
}

fn note(
    tx: &Tx<'_>,
    account: AccountId,
    kind: &str,
    mut data: serde_json::Value,
) -> CloudResult<()> {
    let now = tx.second();
    data["at"] = json!(super::timestamp(now));
    let data = data.to_string();
    Ok(events::insert(
        tx.connection,
        account,
        kind,
        &data,
        now,
        now - KEPT,
    )?)
}
