//! `/keys`

use cloudsfor_types::{CreateKey, SshKey, SshKeyAnswer, SshKeyList, UpdateKey, operations};

use super::call::{Answer, Call, Made, no_content, ok};
use crate::cloud::keys;

pub(super) async fn list(call: Call) -> Answer {
    let (account, listing) = (call.account(), call.listing()?);
    let found = call.cloud.scan(move |c| keys::list(c, account)).await?;
    let listed = listing.answer_from_all(found);
    ok(&SshKeyList {
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
        move |tx, request| Ok(Made::new(&answer(keys::create(tx, account, &request)?))),
    )
    .await
}

pub(super) async fn get(call: Call) -> Answer {
    call.no_parameters()?;
    let (account, key) = (call.account(), call.id("key"));
    ok(&answer(call.cloud.read(|c| keys::get(c, account, &key))?))
}

pub(super) async fn update(call: Call) -> Answer {
    let (cloud, account, key) = (call.cloud.clone(), call.account(), call.id("key"));
    let request = call.put(UpdateKey::decode).await?;
    ok(&answer(
        cloud
            .write(move |tx| keys::update(tx, account, &key, &request))
            .await?,
    ))
}

pub(super) async fn delete(call: Call) -> Answer {
    call.no_parameters()?;
    let (account, key) = (call.account(), call.id("key"));
    call.cloud
        .write(move |tx| keys::delete(tx, account, &key))
        .await?;
    no_content()
}

fn answer(ssh_key: SshKey) -> SshKeyAnswer {
    SshKeyAnswer {
        ssh_key,
        extra: Default::default(),
    }
}
