//! `serve usage`: what was used, by account and plan.

use std::borrow::Cow;
use std::time::Duration;

use clap::Args;
use cloudsfor_server::admin::Admin;
use cloudsfor_server::store::usage::Usage as Used;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::table::Column;
use crate::output::{self, Resource};
use crate::terminal::Terminal;

/// Of which time.
#[derive(Args)]
pub(crate) struct Usage {
    /// From when on: 2026-01-01 (UTC) or 2026-01-01T12:00:00Z; else from the beginning
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,

    /// Until before when; else until now
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let day = |day: Date| TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight()));
    let parsed = match text.parse::<Timestamp>() {
        Ok(time) => Ok(time),
        Err(_) => text.parse().and_then(day),
    };
    parsed.map_err(|_| "must be a day (2026-01-31) or a time (2026-01-31T12:00:00Z)".into())
}

pub(super) fn run(
    admin: &Admin,
    args: &Usage,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let from = args.from.unwrap_or(Timestamp::UNIX_EPOCH);
    // The store counts whole seconds, and the present one counts.
    let now = || Timestamp::now() + Duration::from_secs(1);
    let to = args.to.unwrap_or_else(now);
    let failed = |exit, why: String| Failure::new(exit, "can't show what was used", why);
    if from >= to {
        let why = format!("{from} is not before {to}");
        return Err(failed(Exit::Usage, why).next("give --from a time before --to"));
    }
    let used = admin.usage(from, to);
    let used = used.map_err(|error| failed(Exit::Error, error.to_string()))?;
    let items: Vec<_> = used.into_iter().map(Item::from).collect();
    output::list(terminal, &global.view, &items)?;
    Ok(Exit::Done)
}

/// What an account used under one plan. A GB is 2^30 bytes.
#[derive(Serialize)]
struct Item {
    account: String,
    plan: String,
    vms: u64,
    existed_hours: f64,
    ran_hours: f64,
    memory_gb_hours: f64,
    vcpu_hours: f64,
    disk_gb_hours: f64,
}

impl From<Used> for Item {
    fn from(used: Used) -> Self {
        let hours = |seconds: u64| seconds as f64 / 3600.0;
        Self {
            account: used.account,
            plan: used.plan,
            vms: used.vms,
            existed_hours: hours(used.existed),
            ran_hours: hours(used.ran),
            memory_gb_hours: used.memory / 3600.0,
            vcpu_hours: hours(used.vcpus),
            disk_gb_hours: hours(used.disk),
        }
    }
}

fn rounded(hours: f64) -> String {
    format!("{hours:.2}")
}

impl Resource for Item {
    const NOUN: &'static str = "usage";

    const ATTRIBUTES: &'static [&'static str] = &[
        "account",
        "plan",
        "vms",
        "existed_hours",
        "ran_hours",
        "memory_gb_hours",
        "vcpu_hours",
        "disk_gb_hours",
    ];

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("ACCOUNT", |item: &Self, cell| cell.text(&item.account)).elastic(),
        Column::new("PLAN", |item: &Self, cell| cell.text(&item.plan)),
        Column::new("VMS", |item: &Self, cell| cell.number(item.vms)),
        Column::new("EXISTED H", |item: &Self, cell| {
            cell.text(&rounded(item.existed_hours));
        }),
        Column::new("RAN H", |item: &Self, cell| {
            cell.text(&rounded(item.ran_hours));
        }),
        Column::new("MEMORY GB H", |item: &Self, cell| {
            cell.text(&rounded(item.memory_gb_hours));
        })
        .rank(2),
        Column::new("VCPU H", |item: &Self, cell| {
            cell.text(&rounded(item.vcpu_hours));
        })
        .rank(1),
        Column::new("DISK GB H", |item: &Self, cell| {
            cell.text(&rounded(item.disk_gb_hours));
        })
        .rank(0),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.account.as_str().into()
    }

    fn name(&self) -> &str {
        &self.account
    }
}
