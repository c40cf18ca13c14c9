//! `/snapshots`, and the snapshots and backups of `/vms/{id}`

use cloudsfor_types::{BackupList, SnapshotAnswer, SnapshotList, operations};

use super::call::{Answer, Call, no_content, ok};
use super::pages::Listing;
use crate::cloud::snapshots::{self, Placed};

pub(super) async fn list(call: Call) -> Answer {
    let (account, listing) = (call.account(), call.listing()?);
    let found = call
        .scan(move |c| snapshots::of_account(c, account))
        .await?;
    call.list(&snapshot_list(listing, found))
}

pub(super) async fn list_of_vm(call: Call) -> Answer {
    let (account, id, listing) = (call.account(), call.id("id"), call.listing()?);
    let found = call
        .scan(move |c| snapshots::of_vm(c, account, &id))
        .await?;
    call.list(&snapshot_list(listing, found))
}

fn snapshot_list(listing: Listing, found: Placed) -> SnapshotList {
    let listed = listing.answer_from_all(found);
    SnapshotList {
        links: listed.some_links(),
        snapshots: listed.items,
        meta: listed.meta,
        extra: Default::default(),
    }
}

pub(super) async fn list_backups_of_vm(call: Call) -> Answer {
    let (account, id, listing) = (call.account(), call.id("id"), call.listing()?);
    let found = call
        .scan(move |c| snapshots::backups_of_vm(c, account, &id))
        .await?;
    let listed = listing.answer_from_all(found);
    call.list(&BackupList {
        links: listed.some_links(),
        backups: listed.items,
        meta: listed.meta,
        extra: Default::default(),
    })
}

pub(super) async fn get(call: Call) -> Answer {
    call.no_parameters()?;
    let (account, id) = (call.account(), call.id("snapshot_id"));
    let snapshot = call.read(|c| snapshots::get(c, account, &id))?;
    ok(&SnapshotAnswer {
        snapshot,
        extra: Default::default(),
    })
}

pub(super) async fn delete(call: Call) -> Answer {
    let (account, id) = (call.account(), call.id("snapshot_id"));
    call.change(&operations::DELETE_SNAPSHOT, move |tx| {
        snapshots::delete(tx, account, &id)
    })
    .await?;
    no_content()
}

pub(super) async fn delete_of_vm(call: Call) -> Answer {
    let (account, vm_id, id) = (call.account(), call.id("id"), call.id("snapshot_id"));
    call.change(&operations::DELETE_VM_SNAPSHOT, move |tx| {
        snapshots::delete_of_vm(tx, account, &vm_id, &id)
    })
    .await?;
    no_content()
}
