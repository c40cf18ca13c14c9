//! What the tests of verbs share: a command run as its user runs it, against an
//! API whose answers are prescribed.

use async_trait::async_trait;
use bytes::Bytes;
use clap::Parser;
use cloudsfor_core::transport::{Body, Transport, TransportError, TransportErrorKind};
use cloudsfor_core::{Api, Client};
use cloudsfor_types::{Action, Snapshot, Vm};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::args::Cli;
use crate::exit::Exit;
use crate::nouns::Noun;
use crate::terminal::fake::{Fake, Screen};
use crate::{finish, golden, in_cloud};

/// The id in the documents.
pub(crate) const ID: &str = "9a33ef4fec394360a88e3c60b78b5dbc";

/// Another id.
pub(crate) const OTHER_ID: &str = "4f0a7c1d5b9e4a26b1c3d8e7f6a59b08";

/// An action's id.
pub(crate) const ACTION_ID: &str = "0d5c3b1a9f8e47d6a5b4c3d2e1f0a9b8";

/// How a command ended, and what it showed.
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    pub(crate) screen: Screen,
}

impl Ended {
    /// Compares both streams and the exit code with a golden file.
    pub(crate) fn golden(&self, name: &str) {
        let exit = self.exit.code();
        golden::check(name, &format!("{}-- exit {exit}\n", self.screen.both()));
    }

    /// The same where the reason is in the SDK's own words, which are its own
    /// matter.
    pub(crate) fn golden_but_why(&self, name: &str) {
        let both = self.screen.both();
        let lines = both.lines().map(|line| match line.strip_prefix("  why: ") {
            Some(why) if !why.is_empty() => "  why: (in the SDK's words)\n".to_owned(),
            _ => format!("{line}\n"),
        });
        let exit = self.exit.code();
        golden::check(
            name,
            &format!("{}-- exit {exit}\n", lines.collect::<String>()),
        );
    }
}

