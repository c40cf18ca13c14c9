//! The account that asks.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use clap::Subcommand;
use cloudsfor_core::Api;
use cloudsfor_types::{Account, Gigabytes};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::table::Column;
use crate::output::{self, Described, Details, Resource};
use crate::terminal::Terminal;

/// What can be done with the account.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Show the account that the credentials open
    Get,
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let Verb::Get = verb;
    let account = api
        .get_account(&global.call())
        .await
        .map_err(|error| Failure::of(&error, "can't show the account"))?;
    output::one(terminal, &global.view, &account)?;
    Ok(Exit::Done)
}

impl Resource for Account {
    const NOUN: &'static str = "account";

    const ATTRIBUTES: &'static [&'static str] = Account::ATTRIBUTES;

    /// There is one account, so there is no list of them.
    const COLUMNS: &'static [Column<Self>] = &[];

    fn id(&self) -> Cow<'_, str> {
        self.uuid.as_deref().unwrap_or_default().into()
    }

    fn name(&self) -> &str {
        &self.email
    }
}

impl Described for Account {
    fn details(&self, details: &mut Details) {
        details.line("E-mail", |cell| cell.text(&self.email));
        details.line("UUID", |cell| cell.optional_text(self.uuid.as_deref()));
        details.line("VM limit", |cell| cell.number(self.vm_limit));
        for (name, text) in numbers(self) {
            details.line(name, |cell| cell.text(&text));
        }
    }
}

/// What an account has of each kind, and may have, as it is shown.
fn numbers(account: &Account) -> Vec<(&'static str, String)> {
    let (Some(limits), Some(used)) = (&account.limits, &account.used) else {
        return Vec::new();
    };
    let count = |used: Option<u64>, limit: Option<u64>| Some(format!("{} of {}", used?, limit?));
    let space = |used: Option<Gigabytes>, limit: Option<Gigabytes>| {
        Some(format!("{} of {} GB", used?.get(), limit?.get()))
    };
    let all = [
        ("VMs", count(used.vms, limits.vms)),
        ("Keys", count(used.keys, limits.keys)),
        ("Networks", count(used.networks, limits.networks)),
        ("Domains", count(used.domains, limits.domains)),
        (
            "Records",
            count(used.records_per_domain, limits.records_per_domain)
                .map(|text| format!("{text} in the fullest domain")),
        ),
        ("Snapshots", count(used.snapshots, limits.snapshots)),
        (
            "Snapshot space",
            space(used.snapshot_gigabytes, limits.snapshot_gigabytes),
        ),
        (
            "Backup space",
            space(used.backup_gigabytes, limits.backup_gigabytes),
        ),
    ];
    let shown = all.into_iter();
    shown
        .filter_map(|(name, text)| Some((name, text?)))
        .collect()
}
