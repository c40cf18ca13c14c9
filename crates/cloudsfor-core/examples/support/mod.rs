//! What the examples have in common: the cloud that the environment names, by
//! `CLOUDSFOR_ENDPOINT`, `CLOUDSFOR_EMAIL` and `CLOUDSFOR_PASSWORD`.
#![allow(dead_code, reason = "no example needs all of it")]

use std::error::Error;

use cloudsfor_core::credentials::EnvironmentCredentials;
use cloudsfor_core::{Client, Endpoint};

pub(crate) fn client() -> Result<Client, Box<dyn Error>> {
    Ok(Client::reqwest(endpoint()?, credentials())?)
}

pub(crate) fn endpoint() -> Result<Endpoint, Box<dyn Error>> {
    let text = std::env::var("CLOUDSFOR_ENDPOINT");
    Ok(text
        .map_err(|error| format!("CLOUDSFOR_ENDPOINT: {error}"))?
        .parse()?)
}

pub(crate) fn credentials() -> EnvironmentCredentials {
    EnvironmentCredentials::new()
}
