//! The cloud: accounts, VMs, quotas, idempotency, and the worker that carries
//! out what was accepted. No HTTP here, and no SQL.

pub mod catalog;
mod error;
mod first_account;
pub mod idempotency;
mod network;
mod passwords;
pub mod vms;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloudsfor_types::{CreateVm, Snapshot, Vm, VmFilter, VmId};
use secrecy::SecretString;
use tokio::sync::watch;

pub use error::{CloudError, CloudResult};
pub use first_account::{
    DEFAULT_EMAIL, DEFAULT_VM_LIMIT, FirstAccount, FirstAccountError, FoundAccount,
};
use idempotency::{IdempotentRequest, Once};
use passwords::Passwords;

use crate::clock::{Clock, SystemClock};
use crate::compute::{Compute, Simulator};
use crate::ids::Ids;
use crate::store::accounts::{Account, AccountId};
use crate::store::vms::Window;
use crate::store::{Store, StoreError};

/// How often a caller that waits for a VM looks whether another process has
/// changed it.
const FOREIGN_CHANGE: Duration = Duration::from_millis(100);

/// How long a simulated machine takes until it runs, unless asked otherwise.
pub const DEFAULT_CREATE_TIME: Duration = Duration::from_secs(3);

/// An open cloud. Any number of processes can have the same one open.
pub struct Cloud {
    store: Arc<Store>,
    compute: Arc<dyn Compute>,
    clock: Arc<dyn Clock>,
    ids: Ids,
    passwords: Passwords,
    closing: watch::Sender<bool>,
}

/// What a cloud is made of.
pub struct Parts {
    /// What makes its machines.
    pub compute: Arc<dyn Compute>,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// Its ids.
    pub ids: Ids,
}

impl Parts {
    /// Real time, random ids, and simulated machines that take `create_time`
    /// until they run.
    pub fn simulated(create_time: Duration) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Self {
            compute: Arc::new(Simulator::new(clock.clone(), create_time)),
            clock,
            ids: Ids::random(),
        }
    }
}

impl Cloud {
    /// Opens the cloud whose store is in `data_dir`, made if need be, and
    /// carries out what fell due while nobody had it open.
    ///
    /// # Errors
    /// If the directory can't be made or the store can't be opened.
    pub async fn open(data_dir: &Path, parts: Parts) -> CloudResult<Arc<Self>> {
        make_private_dir(data_dir).map_err(|source| StoreError::File {
            path: data_dir.to_owned(),
            source,
        })?;
        let cloud = Arc::new(Self {
            store: Arc::new(Store::open(&data_dir.join("cloud.db"))?),
            compute: parts.compute,
            clock: parts.clock,
            ids: parts.ids,
            passwords: Passwords::new(),
            closing: watch::Sender::new(false),
        });
        worker::settle_all(&cloud).await?;
        Ok(cloud)
    }

    /// Carries operations out from now on, until [`Cloud::close`].
    pub fn start_worker(self: &Arc<Self>) -> tokio::task::JoinHandle<()> {
        tokio::spawn(worker::run(self.clone()))
    }

    /// Carries out everything that is due now.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn settle(&self) -> CloudResult<()> {
        worker::settle(self).await.map(drop)
    }

    /// Lets the worker end after what it is at, and answers whoever waits.
    pub fn begin_close(&self) {
        self.closing.send_replace(true);
    }

    /// Finishes every write that was accepted; further ones fail.
    pub async fn close(&self) {
        self.begin_close();
        self.store.close().await;
    }

    /// The account that these credentials open, if any.
    pub(crate) async fn authenticate(
        &self,
        email: &str,
        password: &SecretString,
    ) -> CloudResult<Option<Account>> {
        self.passwords.verify(&self.store, email, password).await
    }

    /// Accepts a VM, once for its idempotency key. `answer` makes of it what is
    /// kept under the key and answered again.
    pub async fn create_vm(
        &self,
        account: AccountId,
        request: CreateVm,
        key: Option<IdempotentRequest>,
        answer: impl FnOnce(Vm, &str) -> Vec<u8> + Send + 'static,
    ) -> CloudResult<Once> {
        let now = self.clock.now();
        let action_id = self.ids.next(now);
        let new = vms::NewVm {
            id: self.new_vm_id(now),
            action_id: action_id.clone(),
            features: self.compute.features(),
            now,
        };
        self.store
            .write(move |tx| {
                idempotency::once(tx, account, key.as_ref(), now.as_second(), |tx| {
                    vms::check(&request)?;
                    Ok(answer(vms::create(tx, account, &request, new)?, &action_id))
                })
            })
            .await
    }

    /// An id for one request, by which its line in the log is found.
    pub(crate) fn new_request_id(&self) -> String {
        self.ids.next(self.clock.now())
    }

    fn new_vm_id(&self, now: jiff::Timestamp) -> VmId {
        VmId::new(self.ids.next(now)).expect("32 hex digits are an id")
    }

    /// Lists the account's VMs that pass the filter.
    pub async fn list_vms(
        &self,
        account: AccountId,
        filter: VmFilter,
        window: Window,
    ) -> CloudResult<vms::VmPage> {
        self.store
            .clone()
            .scan(move |c| vms::list(c, account, &filter, &window))
            .await
    }

    /// The account's VM with this id.
    pub fn get_vm(&self, account: AccountId, id: &str) -> CloudResult<Vm> {
        self.store.read(|c| vms::get(c, account, id))
    }

    /// The account's VM with this id, as soon as nothing runs on it, or when
    /// `at_most` is over.
    pub async fn wait_vm(
        &self,
        account: AccountId,
        id: &str,
        at_most: Duration,
    ) -> CloudResult<Vm> {
        let deadline = tokio::time::Instant::now() + at_most;
        let mut changes = self.store.changes();
        let mut closing = self.closing.subscribe();
        loop {
            changes.mark_unchanged();
            let vm = self.get_vm(account, id)?;
            let time_is_up =
                tokio::time::Instant::now() >= deadline || *closing.borrow_and_update();
            if !vm.locked || time_is_up {
                return Ok(vm);
            }
            let look_again = tokio::time::Instant::now() + FOREIGN_CHANGE;
            tokio::select! {
                _ = changes.changed() => {}
                _ = closing.changed() => {}
                () = tokio::time::sleep_until(look_again.min(deadline)) => {}
            }
        }
    }

    /// The snapshots of the account's VM.
    pub fn list_vm_snapshots(&self, account: AccountId, id: &str) -> CloudResult<Vec<Snapshot>> {
        self.store.read(|c| vms::snapshots(c, account, id))
    }

    /// Deletes the account's VM.
    pub async fn delete_vm(&self, account: AccountId, id: String) -> CloudResult<()> {
        let now = self.clock.now();
        let destroy_id = self.ids.next(now);
        self.store
            .write(move |tx| vms::delete(tx, account, &id, &destroy_id, now))
            .await
    }
}

/// A directory that only its owner can look into.
fn make_private_dir(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
