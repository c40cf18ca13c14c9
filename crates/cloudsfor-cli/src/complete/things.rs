//! What arguments name, and what the cloud says of it.

use cloudsfor_core::{Client, Error};
use serde::{Deserialize, Serialize};

use crate::action::list::Actions;
use crate::args::Global;
use crate::connect;
use crate::domain::Domains;
use crate::image::Images;
use crate::key::Keys;
use crate::kinds::Collection;
use crate::kinds::list::every;
use crate::network::Networks;
use crate::output::Resource;
use crate::region::Regions;
use crate::settings::Environment;
use crate::snapshot::Snapshots;
use crate::terminal::Terminal;
use crate::vm::list::Vms;

/// What an argument names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Vm,
    Snapshot,
    Action,
    Image,
    Region,
    Key,
    Network,
    Domain,
    Profile,
}

/// Something that can be named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) value: String,
    pub(super) help: String,
    pub(super) is_id: bool,
}

impl Item {
    pub(super) fn name(name: &str) -> Self {
        Self {
            value: name.to_owned(),
            help: String::new(),
            is_id: false,
        }
    }
}

impl Kind {
    /// What the argument of this id names, of a verb of a noun.
    pub(super) fn of(noun: &str, verb: &str, arg: &str) -> Option<Self> {
        match (noun, verb, arg) {
            ("", _, "profile") | ("profile", "use" | "remove" | "show", "name") => {
                Some(Self::Profile)
            }
            ("vm", "restore", "image") => Some(Self::Snapshot),
            ("vm", _, "image") => Some(Self::Image),
            (_, _, "region") => Some(Self::Region),
            (_, _, "ssh_keys") => Some(Self::Key),
            (_, _, "vm") => Some(Self::Vm),
            (_, _, "network") => Some(Self::Network),
            ("action", "wait", "actions") => Some(Self::Action),
            ("domain", _, "domain") => Some(Self::Domain),
            (noun, verb, "named" | "which") => match (noun, verb) {
                ("vm", _) => Some(Self::Vm),
                ("snapshot", _) => Some(Self::Snapshot),
                ("action", _) => Some(Self::Action),
                ("image", _) => Some(Self::Image),
                ("region", _) => Some(Self::Region),
                ("key", _) => Some(Self::Key),
                ("network", _) => Some(Self::Network),
                // Records are named by their domain first.
                ("domain", "get" | "delete") => Some(Self::Domain),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Vm => "vm",
            Self::Snapshot => "snapshot",
            Self::Action => "action",
            Self::Image => "image",
            Self::Region => "region",
            Self::Key => "key",
            Self::Network => "network",
            Self::Domain => "domain",
            Self::Profile => "profile",
        }
    }
}

/// Asks the cloud; `None` if there is no answer for whatever reason.
pub(super) fn fetch(kind: Kind, global: &Global, environment: &Environment) -> Option<Vec<Item>> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().ok()?;
    runtime.block_on(async {
        // Nobody can be asked for a password, and nothing may be said.
        let mut terminal = Terminal::of_nobody();
        let connection = connect::connect(global, environment, &mut terminal)
            .await
            .ok()?;
        let items = list(kind, &connection.client, global).await;
        connection.close(false).await;
        items.ok()
    })
}

async fn list(kind: Kind, client: &Client, global: &Global) -> Result<Vec<Item>, Error> {
    match kind {
        Kind::Vm => {
            let vms = every(&Vms::default(), client, &global.call()).await?;
            Ok(items(&vms, |vm| vm.status.to_string()))
        }
        Kind::Snapshot => all(&Snapshots, client, global).await,
        Kind::Action => {
            let actions = every(&Actions, client, &global.call()).await?;
            Ok(items(&actions, |action| action.status.to_string()))
        }
        Kind::Image => all(&Images, client, global).await,
        Kind::Region => all(&Regions, client, global).await,
        Kind::Key => all(&Keys, client, global).await,
        Kind::Network => all(&Networks, client, global).await,
        Kind::Domain => all(&Domains, client, global).await,
        Kind::Profile => Ok(Vec::new()),
    }
}

async fn all<C: Collection>(
    collection: &C,
    client: &Client,
    global: &Global,
) -> Result<Vec<Item>, Error> {
    let found = every(collection, client, &global.call()).await?;
    Ok(items(&found, |_| String::new()))
}

/// Each thing by its name, where that is one's own and a word, and by its id.
fn items<T: Resource>(found: &[T], help: impl Fn(&T) -> String) -> Vec<Item> {
    let mut items = Vec::with_capacity(found.len() * 2);
    for thing in found {
        let (id, name) = (thing.id(), thing.name());
        // An action has no name of its own, its type stands for it.
        let is_own = found
            .iter()
            .filter(|other| other.name() == name)
            .take(2)
            .count()
            == 1;
        let is_word = !name.is_empty() && !name.contains(char::is_control);
        if is_own && is_word {
            items.push(Item {
                value: name.to_owned(),
                help: help(thing),
                is_id: false,
            });
        }
        if id != name && !id.is_empty() {
            items.push(Item {
                value: id.into_owned(),
                help: name.to_owned(),
                is_id: true,
            });
        }
    }
    items
}
