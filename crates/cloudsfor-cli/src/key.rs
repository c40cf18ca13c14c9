//! SSH keys: public keys that are put into root's account of new VMs.

#[cfg(test)]
mod tests;
mod view;

use clap::{Args, Subcommand};
use cloudsfor_core::{Api, CallOptions, Error, KeySelector, Page, PageRequest};
use cloudsfor_types::operations::{LIST_KEYS, Operation};
use cloudsfor_types::{CreateKey, SshKey, UpdateKey};
use serde_json::json;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::create::{Creation, object};
use crate::kinds::delete::{Deletion, delete};
use crate::kinds::find::find;
use crate::kinds::get::{One, Showing, get};
use crate::kinds::list::{Listing, list};
use crate::kinds::selector::Selector;
use crate::kinds::{Collection, Deletable, Findable};
use crate::output;
use crate::terminal::Terminal;
use crate::text_file;

/// More than the largest key, so that the fault can say that it is too long.
const READ_AT_MOST: u64 = 64 * 1024;

/// What can be done with keys.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List keys, oldest first
    List(Listing),
    /// Add a public key
    Create(Create),
    /// Show a key
    Get(Showing<Selector>),
    /// Give a key another name
    Rename(Rename),
    /// Delete keys; VMs that have one keep it
    Delete(Deletion<Selector>),
}

/// What key to add.
#[derive(Args)]
pub(crate) struct Create {
    /// The name to give to it
    name: String,

    /// The file with the public key (id_ed25519.pub); `-` for standard input
    #[arg(long)]
    file: String,
}

/// What to call which key.
#[derive(Args)]
pub(crate) struct Rename {
    #[command(flatten)]
    one: One<Selector>,

    /// The new name
    #[arg(value_name = "NEW")]
    new_name: String,
}

/// The account's keys.
pub(crate) struct Keys;

impl Collection for Keys {
    type Item = SshKey;

    fn operation(&self) -> Operation {
        LIST_KEYS
    }

    fn none(&self) -> String {
        "There is no key. `cloudsfor key create --help` says how to add one.".into()
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<SshKey>, Error> {
        api.list_keys(page, call).await
    }
}

impl Findable for Keys {
    type Id = KeySelector;
    type Selector = Selector;

    /// An id or a fingerprint.
    fn id(selector: &Selector) -> Option<&str> {
        selector.id(|text| text.parse::<KeySelector>().is_ok())
    }

    async fn get(
        &self,
        api: &dyn Api,
        id: &KeySelector,
        call: &CallOptions,
    ) -> Result<SshKey, Error> {
        api.get_key(id, call).await
    }
}

impl Deletable for Keys {
    async fn delete(&self, api: &dyn Api, key: &SshKey, call: &CallOptions) -> Result<(), Error> {
        api.delete_key(&key.id.into(), call).await
    }
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let key = match verb {
        Verb::List(args) => return list(&Keys, api, args, global, terminal).await,
        Verb::Get(args) => return get(&Keys, api, args, global, terminal).await,
        Verb::Delete(args) => return delete(&Keys, api, args, global, terminal).await,
        Verb::Create(args) => create(api, args, global, terminal).await?,
        Verb::Rename(args) => rename(api, args, global).await?,
    };
    output::one(terminal, &global.view, &key)?;
    Ok(Exit::Done)
}

async fn create(
    api: &dyn Api,
    args: &Create,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<SshKey, Failure> {
    let public_key = text_file::read(&args.file, "--file", READ_AT_MOST, global, terminal)?;
    let what = format!("the key {}", args.name);
    let creation = Creation {
        what,
        look: "key list".into(),
        flag: &flag,
        global,
    };
    let attributes = json!({"name": args.name, "public_key": public_key});
    let request = creation.request(CreateKey::decode, attributes)?;
    let created = api.create_key(&request, &global.call()).await;
    created.map_err(|error| creation.failed(&error))
}

async fn rename(api: &dyn Api, args: &Rename, global: &Global) -> Result<SshKey, Failure> {
    let undone = "can't rename the key";
    let what = || format!("{undone} {}", args.one.which);
    let name = |attribute: &str| match attribute {
        "name" => "NEW".to_owned(),
        other => other.to_owned(),
    };
    let request = UpdateKey::decode(object(json!({"name": args.new_name})))
        .map_err(|faults| Failure::breaking_rules(what(), faults).naming(name))?;
    let id = match Keys::id(&args.one.which).map(str::parse) {
        Some(Ok(id)) => id,
        _ => find(&Keys, api, &args.one.which, global, undone)
            .await?
            .id
            .into(),
    };
    let renamed = api.update_key(&id, &request, &global.call()).await;
    renamed.map_err(|error| Failure::of(&error, what()).naming(name))
}

/// What the user calls an attribute of the request.
fn flag(attribute: &str) -> String {
    match attribute {
        "name" => "NAME".into(),
        "public_key" => "--file".into(),
        other => other.into(),
    }
}
