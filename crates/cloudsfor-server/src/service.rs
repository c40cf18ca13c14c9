//! The whole service on one data directory: `cloudsfor serve`.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clock::{Clock, ManualClock, MovableClock, ShiftedClock};
use crate::cloud::{
    AccountError, BackupPolicy, Cloud, CloudError, DEFAULT_CREATE_TIME, Driver, FirstAccount,
    FoundAccount, NameService, Parts,
};
use crate::compute::{RealOptions, Simulator};
use crate::dns::{DnsLimits, DnsListener};
use crate::faults::{Faults, Rule};
use crate::http::{
    ApiOptions, BASE_PATH, Controls, Limits, Listener, Origins, TlsError, TlsFiles,
    raise_limit_of_files, router, serve,
};
use crate::ids::Ids;
use crate::local_profile::LocalProfile;

/// How a service is to run.
pub struct ServiceOptions {
    /// Where to listen; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// Where the state is kept; made if need be.
    pub data_dir: PathBuf,
    /// Whether the caller throws the data directory away when the service has ended: it
    /// then waits for no disk, and writes no profile.
    pub is_ephemeral: bool,
    /// What is asked of the first account.
    pub account: FirstAccount,
    /// What makes its machines: the driver that is asked for, or else the one that
    /// the data directory has.
    pub driver: Option<Driver>,
    /// How simulated machines are.
    pub simulation: Simulation,
    /// What is decided of real machines.
    pub real: RealOptions,
    /// Faults that requests meet.
    pub faults: Vec<Rule>,
    /// Whether tests can take hold of it at `/testing`.
    pub testing: bool,
    /// Whether to listen beyond this machine although passwords then cross the
    /// network unencrypted.
    pub allow_plain_http: bool,
    /// Where to answer questions for names, by UDP and TCP; nowhere if `None`.
    pub dns: Option<SocketAddr>,
    /// What the name service takes and gives.
    pub dns_limits: DnsLimits,
    /// What is decided about names. Without addresses of its own, the name server has
    /// that of `dns`, if it isn't a wildcard.
    pub names: NameService,
    /// The certificate for TLS, if it is to be used.
    pub tls: Option<TlsFiles>,
    /// Which hosts are answered, beside this machine's own name, and which proxies are
    /// believed.
    pub origins: Origins,
    /// What connections may take.
    pub limits: Limits,
    /// What is decided about the API.
    pub api: ApiOptions,
}

/// How simulated machines are, and their time.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// How long a machine takes until it runs.
    pub create_time: Duration,
    /// How long what is done to it later takes; a third of that if `None`.
    pub action_time: Option<Duration>,
    /// How many of a hundred operations fail.
    pub failure_percent: u8,
    /// What ids and failures follow from; random if `None`.
    pub seed: Option<u64>,
    /// When time stands still, until a test moves it on.
    pub stopped_at: Option<Timestamp>,
}

impl Default for Simulation {
    fn default() -> Self {
        Self {
            create_time: DEFAULT_CREATE_TIME,
            action_time: None,
            failure_percent: 0,
            seed: None,
            stopped_at: None,
        }
    }
}

impl Simulation {
    fn parts(&self, clock: Arc<dyn Clock>) -> Parts {
        let action_time = self.action_time.unwrap_or(self.create_time / 3);
        let simulator = Simulator::new(clock.clone(), self.create_time)
            .with_action_time(action_time)
            .with_failures(self.failure_percent, self.seed.unwrap_or_default());
        Parts {
            compute: Arc::new(simulator),
            clock,
            ids: self.seed.map_or_else(Ids::random, Ids::seeded),
            backups: BackupPolicy::default(),
        }
    }
}

/// Why a service can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Passwords would cross the network unencrypted.
    #[error(
        "{0} can be reached from other machines, and passwords would cross the network \
         unencrypted: give it a certificate (--tls-cert, --tls-key), listen on 127.0.0.1, or put \
         a TLS proxy before it and say --allow-plain-http"
    )]
    PlainHttp(SocketAddr),
    /// Whoever reached it could take hold of the whole cloud.
    #[error(
        "{0} can be reached from other machines, and /testing gives everything of the cloud to \
         anyone: listen on 127.0.0.1, or leave --testing out"
    )]
    TestingForAll(SocketAddr),
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// There can be no TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The data directory or its store can't be opened.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The compute driver can't be had.
    #[error("the compute driver can't be used: {0}")]
    Driver(std::io::Error),
    /// The first account is not as asked for.
    #[error(transparent)]
    Account(#[from] AccountError),
}

/// Connections that wait to be accepted. Beyond it they are lost, and come again after a
/// second; the system may have a lower limit.
const BACKLOG: u32 = 4096;

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A service that listens and is ready to be run.
pub struct Service {
    listener: Listener,
    by_tls: bool,
    address: SocketAddr,
    hosts: Vec<String>,
    cloud: Arc<Cloud>,
    worker: JoinHandle<()>,
    account: FoundAccount,
    driver: Driver,
    limits: Limits,
    api: ApiOptions,
    dns: Option<DnsListener>,
    dns_limits: DnsLimits,
}

