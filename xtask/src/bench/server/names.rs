//! What one account's many names cost another account.

use cloudsfor_server::cloud::{CloudResult, Tx, domains, records};
use cloudsfor_server::store::accounts::AccountId;
use cloudsfor_types::{CreateDomain, RecordSpec, RecordType};

use super::{Error, Service};
use crate::bench::Report;
use crate::bench::measure::paired;

const ROUNDS: usize = 9;

/// Creations in a round.
const CREATIONS: u32 = 100;

/// What the other account has.
const DOMAINS: u32 = 20_000;
const RECORDS: u32 = 7_000;

/// Whose time is measured, and who has much.
const ONE: AccountId = AccountId(1);
const OTHER: AccountId = AccountId(2);

pub(super) fn measure(report: &mut Report) -> Result<(), Error> {
    let (empty, full) = (Service::start()?, Service::start()?);
    full.crowd()?;
    let (mut beside, mut alone) = (0..u32::MAX, 0..u32::MAX);
    let pair = paired(
        ROUNDS,
        || full.create_names(beside.next()),
        || empty.create_names(alone.next()),
    );
    report.at_most(
        "a domain and a record, beside 20,000 domains and 7,000 records",
        pair.ratio,
        1.5,
        "x",
        format!("{:?} each", pair.first / CREATIONS),
    );
    Ok(())
}

impl Service {
    /// Gives another account all that it may not slow others by.
    fn crowd(&self) -> Result<(), Error> {
        self.runtime.block_on(async {
            let password = Some("password of another".into());
            let accounts = self.cloud.accounts();
            accounts.add("other@example.com", password, 10).await?;
            for group in 0..DOMAINS / 1000 {
                let add = move |tx: &Tx<'_>| {
                    (0..1000).try_for_each(|n| domain(tx, OTHER, format!("d{group}-{n}.example")))
                };
                self.cloud.write(add).await?;
            }
            let add = |tx: &Tx<'_>| {
                (0..RECORDS).try_for_each(|n| record(tx, OTHER, "d0-0.example", format!("r{n}")))
            };
            self.cloud.write(add).await?;
            Ok(())
        })
    }

    /// Makes domains with a record each, one commit after the other.
    fn create_names(&self, round: Option<u32>) {
        let round = round.unwrap_or_default();
        self.runtime.block_on(async {
            for n in 0..CREATIONS {
                let name = format!("one{round}-{n}.example");
                let add = move |tx: &Tx<'_>| {
                    domain(tx, ONE, name.clone())?;
                    record(tx, ONE, &name, "www".into())
                };
                self.cloud.write(add).await.expect("names are new");
            }
        });
    }
}

fn domain(tx: &Tx<'_>, account: AccountId, name: String) -> CloudResult<()> {
    let request = CreateDomain {
        name,
        ip_address: None,
    };
    domains::create(tx, account, &request).map(drop)
}

fn record(tx: &Tx<'_>, account: AccountId, domain: &str, name: String) -> CloudResult<()> {
    let spec = RecordSpec {
        r#type: RecordType::A,
        name,
        data: "192.0.2.1".into(),
        priority: None,
        port: None,
        weight: None,
    };
    records::create(tx, account, domain, &spec).map(drop)
}
