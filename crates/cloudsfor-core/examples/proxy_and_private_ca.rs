//! A network of one's own: the proxy that the environment names (`HTTPS_PROXY`), an
//! authority of one's own (the file that `CLOUDSFOR_CA_FILE` names, in PEM), and
//! more patience in connecting.

mod support;

use std::error::Error;
use std::time::Duration;

use cloudsfor_core::transport::{ReqwestTransport, TransportOptions};
use cloudsfor_core::{Accounts, CallOptions, Client};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut options = TransportOptions::default().with_connect_timeout(Duration::from_secs(10));
    if let Some(file) = std::env::var_os("CLOUDSFOR_CA_FILE") {
        options = options.with_root_certificates(&std::fs::read(file)?)?;
    }
    let client = Client::builder()
        .endpoint(support::endpoint()?)
        .credentials(support::credentials())
        .transport(ReqwestTransport::new(&options)?)
        .build()?;
    let account = client.get_account(&CallOptions::default()).await?;
    println!("{}", account.email);
    Ok(())
}
