//! Regions: where VMs run.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use clap::Subcommand;
use cloudsfor_core::Api;
use cloudsfor_types::{Coordinates, Region};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lists::{every_page, show};
use crate::output::Resource;
use crate::output::table::Column;
use crate::terminal::Terminal;

/// What can be done with regions.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List regions: their names are what `vm create --region` takes
    List,
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let Verb::List = verb;
    let call = global.call();
    let fetch = async |page| api.list_regions(&page, &call).await;
    let regions = every_page("the regions can't be listed", fetch).await?;
    show(&regions, "There is no region.", global, terminal)
}

impl Resource for Region {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", |region: &Self, cell| cell.text(&region.name)),
        Column::new("COUNTRY", |region: &Self, cell| {
            cell.optional_text(region.country.as_deref());
        })
        .rank(1),
        Column::new("COORDINATES", |region: &Self, cell| {
            cell.text(&place(region.coordinates.as_ref()));
        })
        .rank(0),
        Column::new("DESCRIPTION", |region: &Self, cell| {
            cell.optional_text(region.description.as_deref());
        })
        .elastic(),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }

    fn name(&self) -> &str {
        &self.name
    }
}

fn place(coordinates: Option<&Coordinates>) -> String {
    match coordinates.map(|place| (place.lat, place.lng)) {
        Some((Some(lat), Some(lng))) => format!("{lat}, {lng}"),
        _ => String::new(),
    }
}
