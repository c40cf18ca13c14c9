//! GET of a VM by many clients.

use bytes::Bytes;
use tokio::runtime::Runtime;

use super::load::Clients;
use super::{CONNECTIONS, Error, Service, limit, request};
use crate::bench::Report;
use crate::bench::measure::paired;

/// Requests in a round.
const REQUESTS: usize = 12_800;
const ROUNDS: usize = 9;

pub(super) fn measure(report: &mut Report) -> Result<(), Error> {
    let service = Service::start()?;
    let id = service.add(100)?;
    let vm = service.cloud.read(|c| {
        cloudsfor_server::cloud::vms::get(c, cloudsfor_server::store::accounts::AccountId(1), &id)
    })?;
    let answer = Bytes::from(serde_json::to_vec(
        &serde_json::json!({"vm": vm, "links": {}}),
    )?);
    let get = request("GET", &format!("/vms/{id}"), "");
    let limits = Runtime::new()?;
    let store = service.store();
    for (what, read, limit) in [
        ("GET a VM, against axum and fixed bytes", None, 1.0 / 0.6),
        (
            "GET a VM, against the same and one read",
            Some((store.as_path(), id.as_str())),
            1.0 / 0.85,
        ),
    ] {
        let least = limit::start(&limits, answer.clone(), read)?;
        let mut ours = Clients::connect(service.address, CONNECTIONS, get.clone())?;
        let mut bare = Clients::connect(least, CONNECTIONS, get.clone())?;
        let pair = paired(ROUNDS, || ours.send(REQUESTS), || bare.send(REQUESTS));
        let each_second = |time: std::time::Duration| REQUESTS as f64 / time.as_secs_f64();
        let notes = format!(
            "{:.0}/s against {:.0}/s, {CONNECTIONS} connections",
            each_second(pair.first),
            each_second(pair.second)
        );
        report.at_most(what, pair.ratio, limit, "x", notes);
    }
    Ok(())
}
