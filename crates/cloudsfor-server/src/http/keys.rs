//! `/keys`

use cloudsfor_types::{CreateKey, SshKey, SshKeyAnswer, SshKeyList, UpdateKey, operations};

use super::call::{Answer, Call, Made, no_content, ok};
use crate::cloud::{Tx, keys};

pub(super) async fn list(call: Call) -> Answer {
    let (account, listing) = (call.account(), call.listing()?);
    let found = call.scan(move |c| keys::list(c, account)).await?;
    let listed = listing.answer_from_all(found);
    call.list(&SshKeyList {
        links: listed.some_links(),
        ssh_keys: listed.items,
        meta: listed.meta,
        extra: Default::default(),
    })
}

pub(super) async fn create(call: Call) -> Answer {
    let account = call.account();
    call.make(
        &operations::CREATE_KEY,
        CreateKey::decode,
        move |tx, request| {
            let key = keys::create(tx, account, &request)?;
            let id = key.id;
            Ok(Made::new(&answer(key), &id))
        },
    )
    .await
}

pub(super) async fn get(call: Call) -> Answer {
    call.no_parameters()?;
    let (account, key) = (call.account(), call.id("key"));
    ok(&answer(call.read(|c| keys::get(c, account, &key))?))
}

pub(super) async fn update(mut call: Call) -> Answer {
    let (account, key) = (call.account(), call.id("key"));
    let request = call.put(UpdateKey::decode).await?;
    let update = move |tx: &Tx<'_>| keys::update(tx, account, &key, &request);
    ok(&answer(call.change(&operations::UPDATE_KEY, update).await?))
}

pub(super) async fn delete(call: Call) -> Answer {
    let (account, key) = (call.account(), call.id("key"));
    call.change(&operations::DELETE_KEY, move |tx| {
        keys::delete(tx, account, &key)
    })
    .await?;
    no_content()
}

fn answer(ssh_key: SshKey) -> SshKeyAnswer {
    SshKeyAnswer {
        ssh_key,
        extra: Default::default(),
    }
}