impl Ended {
    /// The streams with the times that things took as one, since the pauses in
    /// them are random.
    pub(crate) fn without_times(&self) -> String {
        let both = self.screen.both();
        let lines = both.lines().map(|line| match line.split_once(" after ") {
            Some((before, _)) => format!("{before} after SOME TIME"),
            None => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n") + "\n"
    }
}

/// Runs `cloudsfor ARGS` for somebody with this terminal. Time stands still but
/// for what is waited for, which takes no time.
pub(crate) fn run(api: &dyn Api, args: &[&str], fake: Fake) -> Ended {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    run_in(&runtime, api, args, fake)
}

/// The same in a runtime of the caller's, which may have a cloud in it.
pub(crate) fn run_in(runtime: &Runtime, api: &dyn Api, args: &[&str], fake: Fake) -> Ended {
    let cli = Cli::try_parse_from(["cloudsfor"].iter().chain(args))
        .unwrap_or_else(|error| panic!("{error}"));
    let (mut terminal, screen) = fake.start();
    let result = match &cli.noun {
        Noun::Cloud(noun) => runtime.block_on(in_cloud(api, noun, &cli.global, &mut terminal)),
        _ => panic!("{args:?} is not about a cloud"),
    };
    let exit = finish(result, &cli, &mut terminal);
    Ended { exit, screen }
}

/// An API whose connection ends after each request was sent, so that nobody
/// knows what became of it.
pub(crate) fn cut_off() -> Client {
    struct CutOff;

    #[async_trait]
    impl Transport for CutOff {
        async fn send(
            &self,
            _: http::Request<Bytes>,
        ) -> Result<http::Response<Body>, TransportError> {
            Err(TransportError::maybe_sent(TransportErrorKind::Cut, "cut"))
        }
    }

    Client::builder().transport(CutOff).build().unwrap()
}

/// What clap says to arguments that it refuses.
pub(crate) fn refused(args: &[&str]) -> String {
    let args = ["cloudsfor"].iter().chain(args);
    match Cli::try_parse_from(args) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("the arguments were accepted"),
    }
}

/// Says that a type of a test has the operations on VMs and no others.
macro_rules! only_vms {
    ($Type:ty) => {
        impl cloudsfor_core::Accounts for $Type {}
        impl cloudsfor_core::Actions for $Type {}
        impl cloudsfor_core::Catalog for $Type {}
        impl cloudsfor_core::Domains for $Type {}
        impl cloudsfor_core::Events for $Type {}
        impl cloudsfor_core::Keys for $Type {}
        impl cloudsfor_core::Networks for $Type {}
        impl cloudsfor_core::Snapshots for $Type {}
    };
}

pub(crate) use only_vms;

/// A VM as the server sends it, with these attributes changed.
pub(crate) fn a_vm(changes: Value) -> Vm {
    let vm = json!({
        "id": ID, "name": "example.com", "memory": 1, "vcpus": 1, "disk": 10, "locked": false,
        "status": "running", "plan": "PLAN_ID_FIX", "created_at": "2015-01-14T16:36:31Z",
        "features": [], "backup_ids": [], "snapshot_ids": [],
        "image": {"id": "7", "distro": "fedora-19", "name": "Fedora 19 x64"},
        "region": {"name": "moscow_01", "description": "Moscow, first"},
        "networks": {"v4": [{"ip_address": "100.64.0.2", "netmask": "255.192.0.0",
                             "gateway": "100.64.0.1", "type": "public"}]},
    });
    changed(vm, changes)
}

/// A VM that was just accepted.
pub(crate) fn a_new_vm() -> Vm {
    a_vm(json!({"status": "new", "locked": true, "networks": {}}))
}

/// A VM with all that a VM can have.
pub(crate) fn a_full_vm() -> Vm {
    a_vm(json!({
        "id": OTHER_ID, "name": "a-name-that-is-quite-long.example.com", "memory": 0.5,
        "vcpus": "128", "disk": "65536", "status": "stopped", "locked": true,
        "plan": "PLAN_ID_STD", "created_at": "2015-01-17T16:59:30Z",
        "features": ["backups", "ipv6"], "backup_ids": ["b1", "b2"], "snapshot_ids": ["s1"],
        "networks": {
            "v4": [{"ip_address": "10.0.0.5", "type": "private"},
                   {"ip_address": "100.64.12.34", "type": "public"}],
            "v6": [{"ip_address": "fd00::2", "netmask": "64", "type": "public"}]},
        "labels": {"role": "web", "tier": "1"}, "protected": true,
    }))
}

/// A VM of a server that means harm: it tries to clear the screen, to change the
/// title, and to forge a line.
pub(crate) fn a_hostile_vm() -> Vm {
    a_vm(json!({
        "name": "\u{1b}[2J\u{9b}31mevil\r\nroot", "status": "\u{1b}]0;title\u{7}",
        "created_at": "\u{1b}[A", "region": "\u{202e}wocsom",
        "networks": {"v4": {"ip_address": "\u{8}\u{8}1.2.3.4", "type": "public"}},
        "labels": {"a\u{1b}": "b\n"},
    }))
}

/// The options of every command, as they are without flags.
pub(crate) fn global() -> crate::args::Global {
    Cli::try_parse_from(["cloudsfor", "vm", "list"])
        .unwrap()
        .global
}

/// A cloud with one region of this name.
pub(crate) fn offer_region(api: &mut cloudsfor_core::MockApi, name: &'static str) {
    api.expect_list_regions().returning(move |_, _| {
        let region = changed(json!({"name": name}), json!({}));
        Ok(cloudsfor_core::Page::whole(vec![region]))
    });
}

/// A snapshot as the server sends it, with these attributes changed.
pub(crate) fn a_snapshot(changes: Value) -> Snapshot {
    let snapshot = json!({
        "id": "5e7d1c9b3a8f4e60b2d4c6a8e0f19375", "name": "before the upgrade", "vm_id": ID,
        "created_at": "2015-01-16T12:00:00Z", "distro": "fedora-19", "size_gigabytes": 2.5,
        "disk": 10, "region": {"name": "moscow_01"},
    });
    changed(snapshot, changes)
}

/// An action as the server sends it, with these attributes changed.
pub(crate) fn an_action(changes: Value) -> Action {
    let action = json!({
        "id": ID, "action_id": ACTION_ID, "status": "in-progress", "type": "reboot",
        "started_at": "2015-01-17T16:58:00Z", "completed_at": null, "resource_type": "vm",
        "region": "moscow_01",
    });
    changed(action, changes)
}

fn changed<T: DeserializeOwned>(mut object: Value, changes: Value) -> T {
    match (&mut object, changes) {
        (Value::Object(object), Value::Object(changes)) => object.extend(changes),
        (_, changes) => panic!("{changes} is no object"),
    }
    serde_json::from_value(object).unwrap()
}
