//! The service, with a cloud of the test's own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cloudsfor_server::cloud::{
    Cloud, CloudError, FirstAccount, NameService, Parts, domains, records,
};
use cloudsfor_server::dns::{DnsLimits, DnsListener};
use cloudsfor_server::local_profile::LocalProfile;
use cloudsfor_tests::service::{EMAIL, PASSWORD};
use cloudsfor_types::{CreateDomain, RecordSpec};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) struct Ours {
    pub(crate) address: SocketAddr,
    cloud: Arc<Cloud>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
    _dir: TempDir,
}

impl Ours {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let parts = Parts::simulated(Duration::from_millis(1));
        let cloud = Cloud::open(dir.path(), parts).await.unwrap();
        let account = FirstAccount {
            email: Some(EMAIL.into()),
            password: Some(PASSWORD.into()),
            vm_limit: Some(10),
        };
        let profile = LocalProfile::new(dir.path());
        cloud.first_account(account, profile).await.unwrap();
        let names = NameService {
            addresses: vec![
                "192.0.2.53".parse().unwrap(),
                "2001:db8::53".parse().unwrap(),
            ],
            ..NameService::default()
        };
        cloud.keep_name_service(names).await.unwrap();
        let listener = DnsListener::bind("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let address = listener.address();
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let limits = DnsLimits {
            answers_per_second: 0,
            ..DnsLimits::default()
        };
        let ended = tokio::spawn(listener.serve(cloud.clone(), limits, stopped));
        Self {
            address,
            cloud,
            stop,
            ended,
            _dir: dir,
        }
    }

    /// The service's own zone and its file.
    pub(crate) fn own_zone(&self) -> (String, String) {
        let names = self.cloud.name_service().unwrap();
        let (server, hostmaster) = (names.server(), names.hostmaster());
        let file = format!(
            "$ORIGIN {}.\n$TTL 1800\n\
             @ IN SOA {server} {hostmaster} 1 10800 3600 604800 1800\n@ IN NS {server}\n\
             ns1 IN A 192.0.2.53\nns1 IN AAAA 2001:db8::53\n",
            names.name
        );
        (names.name, file)
    }

    /// Makes a domain with those of the records that the service takes; its zone file.
    pub(crate) async fn load(&self, origin: &str, specs: Vec<RecordSpec>) -> String {
        let origin = origin.to_owned();
        let made = self.cloud.write(move |tx| {
            let account = cloudsfor_server::store::accounts::AccountId(1);
            let request = CreateDomain {
                name: origin.clone(),
                ip_address: None,
            };
            domains::create(tx, account, &request)?;
            for spec in specs {
                // Names that are too long together.
                let Ok(spec) = spec.in_domain(&origin) else {
                    continue;
                };
                match records::create(tx, account, &origin, &spec) {
                    Ok(_) | Err(CloudError::Conflict(_) | CloudError::Refused { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            domains::get(tx.connection, account, &origin)
        });
        made.await.unwrap().zone_file.unwrap()
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap();
        self.cloud.close().await;
    }
}
