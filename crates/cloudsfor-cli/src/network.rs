//! Private networks, which VMs join to reach each other.

#[cfg(test)]
mod tests;
mod view;

use clap::{Args, Subcommand};
use cloudsfor_core::Api;
use cloudsfor_types::{CreateNetwork, Network, NetworkId, VmSelector};
use serde_json::Map;

use crate::args::Global;
use crate::deletion::{Deletable, delete_each, find_each};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lists::{every_page, show};
use crate::output;
use crate::terminal::Terminal;
use crate::vm::find::{find_id, named};

/// What can be done with networks.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List networks, oldest first
    List,
    /// Make a network
    Create(Create),
    /// Show a network
    Get(Get),
    /// Delete networks that no VM is in
    Delete(Delete),
    /// Put a VM into a network
    Join(Member),
    /// Take a VM out of a network
    Leave(Member),
}

/// What network to make.
#[derive(Args)]
pub(crate) struct Create {
    /// The name to give to it
    name: String,
}

/// Which network to show.
#[derive(Args)]
pub(crate) struct Get {
    /// The network's id
    #[arg(value_name = "ID")]
    network: NetworkId,
}

/// Which networks to delete.
#[derive(Args)]
pub(crate) struct Delete {
    /// The networks' ids
    #[arg(required = true, value_name = "ID")]
    networks: Vec<NetworkId>,
}

/// Which VM, and which network.
#[derive(Args)]
pub(crate) struct Member {
    /// The network's id
    #[arg(value_name = "ID")]
    network: NetworkId,

    /// The VM's name or id; `name:` and `id:` before it say which
    vm: VmSelector,
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let network = match verb {
        Verb::List => return list(api, global, terminal).await,
        Verb::Delete(args) => return delete(api, args, global, terminal).await,
        Verb::Leave(args) => return leave(api, args, global, terminal).await,
        Verb::Create(args) => create(api, args, global).await?,
        Verb::Get(args) => find(api, &args.network, global, "can't show the network").await?,
        Verb::Join(args) => join(api, args, global).await?,
    };
    output::one(terminal, global.output, &network)?;
    Ok(Exit::Done)
}

async fn list(api: &dyn Api, global: &Global, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let call = global.call();
    let fetch = async |page| api.list_networks(&page, &call).await;
    let networks = every_page("the networks can't be listed", fetch).await?;
    let empty = "There is no network. `cloudsfor network create --help` says how to make one.";
    show(&networks, empty, global, terminal)
}

async fn find(
    api: &dyn Api,
    id: &NetworkId,
    global: &Global,
    undone: &str,
) -> Result<Network, Failure> {
    let found = api.get_network(id, &global.call()).await;
    found.map_err(|error| Failure::of(&error, format!("{undone} {id}")))
}

async fn create(api: &dyn Api, args: &Create, global: &Global) -> Result<Network, Failure> {
    let what = format!("the network {}", args.name);
    let name = |attribute: &str| attribute.to_uppercase();
    let body = Map::from_iter([("name".to_owned(), args.name.as_str().into())]);
    let request = CreateNetwork::decode(body).map_err(|faults| {
        Failure::breaking_rules(format!("{what} was not created"), faults).naming(name)
    })?;
    let created = api.create_network(&request, &global.call()).await;
    created.map_err(|error| {
        Failure::of_creation(&error, &what, &global.command("network list")).naming(name)
    })
}

async fn delete(
    api: &dyn Api,
    args: &Delete,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let undone = "nothing was deleted: can't find the network";
    let find = async |id: &NetworkId| find(api, id, global, undone).await;
    let networks = find_each(&args.networks, find).await?;
    let call = global.call();
    let delete = async |network: &Network| api.delete_network(&network.id, &call).await;
    delete_each(&networks, delete, global, terminal).await
}

async fn join(api: &dyn Api, args: &Member, global: &Global) -> Result<Network, Failure> {
    let undone = "nothing was changed: can't find the VM";
    let vm = find_id(api, &args.vm, global, undone).await?;
    let joined = api.join_network(&args.network, &vm, &global.call()).await;
    joined.map_err(|error| {
        let (vm_name, network) = (named(&args.vm), &args.network);
        let what = format!("can't put the VM {vm_name} into the network {network}");
        Failure::of(&error, what).about(&vm)
    })
}

async fn leave(
    api: &dyn Api,
    args: &Member,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let undone = "nothing was changed: can't find the VM";
    let vm = find_id(api, &args.vm, global, undone).await?;
    let left = api.leave_network(&args.network, &vm, &global.call()).await;
    let (vm_name, network) = (named(&args.vm), &args.network);
    left.map_err(|error| {
        let what = format!("can't take the VM {vm_name} out of the network {network}");
        Failure::of(&error, what).about(&vm)
    })?;
    terminal.note(&format!(
        "The VM {vm_name} is out of the network {network}."
    ));
    Ok(Exit::Done)
}

impl Deletable for Network {
    const NOUN: &'static str = "network";

    fn concerned(&self, failure: Failure) -> Failure {
        match failure.exit {
            Exit::Conflict => failure.instead("take its VMs out first: cloudsfor network leave"),
            _ => failure,
        }
    }
}
