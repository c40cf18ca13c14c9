//! Domains that CloudsFor's DNS manages, and their records.

mod record;
#[cfg(test)]
mod tests;
mod view;

use clap::{Args, Subcommand};
use cloudsfor_core::Api;
use cloudsfor_types::{CreateDomain, Domain, rules};
use serde_json::{Map, Value};

use crate::args::Global;
use crate::deletion::{Deletable, Precious, can_confirm, confirmed, delete_each, find_each};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lists::{every_page, show};
use crate::output;
use crate::terminal::Terminal;

/// What can be done with domains.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List domains, oldest first
    List,
    /// Have a domain managed
    Create(Create),
    /// Show a domain; its zone file is in -o json
    Get(Get),
    /// Delete domains with their records
    Delete(Delete),
    /// A domain's records
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Record {
        #[command(subcommand)]
        verb: record::Verb,
    },
}

/// What domain to manage.
#[derive(Args)]
pub(crate) struct Create {
    /// Its name: example.com
    name: String,

    /// The IPv4 address of a first A record, for the domain itself
    #[arg(long, value_name = "IP")]
    ip_address: Option<String>,
}

/// Which domain to show.
#[derive(Args)]
pub(crate) struct Get {
    /// The domain's name
    #[arg(value_parser = name)]
    domain: String,
}

/// Which domains to delete.
#[derive(Args)]
pub(crate) struct Delete {
    /// The domains' names
    #[arg(required = true, value_name = "DOMAIN", value_parser = name)]
    domains: Vec<String>,

    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

/// Reads a domain's name.
fn name(text: &str) -> Result<String, String> {
    rules::domain_name(text).map(|()| text.to_owned())
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let domain = match verb {
        Verb::List => return list(api, global, terminal).await,
        Verb::Delete(args) => return delete(api, args, global, terminal).await,
        Verb::Record { verb } => return record::run(api, verb, global, terminal).await,
        Verb::Create(args) => create(api, args, global).await?,
        Verb::Get(args) => find(api, &args.domain, global, "can't show the domain").await?,
    };
    output::one(terminal, global.output, &domain)?;
    Ok(Exit::Done)
}

async fn list(api: &dyn Api, global: &Global, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let call = global.call();
    let fetch = async |page| api.list_domains(&page, &call).await;
    let domains = every_page("the domains can't be listed", fetch).await?;
    let empty = "There is no domain. `cloudsfor domain create --help` says how to add one.";
    show(&domains, empty, global, terminal)
}

async fn find(api: &dyn Api, name: &str, global: &Global, undone: &str) -> Result<Domain, Failure> {
    let found = api.get_domain(name, &global.call()).await;
    found.map_err(|error| Failure::of(&error, format!("{undone} {name}")))
}

async fn create(api: &dyn Api, args: &Create, global: &Global) -> Result<Domain, Failure> {
    let what = format!("the domain {}", args.name);
    let flag = |attribute: &str| match attribute {
        "name" => "NAME".to_owned(),
        other => format!("--{}", other.replace('_', "-")),
    };
    let mut body = Map::new();
    body.insert("name".into(), args.name.as_str().into());
    body.insert("ip_address".into(), Value::from(args.ip_address.clone()));
    let request = CreateDomain::decode(body).map_err(|faults| {
        Failure::breaking_rules(format!("{what} was not created"), faults).naming(flag)
    })?;
    let created = api.create_domain(&request, &global.call()).await;
    created.map_err(|error| {
        Failure::of_creation(&error, &what, &global.command("domain list")).naming(flag)
    })
}

async fn delete(
    api: &dyn Api,
    args: &Delete,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    can_confirm::<Domain>(args.yes, terminal)?;
    let undone = "nothing was deleted: can't find the domain";
    let find = async |name: &String| find(api, name, global, undone).await;
    let domains = find_each(&args.domains, find).await?;
    if !confirmed(&domains, args.yes, terminal)? {
        return Ok(Exit::Error);
    }
    let call = global.call();
    let delete = async |domain: &Domain| api.delete_domain(&domain.name, &call).await;
    delete_each(&domains, delete, global, terminal).await
}

impl Deletable for Domain {
    const NOUN: &'static str = "domain";

    fn named(&self) -> String {
        self.name.clone()
    }
}

impl Precious for Domain {
    const WARNING: &'static str = "This deletes for good, with all records:";

    fn losses(&self, _: jiff::Timestamp) -> String {
        self.named()
    }
}
