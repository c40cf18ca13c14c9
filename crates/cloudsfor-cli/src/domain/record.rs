//! `domain record`

use clap::{Args, Subcommand};
use cloudsfor_core::Api;
use cloudsfor_types::{DomainRecord, RecordSpec};
use serde_json::{Map, Value, json};

use super::name;
use crate::args::{Global, number, quote};
use crate::deletion::{Deletable, delete_each, find_each};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lists::{every_page, show};
use crate::output;
use crate::terminal::Terminal;

/// What can be done with records.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List the records of a domain, oldest first
    List(List),
    /// Add a record to a domain
    Create(Create),
    /// Show a record
    Get(Get),
    /// Change a record: what is not named stays as it is
    Update(Update),
    /// Delete records
    Delete(Delete),
}

/// Whose records to list.
#[derive(Args)]
pub(crate) struct List {
    /// The domain's name
    #[arg(value_parser = name)]
    domain: String,
}

/// What a record says.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Says {
    /// A, AAAA, CNAME, MX, NS, SRV, TXT or PTR
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    /// Its name relative to the domain; `@` is the domain itself
    #[arg(long)]
    name: Option<String>,

    /// An address, a host's name, or text
    #[arg(long, allow_hyphen_values = true)]
    data: Option<String>,

    /// Which of several is preferred, the lowest first: MX and SRV only
    #[arg(long, value_name = "N", value_parser = number, allow_negative_numbers = true)]
    priority: Option<f64>,

    /// The share of those of one priority: SRV only
    #[arg(long, value_name = "N", value_parser = number, allow_negative_numbers = true)]
    weight: Option<f64>,

    /// The service's port: SRV only
    #[arg(long, value_name = "N", value_parser = number, allow_negative_numbers = true)]
    port: Option<f64>,
}

/// What record to add to which domain.
#[derive(Args)]
pub(crate) struct Create {
    /// The domain's name
    #[arg(value_parser = name)]
    domain: String,

    #[command(flatten)]
    says: Says,
}

/// Which record to show.
#[derive(Args)]
pub(crate) struct Get {
    /// The domain's name
    #[arg(value_parser = name)]
    domain: String,

    /// The record's id
    #[arg(value_name = "ID")]
    record: u64,
}

/// What to change of which record.
#[derive(Args)]
pub(crate) struct Update {
    #[command(flatten)]
    which: Get,

    #[command(flatten)]
    says: Says,
}

/// Which records to delete.
#[derive(Args)]
pub(crate) struct Delete {
    /// The domain's name
    #[arg(value_parser = name)]
    domain: String,

    /// The records' ids
    #[arg(required = true, value_name = "ID")]
    records: Vec<u64>,
}

pub(super) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let record = match verb {
        Verb::List(args) => return list(api, args, global, terminal).await,
        Verb::Delete(args) => return delete(api, args, global, terminal).await,
        Verb::Create(args) => create(api, args, global).await?,
        Verb::Get(args) => {
            find(
                api,
                &args.domain,
                args.record,
                global,
                "can't show the record",
            )
            .await?
        }
        Verb::Update(args) => update(api, args, global).await?,
    };
    output::one(terminal, global.output, &record)?;
    Ok(Exit::Done)
}

async fn list(
    api: &dyn Api,
    args: &List,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let (domain, call) = (&args.domain, global.call());
    let fetch = async |page| api.list_records(domain, &page, &call).await;
    let undone = format!("can't list the records of the domain {domain}");
    let records = every_page(&undone, fetch).await?;
    let empty = format!("The domain {domain} has no records.");
    show(&records, &empty, global, terminal)
}

async fn find(
    api: &dyn Api,
    domain: &str,
    id: u64,
    global: &Global,
    undone: &str,
) -> Result<DomainRecord, Failure> {
    let found = api.get_record(domain, id, &global.call()).await;
    found.map_err(|error| Failure::of(&error, format!("{undone} {id} of the domain {domain}")))
}

async fn create(api: &dyn Api, args: &Create, global: &Global) -> Result<DomainRecord, Failure> {
    let domain = &args.domain;
    let what = format!("the record of the domain {domain}");
    let request = RecordSpec::decode(args.says.over(Map::new())).map_err(|faults| {
        Failure::breaking_rules(format!("{what} was not created"), faults).naming(flag)
    })?;
    let created = api.create_record(domain, &request, &global.call()).await;
    created.map_err(|error| {
        let look = global.command(&format!("domain record list {}", quote(domain)));
        Failure::of_creation(&error, &what, &look).naming(flag)
    })
}

async fn update(api: &dyn Api, args: &Update, global: &Global) -> Result<DomainRecord, Failure> {
    let Get { domain, record: id } = &args.which;
    let undone = "can't change the record";
    let what = || format!("{undone} {id} of the domain {domain}");
    let before = find(api, domain, *id, global, undone).await?;
    let request = RecordSpec::decode(args.says.over(kept(&before, &args.says)))
        .map_err(|faults| Failure::breaking_rules(what(), faults).naming(flag))?;
    let updated = api
        .update_record(domain, *id, &request, &global.call())
        .await;
    updated.map_err(|error| Failure::of(&error, what()).naming(flag))
}

/// What stays of a record. The numbers belong to its type, so they go with it.
fn kept(before: &DomainRecord, says: &Says) -> Map<String, Value> {
    let mut kept = Map::new();
    kept.insert("type".into(), before.r#type.as_str().into());
    kept.insert("name".into(), before.name.clone().into());
    kept.insert("data".into(), before.data.clone().into());
    if says
        .kind
        .as_deref()
        .is_none_or(|kind| kind == before.r#type.as_str())
    {
        kept.insert("priority".into(), before.priority.into());
        kept.insert("weight".into(), before.weight.into());
        kept.insert("port".into(), before.port.into());
    }
    kept
}

async fn delete(
    api: &dyn Api,
    args: &Delete,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let (domain, call) = (&args.domain, global.call());
    let undone = "nothing was deleted: can't find the record";
    let find = async |id: &u64| find(api, domain, *id, global, undone).await;
    let records = find_each(&args.records, find).await?;
    let delete = async |record: &DomainRecord| api.delete_record(domain, record.id, &call).await;
    delete_each(&records, delete, global, terminal).await
}

impl Says {
    /// The request's body, unchecked: what is said here, over what was there.
    fn over(&self, mut body: Map<String, Value>) -> Map<String, Value> {
        for (name, value) in [
            ("type", json!(self.kind)),
            ("name", json!(self.name)),
            ("data", json!(self.data)),
            ("priority", json!(self.priority)),
            ("weight", json!(self.weight)),
            ("port", json!(self.port)),
        ] {
            if !value.is_null() {
                body.insert(name.to_owned(), value);
            }
        }
        body
    }
}

/// What the user calls an attribute of the request.
fn flag(attribute: &str) -> String {
    format!("--{attribute}")
}

impl Deletable for DomainRecord {
    const NOUN: &'static str = "record";

    fn named(&self) -> String {
        let name = self.name.as_deref().unwrap_or("-");
        format!("{} {name} ({})", self.r#type, self.id)
    }
}