impl Service {
    /// Opens the data directory, finds or makes the first account, carries out
    /// what fell due meanwhile, and listens.
    ///
    /// # Errors
    /// [`StartError`], before anything was changed if the address is at fault.
    pub async fn start(options: ServiceOptions) -> Result<Self, StartError> {
        raise_limit_of_files();
        let by_tls = options.tls.is_some();
        let certificate = options.tls.as_ref().map(|files| files.certificate.clone());
        if !options.listen.ip().is_loopback() && !by_tls && !options.allow_plain_http {
            return Err(StartError::PlainHttp(options.listen));
        }
        let failed = |source| StartError::Listen {
            address: options.listen,
            source,
        };
        let tcp = listen(options.listen).map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        if options.testing && !address.ip().is_loopback() {
            return Err(StartError::TestingForAll(address));
        }
        let name = rustix::system::uname();
        let name = name.nodename().to_string_lossy().into_owned();
        let origins = options
            .origins
            .with_hosts([name, options.names.name.clone()]);
        let hosts = origins.told();
        let listener = match options.tls {
            Some(files) => Listener::tls(tcp, files)?.with_origins(origins.with_any_host()),
            None => Listener::plain(tcp).with_origins(origins),
        };
        let dns = match options.dns {
            Some(address) => {
                let bound = DnsListener::bind(address).await;
                Some(bound.map_err(|source| StartError::Listen { address, source })?)
            }
            None => None,
        };
        let mut names = options.names;
        if names.addresses.is_empty() {
            let own = dns.as_ref().map(|listener| listener.address().ip());
            names
                .addresses
                .extend(own.filter(|ip| !ip.is_unspecified()));
        }
        let simulation = options.simulation;
        let clock: Arc<dyn MovableClock> = match simulation.stopped_at {
            Some(start) => Arc::new(ManualClock::new(start)),
            None => Arc::new(ShiftedClock::default()),
        };
        let dir = &options.data_dir;
        let driver = Driver::of(dir, options.driver).map_err(StartError::Driver)?;
        let parts = driver.parts(dir, simulation.parts(clock.clone()), options.real);
        let parts = parts.map_err(StartError::Driver)?;
        let cloud = if options.is_ephemeral {
            Cloud::open_ephemeral(dir, parts).await?
        } else {
            Cloud::open(dir, parts).await?
        };
        driver.keep(dir).map_err(StartError::Driver)?;
        cloud.keep_name_service(names).await?;
        let faults = Arc::new(Faults::new(simulation.seed.unwrap_or_default()));
        faults.replace(options.faults);
        let mut api = options.api;
        api.controls = options.testing.then(|| Controls {
            clock,
            faults: faults.clone(),
        });
        api.keep_answers = true;
        api.faults = Some(faults).filter(|faults| options.testing || !faults.list().is_empty());
        let profile = (!options.is_ephemeral).then(|| LocalProfile::new(&options.data_dir));
        let account = cloud
            .first_account(options.account, profile.clone())
            .await?;
        let worker = cloud.start_worker();
        let service = Self {
            listener,
            by_tls,
            address,
            hosts,
            cloud,
            worker,
            account,
            driver,
            limits: options.limits,
            api,
            dns,
            dns_limits: options.dns_limits,
        };
        if let Some(profile) = profile {
            profile
                .set_endpoint(&service.endpoint(), certificate.as_deref())
                .map_err(AccountError::Profile)?;
        }
        Ok(service)
    }

    /// The base URL of the API, with the port that was really taken.
    pub fn endpoint(&self) -> String {
        let scheme = if self.by_tls { "https" } else { "http" };
        format!("{scheme}://{}{BASE_PATH}", self.address)
    }

    /// The names that it answers to without TLS, beside IP addresses and `localhost`.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// Where it answers questions for names.
    pub fn dns_address(&self) -> Option<SocketAddr> {
        self.dns.as_ref().map(DnsListener::address)
    }

    /// What makes its machines.
    pub fn driver(&self) -> Driver {
        self.driver
    }

    /// The first account.
    pub fn account(&self) -> &FoundAccount {
        &self.account
    }

    /// Serves until `stop` is ready, then ends cleanly: requests in flight are
    /// answered, and every operation that was accepted is finished or in the
    /// store for the next start.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self {
            listener,
            cloud,
            worker,
            limits,
            api,
            dns,
            dns_limits,
            ..
        } = self;
        let (stop_dns, dns_stopped) = oneshot::channel::<()>();
        let naming = dns.map(|listener| {
            let stopped = async {
                let _ = dns_stopped.await;
            };
            tokio::spawn(listener.serve(cloud.clone(), dns_limits, stopped))
        });
        let draining = {
            let cloud = cloud.clone();
            async move {
                stop.await;
                // Whoever waits for a VM is answered now.
                cloud.begin_close();
            }
        };
        serve(listener, router(cloud.clone(), &api), limits, draining).await;
        drop(stop_dns);
        if let Some(naming) = naming {
            let _ = naming.await;
        }
        // The worker ends after what it is at.
        let _ = worker.await;
        cloud.close().await;
    }
}
