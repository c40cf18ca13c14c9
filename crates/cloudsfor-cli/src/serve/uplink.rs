//! `serve uplink`: started by the service itself, for each real VM that isn't on a bridge.

use clap::Args;
use cloudsfor_server::compute::qemu::run_uplink;

use crate::exit::Exit;
use crate::failure::Failure;

/// Nothing is asked.
#[derive(Args)]
pub(crate) struct Uplink {}

pub(super) async fn run() -> Result<Exit, Failure> {
    run_uplink().await.map_err(|error| {
        Failure::new(
            Exit::Error,
            "there is no way out of a VM",
            error.to_string(),
        )
        .next("leave it to the service, which starts it with each VM")
    })?;
    Ok(Exit::Done)
}
