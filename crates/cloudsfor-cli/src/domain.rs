//! Domains that CloudsFor's DNS manages, and their records.

pub(crate) mod record;
#[cfg(test)]
mod tests;
mod view;

use std::fmt;
use std::str::FromStr;

use clap::{Args, Subcommand};
use cloudsfor_core::{Api, CallOptions, Error, Page, PageRequest};
use cloudsfor_types::operations::{LIST_DOMAINS, Operation};
use cloudsfor_types::{CreateDomain, Domain, rules};
use serde_json::json;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::create::Creation;
use crate::kinds::delete::{Deletion, delete};
use crate::kinds::get::{Showing, get};
use crate::kinds::list::{Listing, list};
use crate::kinds::{Collection, Deletable, Findable};
use crate::output;
use crate::terminal::Terminal;

/// What can be done with domains.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List domains, oldest first
    List(Listing),
    /// Have a domain managed
    Create(Create),
    /// Show a domain; its zone file is in -o json
    Get(Showing<DomainName>),
    /// Delete domains with their records
    Delete(Deletion<DomainName>),
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

/// A domain's name, which is all that it is known by.
#[derive(Debug, Clone)]
pub(crate) struct DomainName(pub(crate) String);

impl FromStr for DomainName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix("name:").unwrap_or(text);
        rules::domain_name(name).map(|()| Self(name.to_owned()))
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The account's domains.
pub(crate) struct Domains;

impl Collection for Domains {
    type Item = Domain;

    fn operation(&self) -> Operation {
        LIST_DOMAINS
    }

    fn none(&self) -> String {
        "There is no domain. `cloudsfor domain create --help` says how to add one.".into()
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Domain>, Error> {
        api.list_domains(page, call).await
    }
}

impl Findable for Domains {
    type Id = DomainName;
    type Selector = DomainName;

    fn id(selector: &DomainName) -> Option<&str> {
        Some(&selector.0)
    }

    async fn get(
        &self,
        api: &dyn Api,
        id: &DomainName,
        call: &CallOptions,
    ) -> Result<Domain, Error> {
        api.get_domain(&id.0, call).await
    }
}

impl Deletable for Domains {
    const WARNING: Option<&'static str> = Some("This deletes for good, with all records:");

    async fn delete(
        &self,
        api: &dyn Api,
        domain: &Domain,
        call: &CallOptions,
    ) -> Result<(), Error> {
        api.delete_domain(&domain.name, call).await
    }
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    match verb {
        Verb::List(args) => list(&Domains, api, args, global, terminal).await,
        Verb::Get(args) => get(&Domains, api, args, global, terminal).await,
        Verb::Delete(args) => delete(&Domains, api, args, global, terminal).await,
        Verb::Record { verb } => record::run(api, verb, global, terminal).await,
        Verb::Create(args) => {
            let domain = create(api, args, global).await?;
            output::one(terminal, &global.view, &domain)?;
            Ok(Exit::Done)
        }
    }
}

async fn create(api: &dyn Api, args: &Create, global: &Global) -> Result<Domain, Failure> {
    let creation = Creation {
        what: format!("the domain {}", args.name),
        look: "domain list".into(),
        flag: &|attribute| match attribute {
            "name" => "NAME".to_owned(),
            other => format!("--{}", other.replace('_', "-")),
        },
        global,
    };
    let attributes = json!({"name": args.name, "ip_address": args.ip_address});
    let request = creation.request(CreateDomain::decode, attributes)?;
    let created = api.create_domain(&request, &global.call()).await;
    created.map_err(|error| creation.failed(&error))
}
