//! The cloud: accounts, VMs and all that belongs to them, and the worker that
//! carries out what was accepted. No HTTP here; the SQL is in
//! [`store`](crate::store).
//!
//! What can be read is a function over a connection, what changes something is a
//! function over a transaction ([`Tx`]); [`Cloud`] runs them.

mod access;
pub mod accounts;
pub mod actions;
mod addressing;
mod capacity;
pub mod catalog;
mod changes;
pub mod domains;
mod driver;
mod error;
mod events;
mod first_account;
pub mod idempotency;
mod images;
pub mod keys;
mod login_limits;
pub mod name_service;
pub mod networks;
mod password_hash;
mod passwords;
mod quota;
mod readiness;
mod record_rules;
pub mod records;
mod shares;
pub mod snapshots;
mod tx;
pub mod user_data;
pub mod vms;
mod waiting;
mod worker;
mod zone_file;
#[cfg(feature = "serve")]
pub(crate) mod zones;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloudsfor_types::{AccountLimits, Timestamp};
use rusqlite::Connection;
use secrecy::SecretString;
use tokio::sync::watch;

pub(crate) use access::Access;
pub use accounts::{AccountError, Accounts};
pub use changes::Changes;
pub use driver::Driver;
pub use error::{CloudError, CloudResult};
pub use first_account::{DEFAULT_EMAIL, DEFAULT_VM_LIMIT, FirstAccount, FoundAccount};
use idempotency::{IdempotentRequest, Once};
pub use login_limits::Address;
pub use name_service::NameService;
use passwords::Passwords;
pub(crate) use passwords::REMEMBERED;
pub use passwords::{Caller, OWNER};
pub use quota::SnapshotLimits;
use readiness::Readiness;
use shares::Lists;
pub(crate) use shares::{Memory, Reading, Share, UNCOUNTED};
pub use tx::{BackupPolicy, Settings, Tx};
use waiting::Waiting;
pub(crate) use waiting::{Kind, Place};
pub use waiting::{POLLS, STREAMS};

use crate::admin::STORE;
use crate::clock::{Clock, SystemClock};
use crate::compute::{Compute, Simulator};
use crate::ids::Ids;
use crate::store::accounts::{AccountId, by_id};
use crate::store::{Commits, Snapshot, Store, StoreError, copy, make_private_dir};

/// How long a simulated machine takes until it runs, unless asked otherwise.
pub const DEFAULT_CREATE_TIME: Duration = Duration::from_secs(3);

/// An open cloud. Any number of processes can have the same one open.
pub struct Cloud {
    store: Arc<Store>,
    settings: Arc<Settings>,
    /// Apart from the others, so that one request more changes no other id.
    request_ids: Ids,
    passwords: Passwords,
    waiting: Waiting,
    memory: Memory,
    lists: Lists,
    readiness: Readiness,
    closing: watch::Sender<bool>,
    hurry: watch::Sender<bool>,
}

/// How long a deletion waits at most until the machine is gone. It is removed after that all
/// the same; a client has no more patience.
const REMOVAL: Duration = Duration::from_secs(20);

