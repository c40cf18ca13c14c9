//! The nouns: what a command is about.
//!
//! What a noun takes is made when it is asked for. That goes for the global options
//! too, which may stand before and after a noun: clap would copy them to every noun
//! at each start.

use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Subcommand};

use crate::args::Global;
#[cfg(feature = "serve")]
use crate::serve;
use crate::{
    account, action, api, apply, complete, domain, events, image, key, login, network, profile,
    region, snapshot, vm,
};

/// What the command is about.
#[derive(Subcommand)]
#[command(defer = true)]
pub(crate) enum Noun {
    #[command(flatten)]
    Cloud(CloudNoun),

    /// Send a request of your own, for what has no command
    Api(Alone<api::Api>),

    /// Log in to a cloud, and keep it as a profile
    Login(Alone<login::Login>),

    /// Profiles: the clouds that are used, and as whom
    Profile(Verbs<profile::Verb>),

    /// Print the script that makes a shell complete commands, names and ids
    Completion(Alone<complete::Completion>),

    /// Run the service on this machine
    #[cfg(feature = "serve")]
    Serve(Box<Alone<serve::Serve>>),
}

/// What there is in a cloud.
#[derive(Subcommand)]
#[command(defer = true)]
pub(crate) enum CloudNoun {
    /// Virtual machines
    Vm(Verbs<vm::Verb>),

    /// Snapshots of VMs, which outlive their VM
    Snapshot(Verbs<snapshot::Verb>),

    /// Operations on VMs that take a while
    Action(Verbs<action::Verb>),

    /// Public images
    Image(Verbs<image::Verb>),

    /// Regions, where VMs run
    Region(Verbs<region::Verb>),

    /// SSH keys for new VMs
    Key(Verbs<key::Verb>),

    /// Private networks
    Network(Verbs<network::Verb>),

    /// Domains that CloudsFor's DNS manages, and their records
    Domain(Verbs<domain::Verb>),

    /// Bring the cloud to what a file says: VMs, keys, networks, domains
    Apply(Alone<apply::Apply>),

    /// Tell what happens to VMs and actions, as it happens
    Events(Alone<events::Events>),

    /// The account that asks
    Account(Verbs<account::Verb>),
}

/// A noun's verbs.
pub(crate) struct Verbs<V>(pub(crate) V);

impl<V: Subcommand> Args for Verbs<V> {
    fn augment_args(command: Command) -> Command {
        // What the type of the verbs says of itself is not about the noun.
        let about = command.get_about().cloned().unwrap_or_default();
        let command = V::augment_subcommands(command)
            .about(about)
            .subcommand_required(true)
            .arg_required_else_help(true);
        Global::add_to(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<V: FromArgMatches> FromArgMatches for Verbs<V> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        V::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// A noun without verbs, or with few beside itself.
pub(crate) struct Alone<A>(pub(crate) A);

impl<A: Args> Args for Alone<A> {
    fn augment_args(command: Command) -> Command {
        Global::add_to(A::augment_args(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<A: FromArgMatches> FromArgMatches for Alone<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}
