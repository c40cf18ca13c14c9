//! Private networks, which VMs join to reach each other.

#[cfg(test)]
mod tests;
mod view;

use clap::{Args, Subcommand};
use cloudsfor_core::{Api, CallOptions, Error, Page, PageRequest};
use cloudsfor_types::operations::{LIST_NETWORKS, Operation};
use cloudsfor_types::{CreateNetwork, Network, NetworkId, VmSelector, id};
use serde_json::json;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::create::Creation;
use crate::kinds::delete::{Deletion, delete};
use crate::kinds::find::find;
use crate::kinds::get::{Showing, get};
use crate::kinds::list::{Listing, list};
use crate::kinds::selector::Selector;
use crate::kinds::{Collection, Deletable, Findable};
use crate::output;
use crate::terminal::Terminal;
use crate::vm::find::{find_id, named};

/// What can be done with networks.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List networks, oldest first
    List(Listing),
    /// Make a network
    Create(Create),
    /// Show a network
    Get(Showing<Selector>),
    /// Delete networks that no VM is in
    Delete(Deletion<Selector>),
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

/// Which VM, and which network.
#[derive(Args)]
pub(crate) struct Member {
    /// The network's name or id; `name:` and `id:` before it say which
    #[arg(value_name = "NETWORK")]
    network: Selector,

    /// The VM's name or id; `name:` and `id:` before it say which
    vm: VmSelector,
}

/// The account's networks.
pub(crate) struct Networks;

impl Collection for Networks {
    type Item = Network;

    fn operation(&self) -> Operation {
        LIST_NETWORKS
    }

    fn none(&self) -> String {
        "There is no network. `cloudsfor network create --help` says how to make one.".into()
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Network>, Error> {
        api.list_networks(page, call).await
    }
}

impl Findable for Networks {
    type Id = NetworkId;
    type Selector = Selector;

    fn id(selector: &Selector) -> Option<&str> {
        selector.id(id::is_canonical)
    }

    async fn get(
        &self,
        api: &dyn Api,
        id: &NetworkId,
        call: &CallOptions,
    ) -> Result<Network, Error> {
        api.get_network(id, call).await
    }
}

impl Deletable for Networks {
    async fn delete(
        &self,
        api: &dyn Api,
        network: &Network,
        call: &CallOptions,
    ) -> Result<(), Error> {
        api.delete_network(&network.id, call).await
    }

    fn concerned(_: &Network, failure: Failure) -> Failure {
        match failure.exit {
            Exit::Conflict => failure.instead("take its VMs out first, by `network leave`"),
            _ => failure,
        }
    }
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let network = match verb {
        Verb::List(args) => return list(&Networks, api, args, global, terminal).await,
        Verb::Get(args) => return get(&Networks, api, args, global, terminal).await,
        Verb::Delete(args) => return delete(&Networks, api, args, global, terminal).await,
        Verb::Leave(args) => return leave(api, args, global, terminal).await,
        Verb::Create(args) => create(api, args, global).await?,
        Verb::Join(args) => join(api, args, global).await?,
    };
    output::one(terminal, &global.view, &network)?;
    Ok(Exit::Done)
}

async fn create(api: &dyn Api, args: &Create, global: &Global) -> Result<Network, Failure> {
    let creation = Creation {
        what: format!("the network {}", args.name),
        look: "network list".into(),
        flag: &|attribute| attribute.to_uppercase(),
        global,
    };
    let request = creation.request(CreateNetwork::decode, json!({"name": args.name}))?;
    let created = api.create_network(&request, &global.call()).await;
    created.map_err(|error| creation.failed(&error))
}

/// Finds the network that a VM is to be put into or taken out of.
async fn network_id(api: &dyn Api, args: &Member, global: &Global) -> Result<NetworkId, Failure> {
    let undone = "nothing was changed: can't find the network";
    if let Some(Ok(id)) = Networks::id(&args.network).map(str::parse) {
        return Ok(id);
    }
    let network = find(&Networks, api, &args.network, global, undone).await?;
    Ok(network.id)
}

async fn join(api: &dyn Api, args: &Member, global: &Global) -> Result<Network, Failure> {
    let undone = "nothing was changed: can't find the VM";
    let network = network_id(api, args, global).await?;
    let vm = find_id(api, &args.vm, global, undone).await?;
    let joined = api.join_network(&network, &vm, &global.call()).await;
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
    let id = network_id(api, args, global).await?;
    let vm = find_id(api, &args.vm, global, undone).await?;
    let left = api.leave_network(&id, &vm, &global.call()).await;
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
