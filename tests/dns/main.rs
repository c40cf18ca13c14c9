//! The name service against another authoritative server, `nsd` from Debian: the
//! same zones, made at random, and the same questions by UDP and TCP.
//!
//! Without `nsd` the test says SKIPPED; with `CLOUDSFOR_TEST_DNS=required` that is a
//! failure. `CLOUDSFOR_DNS_SEED` and `CLOUDSFOR_DNS_ZONES` choose the zones: each test
//! prints both. What may differ, and why, is in `compare`.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod chance;
mod client;
mod compare;
mod nsd;
mod ours;
mod questions;
mod zone;

use chance::Chance;
use client::Way;
use hickory_proto::rr::Name;
use nsd::Nsd;
use ours::Ours;

/// Zones of a run, unless the environment says otherwise.
const ZONES: u64 = 8;

/// A number of the environment.
fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.parse().unwrap())
}

/// Whether there is nothing to compare with.
fn skipped() -> bool {
    if Nsd::is_installed() {
        return false;
    }
    let required = std::env::var("CLOUDSFOR_TEST_DNS").is_ok_and(|value| value == "required");
    assert!(
        !required,
        "nsd isn't installed: .ci/install-dns installs it"
    );
    println!("SKIPPED: nsd isn't installed");
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_zones_are_answered_as_by_another_server() {
    if skipped() {
        return;
    }
    let seed = number("CLOUDSFOR_DNS_SEED", 0x5eed);
    let zones = number("CLOUDSFOR_DNS_ZONES", ZONES);
    println!("CLOUDSFOR_DNS_SEED={seed} CLOUDSFOR_DNS_ZONES={zones}");
    let ours = Ours::start().await;
    let mut loaded = Vec::new();
    for index in 0..zones {
        let mut chance = Chance::new(seed.wrapping_add(index));
        let origin = zone::origin(&mut chance, index);
        let specs = zone::records(&mut chance, &origin);
        let zone_file = ours.load(&origin, specs).await;
        loaded.push((origin, zone_file));
    }
    loaded.push(ours.own_zone());
    let nsd = Nsd::start(&loaded);
    let full = |(origin, _): &(String, String)| Name::from_ascii(format!("{origin}.")).unwrap();
    let names: Vec<Name> = loaded.iter().map(full).collect();
    for (index, (origin, zone_file)) in loaded.iter().enumerate() {
        let mut chance = Chance::new(seed.wrapping_add(index as u64).rotate_left(32));
        let mut asked = 0;
        for (name, kind) in questions::of(origin, zone_file, &mut chance) {
            for way in [Way::tcp(), Way::any(&mut chance)] {
                let mine = client::ask(ours.address, &name, kind, way);
                let other = client::ask(nsd.address, &name, kind, way);
                if let Err(difference) = compare::same(&mine, &other, kind, way, &names) {
                    panic!(
                        "{name} {kind}, {way:?}, seed {seed}, zone {index}: {difference}\n\
                         here: {mine}\nnsd: {other}\n{zone_file}"
                    );
                }
                asked += 1;
            }
        }
        println!(
            "{origin}: {} lines, {asked} questions",
            zone_file.lines().count()
        );
    }
    ours.stop().await;
}
