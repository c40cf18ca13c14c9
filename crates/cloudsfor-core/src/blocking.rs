//! The API for programs without async.
//!
//! ```
//! use std::sync::Arc;
//!
//! use cloudsfor_core::blocking;
//! use cloudsfor_core::types::VmFilter;
//! use cloudsfor_core::{CallOptions, Client, PageRequest, Result, find_vm};
//!
//! fn show(client: Client) -> Result<()> {
//!     let cloud = blocking::Client::new(Arc::new(client))?;
//!     let call = CallOptions::default();
//!     for vm in cloud.list_vms(&VmFilter::default(), &PageRequest::Whole, &call)?.items {
//!         println!("{} is {}", vm.name, vm.status);
//!     }
//!     // What is async can be run too.
//!     let web = "web.example.com".parse().expect("it is a name");
//!     let vm = cloud.run(find_vm(cloud.api(), &web, &call))?;
//!     println!("{}", vm.id);
//!     Ok(())
//! }
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloudsfor_types::{
    Account, Action, ActionId, CreateDomain, CreateKey, CreateNetwork, CreateVm, Distro, Domain,
    DomainRecord, EventCursor, Network, NetworkId, RecordSpec, Region, Snapshot, SnapshotId,
    SshKey, UpdateKey, UpdateVm, Vm, VmAction, VmFilter, VmId,
};
use futures_util::{Stream, StreamExt};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::api::{Api, CreatedVm, KeySelector};
use crate::call::{CallOptions, IdempotencyKey};
use crate::error::{Error, ErrorKind, Result};
use crate::events::EventStream;
use crate::page::{Page, PageRequest};

/// Any [`Api`], called without async, from any thread. Clones share it.
///
/// It has a thread of its own, on which its connections live; that ends when the
/// last clone is dropped.
///
/// # Errors
/// Every method fails with [`ErrorKind::Configuration`] when it is called within
/// an async runtime, on threads for blocking work that the runtime lends too:
/// there, use the async API.
#[derive(Clone)]
pub struct Client {
    api: Arc<dyn Api>,
    runtime: Handle,
    /// Ends the thread when the last clone is dropped.
    _thread: Arc<oneshot::Sender<()>>,
}

impl Client {
    /// Makes the API usable without async. Give it a
    /// [`Client`](crate::Client) that no async runtime has used: its connections
    /// would belong to that one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if the thread can't be started.
    pub fn new(api: Arc<dyn Api>) -> Result<Self> {
        let cannot_start = |error: std::io::Error| {
            let message = format!("the thread for connections can't be started: {error}");
            Error::new(ErrorKind::Configuration, "configuration", message).with_source(error)
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(cannot_start)?;
        let handle = runtime.handle().clone();
        let (sender, until_dropped) = oneshot::channel();
        std::thread::Builder::new()
            .name("cloudsfor".to_owned())
            .spawn(move || drop(runtime.block_on(until_dropped)))
            .map_err(cannot_start)?;
        Ok(Self {
            api,
            runtime: handle,
            _thread: Arc::new(sender),
        })
    }

    /// The API that it calls.
    pub fn api(&self) -> &dyn Api {
        &*self.api
    }

    /// Runs what is async to its end: a waiter, a stream, a bulk operation.
    ///
    /// # Errors
    /// Those of the future, and see [`Client`].
    pub fn run<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        if Handle::try_current().is_ok() {
            return Err(Error::new(
                ErrorKind::Configuration,
                "configuration",
                "a blocking call within an async runtime, which it would hold up: use the async \
                 API there",
            ));
        }
        self.runtime.block_on(future)
    }

    /// Iterates over a stream: of events, of pages, of items.
    pub fn iterate<S>(&self, stream: S) -> Iter<S> {
        Iter {
            client: self.clone(),
            stream,
            ended: false,
        }
    }
}

/// A stream, item by item: see [`Client::iterate`].
#[derive(Debug)]
pub struct Iter<S> {
    client: Client,
    stream: S,
    ended: bool,
}

impl<S> Iter<S> {
    /// The stream itself, for what it has to say.
    pub fn stream(&self) -> &S {
        &self.stream
    }
}

