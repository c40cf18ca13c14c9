//! A service of its own for each test, in memory of the test alone, with time
//! that the test moves; and a client for it over the backend that is tested.

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_core::transport::{
    HyperTransport, InProcessTransport, ReqwestTransport, TransportOptions,
};
use cloudsfor_core::{Api, Client, Credentials};
use cloudsfor_server::clock::{Clock, ManualClock};
use cloudsfor_server::cloud::{BackupPolicy, Cloud, FirstAccount, Parts};
use cloudsfor_server::compute::Simulator;
use cloudsfor_server::http::{ApiOptions, Limits, Listener, router, serve};
use cloudsfor_server::ids::Ids;
use cloudsfor_server::local_profile::LocalProfile;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The account of every test's service.
pub const EMAIL: &str = "user@example.com";

/// Its password.
pub const PASSWORD: &str = "password";

/// How long its VMs take until they run.
pub const CREATE_TIME: Duration = Duration::from_secs(3);

/// How many VMs it may have.
pub const VM_LIMIT: u64 = 40;

/// A way from the SDK to the service.
#[derive(Debug, Clone, Copy)]
pub enum Backend {
    /// Over a socket, by reqwest.
    Reqwest,
    /// Over a socket, by hyper.
    Hyper,
    /// Without a socket.
    InProcess,
}

/// A running service and a client for it.
pub struct Service {
    /// The API as the backend under test gives it.
    pub api: Arc<dyn Api>,
    /// The service's time.
    pub clock: ManualClock,
    /// The base URL of the API.
    pub endpoint: String,
    backend: Backend,
    cloud: Arc<Cloud>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    worker: JoinHandle<()>,
    _dir: TempDir,
}

impl Service {
    /// Starts a service and connects to it over `backend`.
    pub async fn start(backend: Backend) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::new("2015-01-14T16:36:31Z".parse().unwrap());
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let compute = Arc::new(Simulator::new(time.clone(), CREATE_TIME));
        let parts = Parts {
            compute,
            clock: time,
            ids: Ids::random(),
            backups: BackupPolicy::default(),
        };
        let cloud = Cloud::open(dir.path(), parts).await.unwrap();
        let account = FirstAccount {
            email: Some(EMAIL.into()),
            password: Some(PASSWORD.into()),
            vm_limit: Some(VM_LIMIT),
        };
        cloud
            .first_account(account, LocalProfile::new(dir.path()))
            .await
            .unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/api/v1", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let until = async {
            let _ = stopped.await;
        };
        let server = tokio::spawn(serve(
            Listener::plain(listener),
            router(cloud.clone(), &api_options()),
            Limits::default(),
            until,
        ));
        let worker = cloud.start_worker();
        let api = connect(backend, &endpoint, &cloud, PASSWORD);
        Self {
            api,
            clock,
            endpoint,
            backend,
            cloud,
            stop,
            server,
            worker,
            _dir: dir,
        }
    }

    /// A client with another password.
    pub fn with_password(&self, password: &str) -> Arc<dyn Api> {
        connect(self.backend, &self.endpoint, &self.cloud, password)
    }

    /// Stops the service, which must end by itself.
    pub async fn stop(self) {
        drop(self.api);
        self.cloud.begin_close();
        self.stop.send(()).unwrap();
        self.server.await.unwrap();
        self.worker.await.unwrap();
        self.cloud.close().await;
    }
}

/// Those of a service.
fn api_options() -> ApiOptions {
    ApiOptions {
        keep_answers: true,
        ..ApiOptions::default()
    }
}

fn connect(backend: Backend, endpoint: &str, cloud: &Arc<Cloud>, password: &str) -> Arc<dyn Api> {
    let credentials = Credentials::basic(EMAIL, password.to_owned().into()).unwrap();
    let builder = Client::builder()
        .endpoint(endpoint.parse().unwrap())
        .credentials(credentials);
    let options = TransportOptions::default().without_proxies();
    let builder = match backend {
        Backend::Reqwest => builder.transport(ReqwestTransport::new(&options).unwrap()),
        Backend::Hyper => builder.transport(HyperTransport::new(&options).unwrap()),
        Backend::InProcess => {
            let router = router(cloud.clone(), &api_options());
            builder.transport(InProcessTransport::new::<axum::body::Body>(router))
        }
    };
    Arc::new(builder.build().unwrap())
}
