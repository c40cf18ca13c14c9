//! `serve audit`: who changed what, when, from where.

use std::borrow::Cow;

use clap::Args;
use cloudsfor_server::admin::Admin;
use cloudsfor_server::store::audit::Entry;
use cloudsfor_types::Timestamp;
use serde::Serialize;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::table::Column;
use crate::output::{self, Resource};
use crate::terminal::Terminal;

/// Which entries to show.
#[derive(Args)]
pub(crate) struct Audit {
    /// Only those of this account
    #[arg(long, value_name = "EMAIL")]
    account: Option<String>,

    /// How many, the newest last
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

pub(super) fn run(
    admin: &Admin,
    args: &Audit,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let found = admin.audit(args.account.as_deref(), args.limit);
    let found = found.map_err(|error| {
        Failure::new(Exit::Error, "can't show the audit log", error.to_string())
    })?;
    let items: Vec<_> = found.into_iter().map(Item::from).collect();
    output::list(terminal, &global.view, &items)?;
    Ok(Exit::Done)
}

/// An entry, as it is listed.
#[derive(Serialize)]
struct Item {
    at: Timestamp,
    account: String,
    login: String,
    address: Option<String>,
    operation: String,
    target: String,
    request_id: Option<String>,
}

impl From<Entry> for Item {
    fn from(entry: Entry) -> Self {
        Self {
            at: super::timestamp(entry.at_ms),
            account: entry.account,
            login: entry.login,
            address: entry.address,
            operation: entry.operation,
            target: entry.target,
            request_id: entry.request_id,
        }
    }
}

impl Resource for Item {
    const NOUN: &'static str = "entry";

    const ATTRIBUTES: &'static [&'static str] = &[
        "at",
        "account",
        "login",
        "address",
        "operation",
        "target",
        "request_id",
    ];

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("AT", |item: &Self, cell| cell.time(&item.at)),
        Column::new("ACCOUNT", |item: &Self, cell| cell.text(&item.account)).elastic(),
        Column::new("LOGIN", |item: &Self, cell| cell.text(&item.login)).rank(2),
        Column::new("ADDRESS", |item: &Self, cell| {
            cell.optional_text(item.address.as_deref());
        })
        .rank(1),
        Column::new("OPERATION", |item: &Self, cell| cell.text(&item.operation)),
        Column::new("TARGET", |item: &Self, cell| cell.text(&item.target)),
        Column::new("REQUEST", |item: &Self, cell| {
            cell.optional_text(item.request_id.as_deref());
        })
        .rank(0),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.request_id.as_deref().unwrap_or_default().into()
    }

    fn name(&self) -> &str {
        &self.target
    }
}
