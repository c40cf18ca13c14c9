//! The SDK's numbers.

mod call;
mod decode;
mod plain;
mod socket;

pub(crate) use decode::{Decoder, decode_and_tell, list_of};

use super::Report;

/// A VM as the service answers it.
const VM: &str = r#"{"vm":{"id":"9a33ef4fec394360a88e3c60b78b5dbc","name":"example.com","memory":0.5,"vcpus":1,"disk":10,"locked":false,"status":"running","plan":"PLAN_ID_FIX","created_at":"2015-01-14T16:36:31Z","features":["simulated"],"backup_ids":[],"snapshot_ids":["014ae94db298555e71c18690ee42c90b"],"image":{"id":"7f24ffedfcfc9099fd3e05939a18ccbd","distro":"fedora-19","name":"Fedora 19"},"region":{"name":"moscow_01","country":"Russia","coordinates":{"lat":55.7558,"lng":37.6173},"description":"Moscow, first site"},"networks":{"v4":[{"ip_address":"100.64.0.2","netmask":"255.192.0.0","gateway":"100.64.0.1","type":"public"}]},"labels":{},"protected":false},"links":{}}"#;

/// Its id.
const ID: &str = "9a33ef4fec394360a88e3c60b78b5dbc";

pub(super) fn measure() -> Result<Report, Box<dyn std::error::Error>> {
    let mut report = Report::default();
    call::measure(&mut report)?;
    socket::measure(&mut report)?;
    decode::measure(&mut report)?;
    Ok(report)
}
