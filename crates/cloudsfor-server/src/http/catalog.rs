//! `/regions` and `/distros`

use cloudsfor_types::{DistroList, RegionList};

use super::call::{Answer, Call, ok};
use crate::cloud::catalog;
use crate::store::window::Position;

pub(super) async fn list_regions(call: Call) -> Answer {
    let listed = call.listing()?.answer_from_all(placed(catalog::regions()));
    ok(&RegionList {
        links: listed.some_links(),
        regions: listed.items,
        meta: listed.meta,
        extra: Default::default(),
    })
}

pub(super) async fn list_distros(call: Call) -> Answer {
    let distros = catalog::distros(call.cloud.compute());
    let listed = call.listing()?.answer_from_all(placed(distros));
    ok(&DistroList {
        links: listed.some_links(),
        distros: listed.items,
        meta: listed.meta,
        extra: Default::default(),
    })
}

/// What the service has had from its beginning is in the order in which it is
/// written down.
fn placed<T>(items: Vec<T>) -> Vec<(Position, T)> {
    let position = |index: usize| Position {
        time: 0,
        id: format!("{index:04}"),
    };
    items
        .into_iter()
        .enumerate()
        .map(|(index, item)| (position(index), item))
        .collect()
}
