//! What the cloud does where real VMs are on a bridge.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_server::cloud::{Cloud, FirstAccount, Parts, Tx, networks};
use cloudsfor_server::compute::qemu::Qemu;
use cloudsfor_server::local_profile::LocalProfile;
use cloudsfor_types::CreateNetwork;

#[tokio::test]
async fn no_private_network_has_addresses_of_the_bridge() {
    let dir = tempfile::tempdir().unwrap();
    let bridge = "name = \"br0\"\nfirst = \"10.1.2.10\"\nlast = \"10.1.2.20\"\n\
                  prefix = 24\ngateway = \"10.1.2.1\"\n";
    std::fs::write(dir.path().join("bridge.toml"), bridge).unwrap();
    let parts = Parts {
        compute: Arc::new(Qemu::new(dir.path()).unwrap()),
        ..Parts::simulated(Duration::ZERO)
    };
    let cloud = Cloud::open(dir.path(), parts).await.unwrap();
    let profile = LocalProfile::new(dir.path());
    let found = cloud.first_account(FirstAccount::default(), profile).await;
    let account = found.unwrap().account.id;
    for subnet in ["0", "2", "3"] {
        let make = move |tx: &Tx<'_>| {
            let name = subnet.into();
            networks::create(tx, account, &CreateNetwork { name })
        };
        let network = cloud.write(make).await.unwrap();
        assert_eq!(network.tag.as_deref(), Some(subnet));
    }
    cloud.close().await;
}