/// What a cloud is made of.
pub struct Parts {
    /// What makes its machines.
    pub compute: Arc<dyn Compute>,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// Its ids.
    pub ids: Ids,
    /// How backups are made.
    pub backups: BackupPolicy,
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
            backups: BackupPolicy::default(),
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
        Self::open_as(data_dir, parts, Store::open).await
    }

    /// The same for a cloud that this process throws away: nothing waits for the disk, and
    /// a random password is hashed at no cost, as nobody can guess it.
    ///
    /// # Errors
    /// As [`Cloud::open`].
    pub async fn open_ephemeral(data_dir: &Path, parts: Parts) -> CloudResult<Arc<Self>> {
        Self::open_as(data_dir, parts, Store::open_ephemeral).await
    }

    async fn open_as(
        data_dir: &Path,
        parts: Parts,
        open: fn(&Path) -> Result<Store, StoreError>,
    ) -> CloudResult<Arc<Self>> {
        make_private_dir(data_dir).map_err(|source| StoreError::File {
            path: data_dir.to_owned(),
            source,
        })?;
        let cloud = Arc::new(Self {
            store: Arc::new(open(&data_dir.join(STORE))?),
            request_ids: parts.ids.fork(),
            settings: Arc::new(Settings {
                clock: parts.clock,
                ids: parts.ids,
                compute: parts.compute,
                backups: parts.backups,
            }),
            passwords: Passwords::new(),
            waiting: Waiting::default(),
            memory: Memory::default(),
            lists: Lists::default(),
            readiness: Readiness::default(),
            closing: watch::Sender::new(false),
            hurry: watch::Sender::new(false),
        });
        cloud
            .store
            .read(|connection| driver::check(connection, cloud.compute()))?;
        if cloud.compute().is_real() {
            // What is due may take long, and is the worker's.
            worker::observe(&cloud).await?;
        } else {
            worker::catch_up(&cloud).await?;
        }
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
        worker::settle(self).await
    }

    /// Before a process ends that nobody may come after soon: carries out what is
    /// due to real machines, or waits for whoever is at it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn leave_nothing_due(&self) -> CloudResult<()> {
        if self.compute().is_real() {
            worker::leave_nothing_due(self).await?;
        }
        Ok(())
    }

    /// Lets the worker end after what it is at, and answers whoever waits.
    pub fn begin_close(&self) {
        self.closing.send_replace(true);
    }

    /// The same, but what the worker is at is left to the next process.
    pub fn begin_close_in_a_hurry(&self) {
        self.hurry.send_replace(true);
        self.begin_close();
    }

    /// Returns when the worker is to leave what it is at.
    async fn in_a_hurry(&self) {
        let mut hurry = self.hurry.subscribe();
        if hurry.wait_for(|hurry| *hurry).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns when nothing is left of the machine of a VM that was deleted, or when the
    /// cloud is closed or that takes too long: it is removed all the same.
    pub async fn removed(&self, vm_id: &str) {
        if !self.compute().is_real() {
            return;
        }
        // What users don't see is no account's: any commit may be the one.
        let mut commits = self.store.changes();
        let mut foreign = self.store.foreign_changes();
        let mut closing = self.closing.subscribe();
        let gone = async {
            let is_left = || {
                self.store
                    .read(|c| crate::store::operations::is_destroying(c, vm_id))
            };
            // A store that can't be read is no reason to wait.
            while is_left().unwrap_or_default() && !*closing.borrow_and_update() {
                tokio::select! {
                    _ = commits.changed() => {}
                    _ = foreign.changed() => {}
                    _ = closing.changed() => {}
                }
            }
        };
        let _ = tokio::time::timeout(REMOVAL, gone).await;
    }

    /// Finishes every write that was accepted; further ones fail.
    pub async fn close(&self) {
        self.begin_close();
        self.store.close().await;
    }

    /// Changes something, in one transaction that is durable when this returns.
    /// Once it has begun, it is finished even if the caller goes away.
    ///
    /// # Errors
    /// Those of `change`, of which then nothing remains, and of the store.
    pub async fn write<T, F>(&self, change: F) -> CloudResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> CloudResult<T> + Send + 'static,
    {
        let settings = self.settings.clone();
        self.store
            .write(move |connection| change(&Tx::new(connection, &settings)))
            .await
    }

    /// Whether the store takes changes, by one that was tried within the last second.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn takes_changes(&self) -> CloudResult<()> {
        let attempt = || self.write(|_| Ok(()));
        let is_closing = *self.closing.borrow();
        match is_closing {
            true => attempt().await,
            false => self.readiness.check(attempt).await,
        }
    }

    /// What is decided about names.
    ///
    /// # Errors
    /// Those of the store.
    pub fn name_service(&self) -> CloudResult<NameService> {
        self.read(NameService::of)
    }

    /// Decides about names anew, for every process that has the cloud open.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn keep_name_service(&self, names: NameService) -> CloudResult<()> {
        if self.name_service()? != names {
            self.write(move |tx| names.keep(tx.connection)).await?;
        }
        Ok(())
    }

    /// Its accounts, as whoever runs the service sees them.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts::new(&self.store, &self.settings.ids, self.clock().now())
    }

    /// Reads what is found by a key.
    ///
    /// # Errors
    /// Those of `query` and of the store.
    pub fn read<T>(&self, query: impl FnOnce(&Connection) -> CloudResult<T>) -> CloudResult<T> {
        self.store.read(query)
    }

    /// The cloud's state as it is now.
    pub(crate) fn snapshot(&self) -> CloudResult<Snapshot> {
        Ok(self.store.snapshot()?)
    }

    /// Tells whether anything has changed, if that can be told here. For a process
    /// that has the cloud open until it ends.
    pub(crate) fn commits(&self) -> Option<Commits> {
        self.store.commits()
    }

    /// Reads what may take long, off the async threads.
    ///
    /// # Errors
    /// Those of `query` and of the store.
    pub async fn scan<T, F>(&self, query: F) -> CloudResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> CloudResult<T> + Send + 'static,
    {
        self.store.clone().scan(query).await
    }

    /// Reads again whenever something of the caller's account has changed, until the
    /// answer is `ready` or `at_most` is over; answers what was read last. Beyond
    /// [`POLLS`] of an account, it answers at once.
    ///
    /// # Errors
    /// Those of `query` and of the store, and [`CloudError::Revoked`].
    pub async fn read_until<T>(
        &self,
        caller: Caller,
        at_most: Duration,
        query: impl Fn(&Connection) -> CloudResult<T>,
        ready: impl Fn(&T) -> bool,
    ) -> CloudResult<T> {
        let deadline = tokio::time::Instant::now() + at_most;
        let account = caller.account.id;
        let mut changes = self.changes_of(account);
        let (mut value, access) = self.read(|c| Ok((query(c)?, Access::of(c, caller))))?;
        if ready(&value) || at_most.is_zero() {
            return Ok(value);
        }
        let Some(_place) = self.wait_in_place(account, Kind::Poll) else {
            return Ok(value);
        };
        let mut access = access?;
        loop {
            tokio::select! {
                open = changes.wait() => if !open { return Ok(value) },
                () = tokio::time::sleep_until(deadline) => return Ok(value),
            }
            value = self.read(|c| {
                access.check(c)?;
                query(c)
            })?;
            if ready(&value) {
                return Ok(value);
            }
        }
    }

    /// How much an account may have of each kind, and has.
    ///
    /// # Errors
    /// Those of the store.
    pub fn limits_and_use(
        &self,
        account: AccountId,
    ) -> CloudResult<(AccountLimits, AccountLimits)> {
        self.read(|c| {
            let account = by_id(c, account)?.ok_or(CloudError::Revoked)?;
            quota::of_account(c, &account, &self.settings.backups.limits)
        })
    }

    /// An account's share of memory, for what may be large.
    pub(crate) fn share(&self, account: AccountId) -> Share {
        self.memory.share(account)
    }

    /// Waits until it is the account's turn to read a list.
    pub(crate) async fn turn_to_list(&self, account: AccountId) -> Reading {
        self.lists.enter(account).await
    }

    /// A place for a request that stays open, if the account has one left.
    pub(crate) fn wait_in_place(&self, account: AccountId, kind: Kind) -> Option<Place> {
        self.waiting.enter(account, kind)
    }

    /// What to wait for instead of asking again and again.
    pub fn changes_of(&self, account: AccountId) -> Changes {
        Changes {
            commits: self.store.changes_of(account),
            foreign: self.store.foreign_changes(),
            closing: self.closing.subscribe(),
        }
    }

    /// What was answered to a request under its idempotency key before.
    pub(crate) fn kept_answer(
        &self,
        account: AccountId,
        request: &IdempotentRequest,
    ) -> CloudResult<Option<Once>> {
        let now = self.clock().now().as_second();
        self.store
            .read(|c| idempotency::kept(c, account, request, now))
    }

    /// An id for one request, by which its line in the log is found.
    pub(crate) fn new_request_id(&self) -> String {
        self.request_ids.next(self.clock().now())
    }

    /// Whom these credentials let in, if anybody: by `snapshot`, if there is one and
    /// it suffices.
    ///
    /// # Errors
    /// [`CloudError::Forbidden`] for the right credentials of an account that is
    /// disabled, [`CloudError::TooManyLogins`] in a flood of logins, and those of
    /// the store.
    pub(crate) async fn authenticate(
        &self,
        email: &str,
        password: &SecretString,
        address: Address,
        snapshot: &mut Option<Snapshot>,
    ) -> CloudResult<Option<Caller>> {
        let caller = self
            .passwords
            .verify(&self.store, email, password, address, snapshot)
            .await?;
        match caller {
            Some(caller) if caller.account.disabled => Err(CloudError::Forbidden(format!(
                "the account {} is disabled: ask whoever runs the service",
                caller.account.email
            ))),
            caller => Ok(caller),
        }
    }

    /// Writes the whole cloud, as it is at one moment, to a new file.
    pub(crate) async fn save(self: &Arc<Self>, file: &Path) -> CloudResult<()> {
        let (cloud, file) = (self.clone(), file.to_owned());
        let saving = move || copy::save(&cloud.store, &file);
        let saved = tokio::task::spawn_blocking(saving).await;
        Ok(saved.unwrap_or(Err(StoreError::Panicked))?)
    }

    /// Puts a cloud that was saved in this one's place.
    pub(crate) async fn load(&self, file: &Path) -> CloudResult<()> {
        copy::check(file)?;
        let file = file.to_owned();
        Ok(self.store.write(move |c| copy::replace(c, &file)).await?)
    }

    /// Empties the cloud but for its accounts.
    pub(crate) async fn reset(&self) -> CloudResult<()> {
        Ok(self.store.write(copy::clear).await?)
    }

    /// The cloud's present.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.clock().now()
    }

    /// What makes its machines.
    pub(crate) fn compute(&self) -> &dyn Compute {
        &*self.settings.compute
    }

    fn clock(&self) -> &dyn Clock {
        &*self.settings.clock
    }
}

/// A point in time as the API shows it.
fn timestamp(second: i64) -> Timestamp {
    Timestamp::from(jiff::Timestamp::from_second(second).unwrap_or_default())
}