impl<S, T> Iterator for Iter<S>
where
    S: Stream<Item = Result<T>> + Unpin,
{
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        if self.ended {
            return None;
        }
        let next = self.client.run(async { Ok(self.stream.next().await) });
        next.unwrap_or_else(|error| {
            self.ended = true;
            Some(Err(error))
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// Declares the methods, and a list of their names.
macro_rules! methods {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)+) => {
        impl Client {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// Those of that method, and see [`Client`].
                pub fn $name(&self, $($arg: $ty,)* call: &CallOptions) -> Result<$ret> {
                    self.run(self.api.$name($($arg,)* call))
                }
            )+
        }

        #[cfg(test)]
        const METHODS: &[&str] = &[$(stringify!($name)),+];
    };
}

methods! {
    /// As [`Accounts::get_account`](crate::Accounts::get_account).
    fn get_account() -> Account;
    /// As [`Actions::create_vm_action`](crate::Actions::create_vm_action).
    fn create_vm_action(id: &VmId, request: &VmAction) -> Action;
    /// As [`Actions::list_vm_actions`](crate::Actions::list_vm_actions).
    fn list_vm_actions(id: &VmId, page: &PageRequest) -> Page<Action>;
    /// As [`Actions::get_vm_action`](crate::Actions::get_vm_action).
    fn get_vm_action(id: &VmId, action: &ActionId) -> Action;
    /// As [`Actions::list_actions`](crate::Actions::list_actions).
    fn list_actions(page: &PageRequest) -> Page<Action>;
    /// As [`Actions::get_action`](crate::Actions::get_action).
    fn get_action(id: &ActionId) -> Action;
    /// As [`Actions::wait_action`](crate::Actions::wait_action).
    fn wait_action(id: &ActionId, at_most: Duration) -> Action;
    /// As [`Actions::wait_actions`](crate::Actions::wait_actions).
    fn wait_actions(ids: &[ActionId], at_most: Duration) -> Vec<Action>;
    /// As [`Catalog::list_regions`](crate::Catalog::list_regions).
    fn list_regions(page: &PageRequest) -> Page<Region>;
    /// As [`Catalog::list_distros`](crate::Catalog::list_distros).
    fn list_distros(page: &PageRequest) -> Page<Distro>;
    /// As [`Domains::list_domains`](crate::Domains::list_domains).
    fn list_domains(page: &PageRequest) -> Page<Domain>;
    /// As [`Domains::create_domain`](crate::Domains::create_domain).
    fn create_domain(request: &CreateDomain) -> Domain;
    /// As [`Domains::get_domain`](crate::Domains::get_domain).
    fn get_domain(name: &str) -> Domain;
    /// As [`Domains::delete_domain`](crate::Domains::delete_domain).
    fn delete_domain(name: &str) -> ();
    /// As [`Domains::list_records`](crate::Domains::list_records).
    fn list_records(domain: &str, page: &PageRequest) -> Page<DomainRecord>;
    /// As [`Domains::create_record`](crate::Domains::create_record).
    fn create_record(domain: &str, request: &RecordSpec) -> DomainRecord;
    /// As [`Domains::get_record`](crate::Domains::get_record).
    fn get_record(domain: &str, id: u64) -> DomainRecord;
    /// As [`Domains::update_record`](crate::Domains::update_record).
    fn update_record(domain: &str, id: u64, request: &RecordSpec) -> DomainRecord;
    /// As [`Domains::delete_record`](crate::Domains::delete_record).
    fn delete_record(domain: &str, id: u64) -> ();
    /// As [`Events::watch_events`](crate::Events::watch_events): iterate over it by
    /// [`Client::iterate`].
    fn watch_events(after: Option<EventCursor>) -> EventStream;
    /// As [`Keys::list_keys`](crate::Keys::list_keys).
    fn list_keys(page: &PageRequest) -> Page<SshKey>;
    /// As [`Keys::create_key`](crate::Keys::create_key).
    fn create_key(request: &CreateKey) -> SshKey;
    /// As [`Keys::get_key`](crate::Keys::get_key).
    fn get_key(key: &KeySelector) -> SshKey;
    /// As [`Keys::update_key`](crate::Keys::update_key).
    fn update_key(key: &KeySelector, request: &UpdateKey) -> SshKey;
    /// As [`Keys::delete_key`](crate::Keys::delete_key).
    fn delete_key(key: &KeySelector) -> ();
    /// As [`Networks::list_networks`](crate::Networks::list_networks).
    fn list_networks(page: &PageRequest) -> Page<Network>;
    /// As [`Networks::create_network`](crate::Networks::create_network).
    fn create_network(request: &CreateNetwork) -> Network;
    /// As [`Networks::get_network`](crate::Networks::get_network).
    fn get_network(id: &NetworkId) -> Network;
    /// As [`Networks::delete_network`](crate::Networks::delete_network).
    fn delete_network(id: &NetworkId) -> ();
    /// As [`Networks::join_network`](crate::Networks::join_network).
    fn join_network(id: &NetworkId, vm: &VmId) -> Network;
    /// As [`Networks::leave_network`](crate::Networks::leave_network).
    fn leave_network(id: &NetworkId, vm: &VmId) -> ();
    /// As [`Snapshots::list_snapshots`](crate::Snapshots::list_snapshots).
    fn list_snapshots(page: &PageRequest) -> Page<Snapshot>;
    /// As [`Snapshots::get_snapshot`](crate::Snapshots::get_snapshot).
    fn get_snapshot(id: &SnapshotId) -> Snapshot;
    /// As [`Snapshots::delete_snapshot`](crate::Snapshots::delete_snapshot).
    fn delete_snapshot(id: &SnapshotId) -> ();
    /// As [`Vms::list_vms`](crate::Vms::list_vms).
    fn list_vms(filter: &VmFilter, page: &PageRequest) -> Page<Vm>;
    /// As [`Vms::create_vm`](crate::Vms::create_vm).
    fn create_vm(request: &CreateVm) -> CreatedVm;
    /// As [`Vms::resume_create_vm`](crate::Vms::resume_create_vm).
    fn resume_create_vm(request: &CreateVm, key: &IdempotencyKey) -> CreatedVm;
    /// As [`Vms::get_vm`](crate::Vms::get_vm).
    fn get_vm(id: &VmId) -> Vm;
    /// As [`Vms::wait_vm`](crate::Vms::wait_vm).
    fn wait_vm(id: &VmId, at_most: Duration) -> Vm;
    /// As [`Vms::list_vm_snapshots`](crate::Vms::list_vm_snapshots).
    fn list_vm_snapshots(id: &VmId, page: &PageRequest) -> Page<Snapshot>;
    /// As [`Vms::list_vm_backups`](crate::Vms::list_vm_backups).
    fn list_vm_backups(id: &VmId, page: &PageRequest) -> Page<Snapshot>;
    /// As [`Vms::delete_vm_snapshot`](crate::Vms::delete_vm_snapshot).
    fn delete_vm_snapshot(id: &VmId, snapshot: &SnapshotId) -> ();
    /// As [`Vms::update_vm`](crate::Vms::update_vm).
    fn update_vm(id: &VmId, request: &UpdateVm) -> Vm;
    /// As [`Vms::delete_vm`](crate::Vms::delete_vm).
    fn delete_vm(id: &VmId) -> ();
}

