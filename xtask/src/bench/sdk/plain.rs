//! A VM's attributes in structs as anybody would write them: what the SDK's own are
//! held against. Timestamps and addresses are parsed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
pub(super) struct VmAnswer {
    pub(super) vm: Vm,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is what is measured")]
pub(super) struct VmList {
    vms: Vec<Vm>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is what is measured")]
pub(super) struct Vm {
    pub(super) id: String,
    name: String,
    memory: f64,
    vcpus: u64,
    disk: u64,
    locked: bool,
    status: String,
    plan: Option<String>,
    #[serde(deserialize_with = "timestamp")]
    created_at: jiff::Timestamp,
    features: Vec<String>,
    backup_ids: Vec<String>,
    snapshot_ids: Vec<String>,
    image: Option<Image>,
    region: Option<Region>,
    networks: Option<Networks>,
    labels: Option<BTreeMap<String, String>>,
    protected: Option<bool>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is what is measured")]
struct Image {
    id: Option<String>,
    distro: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is what is measured")]
struct Region {
    name: String,
    country: Option<String>,
    coordinates: Option<Coordinates>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is what is measured")]
struct Coordinates {
    lat: Option<f64>,
    lng: Option<f64>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is what is measured")]
struct Networks {
    #[serde(default)]
    v4: Vec<Address>,
    #[serde(default)]
    v6: Vec<Address>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is what is measured")]
struct Address {
    ip_address: IpAddr,
    netmask: Option<String>,
    gateway: Option<String>,
    r#type: Option<String>,
}

fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<jiff::Timestamp, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}
