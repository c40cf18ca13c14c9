//! What the examples have in common.

use std::env::VarError;
use std::error::Error;

use cloudsfor_core::{Client, Credentials};

/// A client of the cloud that the environment names: `CLOUDSFOR_ENDPOINT`,
/// `CLOUDSFOR_EMAIL` and `CLOUDSFOR_PASSWORD`.
pub(crate) fn client() -> Result<Client, Box<dyn Error>> {
    let set =
        |name: &str| std::env::var(name).map_err(|error: VarError| format!("{name}: {error}"));
    let credentials =
        Credentials::basic(set("CLOUDSFOR_EMAIL")?, set("CLOUDSFOR_PASSWORD")?.into())?;
    Ok(Client::reqwest(
        set("CLOUDSFOR_ENDPOINT")?.parse()?,
        credentials,
    )?)
}
