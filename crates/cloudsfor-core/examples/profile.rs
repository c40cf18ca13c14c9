//! A program that goes where its user's command line goes: by the environment, or
//! by a profile, `profile [NAME]`.

use std::error::Error;

use cloudsfor_core::profile::Given;
use cloudsfor_core::{Accounts, CallOptions, Client};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let given = Given {
        profile: std::env::args().nth(1),
        ..Given::default()
    };
    let resolved = given.resolve()?;
    let client = Client::builder()
        .endpoint(resolved.endpoint.clone().unwrap_or_default())
        .credentials(resolved)
        .build()?;
    let account = client.get_account(&CallOptions::default()).await?;
    println!("{} at {}", account.email, client.endpoint());
    Ok(())
}
