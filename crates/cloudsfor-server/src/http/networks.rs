//! `/networks` and who is in them

use cloudsfor_types::{
    CreateNetwork, JoinNetwork, Network, NetworkAnswer, NetworkList, operations,
};

use super::call::{Answer, Call, Made, no_content, ok};
use crate::cloud::networks;

pub(super) async fn list(call: Call) -> Answer {
    let (account, listing) = (call.account(), call.listing()?);
    let found = call.scan(move |c| networks::list(c, account)).await?;
    let listed = listing.answer_from_all(found);
    call.list(&NetworkList {
        links: listed.some_links(),
        networks: listed.items,
        meta: listed.meta,
        extra: Default::default(),
    })
}

pub(super) async fn create(call: Call) -> Answer {
    let account = call.account();
    call.make(
        &operations::CREATE_NETWORK,
        CreateNetwork::decode,
        move |tx, request| {
            let network = networks::create(tx, account, &request)?;
            let id = network.id.clone();
            Ok(Made::new(&answer(network), &id))
        },
    )
    .await
}

pub(super) async fn get(call: Call) -> Answer {
    call.no_parameters()?;
    let (account, id) = (call.account(), call.id("network_id"));
    ok(&answer(call.read(|c| networks::get(c, account, &id))?))
}

pub(super) async fn delete(call: Call) -> Answer {
    let (account, id) = (call.account(), call.id("network_id"));
    call.change(&operations::DELETE_NETWORK, move |tx| {
        networks::delete(tx, account, &id)
    })
    .await?;
    no_content()
}

pub(super) async fn join(call: Call) -> Answer {
    let (account, id) = (call.account(), call.id("network_id"));
    call.make(
        &operations::JOIN_NETWORK,
        JoinNetwork::decode,
        move |tx, request| {
            let network = networks::join(tx, account, &id, request.vm_id.as_str())?;
            Ok(Made::new(&answer(network), &request.vm_id))
        },
    )
    .await
}

pub(super) async fn leave(call: Call) -> Answer {
    let (account, id, vm_id) = (call.account(), call.id("network_id"), call.id("id"));
    call.change(&operations::LEAVE_NETWORK, move |tx| {
        networks::leave(tx, account, &id, &vm_id)
    })
    .await?;
    no_content()
}

fn answer(network: Network) -> NetworkAnswer {
    NetworkAnswer {
        network,
        extra: Default::default(),
    }
}
