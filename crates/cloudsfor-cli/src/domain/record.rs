//! `domain record`

use clap::{Args, Subcommand};
use cloudsfor_core::{Api, CallOptions, Error, Page, PageRequest};
use cloudsfor_types::operations::{LIST_RECORDS, Operation};
use cloudsfor_types::{DomainRecord, RecordSpec};
use serde_json::{Map, Value, json};

use super::DomainName;
use crate::args::{Global, number, quote};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::create::Creation;
use crate::kinds::delete::{Deletion, delete};
use crate::kinds::find::find;
use crate::kinds::get::{One, Showing, get};
use crate::kinds::list::{Listing, list};
use crate::kinds::selector::Selector;
use crate::kinds::{Collection, Deletable, Findable};
use crate::output::{self, Resource};
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
    domain: DomainName,

    #[command(flatten)]
    listing: Listing,
}

/// What a record says.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Says {
    /// A, AAAA, CNAME, MX, NS, SRV, TXT or PTR
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    /// Its name relative to the domain; `@` is the domain itself, and a name that ends
    /// in the domain's name, or with a dot, is a full name
    #[arg(long)]
    name: Option<String>,

    /// An address, text, or a host's name: mail.example.com is a full name, as it has a
    /// dot in it, and mail is relative to the domain
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
    domain: DomainName,

    #[command(flatten)]
    says: Says,
}

/// Which record to show.
#[derive(Args)]
pub(crate) struct Get {
    /// The domain's name
    domain: DomainName,

    #[command(flatten)]
    showing: Showing<Selector>,
}

/// What to change of which record.
#[derive(Args)]
pub(crate) struct Update {
    /// The domain's name
    domain: DomainName,

    #[command(flatten)]
    one: One<Selector>,

    #[command(flatten)]
    says: Says,
}

/// Which records to delete.
#[derive(Args)]
pub(crate) struct Delete {
    /// The domain's name
    domain: DomainName,

    #[command(flatten)]
    deletion: Deletion<Selector>,
}

/// The records of this domain.
pub(crate) struct Records<'a>(pub(crate) &'a DomainName);

impl Collection for Records<'_> {
    type Item = DomainRecord;

    fn operation(&self) -> Operation {
        LIST_RECORDS
    }

    fn all(&self) -> String {
        format!("records of the domain {}", self.0)
    }

    fn none(&self) -> String {
        format!("The domain {} has no records.", self.0)
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<DomainRecord>, Error> {
        api.list_records(&self.0.0, page, call).await
    }
}

impl Findable for Records<'_> {
    type Id = u64;
    type Selector = Selector;

    fn id(selector: &Selector) -> Option<&str> {
        selector.id(|text| text.parse::<u64>().is_ok())
    }

    async fn get(
        &self,
        api: &dyn Api,
        id: &u64,
        call: &CallOptions,
    ) -> Result<DomainRecord, Error> {
        api.get_record(&self.0.0, *id, call).await
    }

    fn told_apart(record: &DomainRecord, _: jiff::Timestamp) -> String {
        let data = record.data.as_deref().unwrap_or("-");
        format!("{}: {data}", record.named())
    }
}

impl Deletable for Records<'_> {
    async fn delete(
        &self,
        api: &dyn Api,
        record: &DomainRecord,
        call: &CallOptions,
    ) -> Result<(), Error> {
        api.delete_record(&self.0.0, record.id, call).await
    }
}

pub(super) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let record = match verb {
        Verb::List(List { domain, listing }) => {
            return list(&Records(domain), api, listing, global, terminal).await;
        }
        Verb::Get(Get { domain, showing }) => {
            return get(&Records(domain), api, showing, global, terminal).await;
        }
        Verb::Delete(Delete { domain, deletion }) => {
            return delete(&Records(domain), api, deletion, global, terminal).await;
        }
        Verb::Create(args) => create(api, args, global).await?,
        Verb::Update(args) => update(api, args, global).await?,
    };
    output::one(terminal, &global.view, &record)?;
    Ok(Exit::Done)
}

async fn create(api: &dyn Api, args: &Create, global: &Global) -> Result<DomainRecord, Failure> {
    let domain = &args.domain.0;
    let creation = Creation {
        what: format!("the record of the domain {domain}"),
        look: format!("domain record list {}", quote(domain)),
        flag: &flag,
        global,
    };
    let attributes = args.says.over(Map::new()).into();
    let request = creation.request(RecordSpec::decode, attributes)?;
    let created = api.create_record(domain, &request, &global.call()).await;
    created.map_err(|error| creation.failed(&error))
}

async fn update(api: &dyn Api, args: &Update, global: &Global) -> Result<DomainRecord, Failure> {
    let (domain, which) = (&args.domain, &args.one.which);
    let undone = format!("can't change, of the domain {domain}, the record");
    let what = || format!("{undone} {which}");
    let before = find(&Records(domain), api, which, global, &undone).await?;
    let request = RecordSpec::decode(args.says.over(kept(&before, &args.says)))
        .map_err(|faults| Failure::breaking_rules(what(), faults).naming(flag))?;
    let updated = api
        .update_record(&domain.0, before.id, &request, &global.call())
        .await;
    updated.map_err(|error| Failure::of(&error, what()).naming(flag))
}

/// What stays of a record. The numbers belong to its type, so they go with it.
fn kept(before: &DomainRecord, says: &Says) -> Map<String, Value> {
    let mut kept = Map::new();
    kept.insert("type".into(), before.r#type.as_str().into());
    kept.insert("name".into(), before.name.clone().into());
    // A text as a request says it.
    let data = before.spec().map(|spec| spec.data).or(before.data.clone());
    kept.insert("data".into(), data.into());
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