#[cfg(test)]
mod tests {
    use cloudsfor_types::operations::OPERATIONS;

    use super::*;
    use crate::mock::MockApi;
    use crate::sample::vm;

    fn cloud() -> Client {
        let mut api = MockApi::new();
        api.expect_get_vm()
            .returning(|_, _| Ok(vm("7", "example.com")));
        Client::new(Arc::new(api)).unwrap()
    }

    fn get(cloud: &Client) -> Result<Vm> {
        cloud.get_vm(&"7".parse().unwrap(), &CallOptions::default())
    }

    #[test]
    fn every_operation_has_its_method() {
        for operation in OPERATIONS {
            assert!(METHODS.contains(&operation.name), "{}", operation.name);
        }
    }

    #[test]
    fn it_is_called_from_any_thread() {
        let cloud = cloud();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(get(&cloud).unwrap(), vm("7", "example.com")));
            }
        });
    }

    #[test]
    fn timers_and_tasks_work() {
        let cloud = cloud();
        let task = async {
            tokio::time::sleep(Duration::ZERO).await;
            Ok(tokio::spawn(async { 7 }).await.unwrap())
        };
        assert_eq!(cloud.run(task).unwrap(), 7);
    }

    #[tokio::test]
    async fn within_a_runtime_it_is_an_error_and_no_panic() {
        let error = get(&cloud()).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Configuration);
        assert!(error.message().contains("async"), "{error}");
    }
}
