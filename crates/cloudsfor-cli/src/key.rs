//! SSH keys: public keys that are put into root's account of new VMs.

#[cfg(test)]
mod tests;
mod view;

use clap::{Args, Subcommand};
use cloudsfor_core::{Api, KeySelector};
use cloudsfor_types::{CreateKey, SshKey, UpdateKey};
use serde_json::{Map, Value, json};

use crate::args::Global;
use crate::deletion::{Deletable, delete_each, find_each};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lists::{every_page, show};
use crate::output;
use crate::terminal::Terminal;
use crate::text_file;

/// More than the largest key, so that the fault can say that it is too long.
const READ_AT_MOST: u64 = 64 * 1024;

/// What can be done with keys.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List keys, oldest first
    List,
    /// Add a public key
    Create(Create),
    /// Show a key
    Get(Get),
    /// Give a key another name
    Rename(Rename),
    /// Delete keys; VMs that have one keep it
    Delete(Delete),
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

/// Which key to show.
#[derive(Args)]
pub(crate) struct Get {
    /// The key's id or fingerprint
    key: KeySelector,
}

/// What to call which key.
#[derive(Args)]
pub(crate) struct Rename {
    /// The key's id or fingerprint
    key: KeySelector,

    /// The new name
    #[arg(value_name = "NEW")]
    new_name: String,
}

/// Which keys to delete.
#[derive(Args)]
pub(crate) struct Delete {
    /// The keys' ids or fingerprints
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<KeySelector>,
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let key = match verb {
        Verb::List => return list(api, global, terminal).await,
        Verb::Delete(args) => return delete(api, args, global, terminal).await,
        Verb::Create(args) => create(api, args, global, terminal).await?,
        Verb::Get(args) => find(api, &args.key, global, "can't show the key").await?,
        Verb::Rename(args) => rename(api, args, global).await?,
    };
    output::one(terminal, global.output, &key)?;
    Ok(Exit::Done)
}

async fn list(api: &dyn Api, global: &Global, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let call = global.call();
    let fetch = async |page| api.list_keys(&page, &call).await;
    let keys = every_page("the keys can't be listed", fetch).await?;
    let empty = "There is no key. `cloudsfor key create --help` says how to add one.";
    show(&keys, empty, global, terminal)
}

async fn find(
    api: &dyn Api,
    key: &KeySelector,
    global: &Global,
    undone: &str,
) -> Result<SshKey, Failure> {
    let found = api.get_key(key, &global.call()).await;
    found.map_err(|error| Failure::of(&error, format!("{undone} {key}")))
}

async fn create(
    api: &dyn Api,
    args: &Create,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<SshKey, Failure> {
    let public_key = text_file::read(&args.file, "--file", READ_AT_MOST, global, terminal)?;
    let what = format!("the key {}", args.name);
    if public_key.contains("PRIVATE KEY") {
        let why = format!(
            "{:?} holds a private key, which must stay with you",
            args.file
        );
        return Err(
            Failure::new(Exit::Usage, format!("{what} was not created"), why)
                .next("name the file of the public key, which mostly ends in .pub"),
        );
    }
    let body = body(json!({"name": args.name, "public_key": public_key}));
    let request = CreateKey::decode(body).map_err(|faults| {
        Failure::breaking_rules(format!("{what} was not created"), faults).naming(flag)
    })?;
    let created = api.create_key(&request, &global.call()).await;
    created.map_err(|error| {
        Failure::of_creation(&error, &what, &global.command("key list")).naming(flag)
    })
}

async fn rename(api: &dyn Api, args: &Rename, global: &Global) -> Result<SshKey, Failure> {
    let what = || format!("can't rename the key {}", args.key);
    let name = |attribute: &str| match attribute {
        "name" => "NEW".to_owned(),
        other => other.to_owned(),
    };
    let request = UpdateKey::decode(body(json!({"name": args.new_name})))
        .map_err(|faults| Failure::breaking_rules(what(), faults).naming(name))?;
    let renamed = api.update_key(&args.key, &request, &global.call()).await;
    renamed.map_err(|error| Failure::of(&error, what()).naming(name))
}

async fn delete(
    api: &dyn Api,
    args: &Delete,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let undone = "nothing was deleted: can't find the key";
    let find = async |key: &KeySelector| find(api, key, global, undone).await;
    let keys = find_each(&args.keys, find).await?;
    let call = global.call();
    let delete = async |key: &SshKey| api.delete_key(&key.id.into(), &call).await;
    delete_each(&keys, delete, global, terminal).await
}

fn body(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(body) => body,
        _ => Map::new(),
    }
}

/// What the user calls an attribute of the request.
fn flag(attribute: &str) -> String {
    match attribute {
        "name" => "NAME".into(),
        "public_key" => "--file".into(),
        other => other.into(),
    }
}

impl Deletable for SshKey {
    const NOUN: &'static str = "key";
}
