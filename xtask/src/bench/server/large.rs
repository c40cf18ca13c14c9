//! A service with 100,000 VMs, against itself with 100.

use super::load::Clients;
use super::{Error, Service, request};
use crate::bench::Report;
use crate::bench::measure::paired;

const ROUNDS: usize = 9;

/// So many at once that it doesn't matter which thread serves which.
const CLIENTS: usize = 16;

pub(super) fn measure(report: &mut Report) -> Result<(), Error> {
    let (small, large) = (Service::start()?, Service::start()?);
    let (of_small, of_large) = (small.add(100)?, large.add(100_000)?);
    let mut compare = |what: &str, small_path: &str, large_path: &str, requests, limit| {
        let mut many = Clients::connect(large.address, CLIENTS, request("GET", large_path, ""))?;
        let mut few = Clients::connect(small.address, CLIENTS, request("GET", small_path, ""))?;
        let pair = paired(ROUNDS, || many.send(requests), || few.send(requests));
        report.at_most(
            what,
            pair.ratio,
            limit,
            "x",
            format!("{:?} for {requests}", pair.first),
        );
        Ok::<_, Error>(())
    };
    let one = |id: &str| format!("/vms/{id}");
    compare(
        "GET a VM of 100,000, against of 100",
        &one(&of_small),
        &one(&of_large),
        16_000,
        1.2,
    )?;
    let page = "/vms?per_page=100";
    compare(
        "a page of 100 of 100,000, against of 100",
        page,
        page,
        400,
        1.5,
    )
}
