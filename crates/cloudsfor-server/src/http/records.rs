//! `/domains/{name}/records`

use cloudsfor_types::{
    DomainRecord, DomainRecordAnswer, DomainRecordList, RecordSpec, names, operations,
};

use super::call::{Answer, Call, Made, no_content, ok};
use crate::cloud::{Tx, records};

pub(super) async fn list(call: Call) -> Answer {
    let (account, domain, listing) = (call.account(), call.id("name"), call.listing()?);
    let found = call
        .scan(move |c| records::list(c, account, &domain))
        .await?;
    let listed = listing.answer_from_all(found);
    call.list(&DomainRecordList {
        links: listed.some_links(),
        domain_records: listed.items,
        meta: listed.meta,
        extra: Default::default(),
    })
}

pub(super) async fn create(call: Call) -> Answer {
    let (account, domain) = (call.account(), call.id("name"));
    let within = ascii(&domain);
    call.make(
        &operations::CREATE_RECORD,
        move |body| RecordSpec::decode_in(body, &within),
        move |tx, spec| {
            let record = records::create(tx, account, &domain, &spec)?;
            let id = record.id;
            Ok(Made::new(&answer(record), &id))
        },
    )
    .await
}

pub(super) async fn get(call: Call) -> Answer {
    call.no_parameters()?;
    let (account, domain, id) = (call.account(), call.id("name"), call.id("record_id"));
    ok(&answer(
        call.read(|c| records::get(c, account, &domain, &id))?,
    ))
}

pub(super) async fn update(mut call: Call) -> Answer {
    let (account, domain, id) = (call.account(), call.id("name"), call.id("record_id"));
    let within = ascii(&domain);
    let spec = call
        .put(|body| RecordSpec::decode_in(body, &within))
        .await?;
    let update = move |tx: &Tx<'_>| records::update(tx, account, &domain, &id, &spec);
    ok(&answer(
        call.change(&operations::UPDATE_RECORD, update).await?,
    ))
}

pub(super) async fn delete(call: Call) -> Answer {
    let (account, domain, id) = (call.account(), call.id("name"), call.id("record_id"));
    call.change(&operations::DELETE_RECORD, move |tx| {
        records::delete(tx, account, &domain, &id)
    })
    .await?;
    no_content()
}

/// A domain's name in a path, as it is kept.
fn ascii(domain: &str) -> String {
    names::domain(domain).unwrap_or_else(|_| domain.to_owned())
}

fn answer(domain_record: DomainRecord) -> DomainRecordAnswer {
    DomainRecordAnswer {
        domain_record,
        extra: Default::default(),
    }
}
