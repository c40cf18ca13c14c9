//! `serve switch`: started by the service itself, for each private network of real VMs.

use std::net::Ipv4Addr;

use clap::Args;
use cloudsfor_server::compute::qemu::run_switch;
use cloudsfor_types::NetworkId;

use crate::exit::Exit;
use crate::failure::Failure;

/// Which network's.
#[derive(Args)]
pub(crate) struct Switch {
    /// The network's id, by which it is known among processes
    network: NetworkId,

    /// The network's own address
    address: Ipv4Addr,
}

pub(super) async fn run(args: &Switch) -> Result<Exit, Failure> {
    run_switch(args.address).await.map_err(|error| {
        let what = format!("there is no switch for the network {}", args.network);
        Failure::new(Exit::Error, what, error.to_string())
            .next("leave it to the service, which starts it when a VM is in the network")
    })?;
    Ok(Exit::Done)
}
