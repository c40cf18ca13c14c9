//! `/domains`

use cloudsfor_types::{CreateDomain, Domain, DomainAnswer, DomainList, operations};

use super::call::{Answer, Call, Made, no_content, ok};
use crate::cloud::domains;

pub(super) async fn list(call: Call) -> Answer {
    let (account, listing) = (call.account(), call.listing()?);
    let found = call.scan(move |c| domains::list(c, account)).await?;
    let listed = listing.answer_from_all(found);
    call.list(&DomainList {
        links: listed.some_links(),
        domains: listed.items,
        meta: listed.meta,
        extra: Default::default(),
    })
}

pub(super) async fn create(call: Call) -> Answer {
    let account = call.account();
    call.make(
        &operations::CREATE_DOMAIN,
        CreateDomain::decode,
        move |tx, request| {
            let domain = domains::create(tx, account, &request)?;
            Ok(Made::new(&answer(domain), &request.name))
        },
    )
    .await
}

pub(super) async fn get(call: Call) -> Answer {
    call.no_parameters()?;
    let (account, name) = (call.account(), call.id("name"));
    ok(&answer(call.read(|c| domains::get(c, account, &name))?))
}

pub(super) async fn delete(call: Call) -> Answer {
    let (account, name) = (call.account(), call.id("name"));
    call.change(&operations::DELETE_DOMAIN, move |tx| {
        domains::delete(tx, account, &name)
    })
    .await?;
    no_content()
}

fn answer(domain: Domain) -> DomainAnswer {
    DomainAnswer {
        domain,
        extra: Default::default(),
    }
}
