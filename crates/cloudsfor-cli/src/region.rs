//! Regions: where VMs run.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use clap::Subcommand;
use cloudsfor_core::{Api, CallOptions, Error, ErrorKind, Page, PageRequest};
use cloudsfor_types::operations::{LIST_REGIONS, Operation};
use cloudsfor_types::{Coordinates, Region};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::get::{Showing, get};
use crate::kinds::list::{Listing, every, list};
use crate::kinds::selector::Selector;
use crate::kinds::{Collection, Findable};
use crate::output::table::Column;
use crate::output::{Described, Details, Resource};
use crate::terminal::Terminal;

/// What can be done with regions.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List regions: their names are what `vm create --region` takes
    List(Listing),
    /// Show a region
    Get(Showing<Selector>),
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    match verb {
        Verb::List(args) => list(&Regions, api, args, global, terminal).await,
        Verb::Get(args) => get(&Regions, api, args, global, terminal).await,
    }
}

/// Where VMs can run.
pub(crate) struct Regions;

impl Collection for Regions {
    type Item = Region;

    fn operation(&self) -> Operation {
        LIST_REGIONS
    }

    fn none(&self) -> String {
        "There is no region.".into()
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Region>, Error> {
        api.list_regions(page, call).await
    }
}

impl Findable for Regions {
    type Id = String;
    type Selector = Selector;

    fn id(selector: &Selector) -> Option<&str> {
        selector.id(|_| false)
    }

    async fn get(&self, api: &dyn Api, id: &String, call: &CallOptions) -> Result<Region, Error> {
        let mut items = every(self, api, call).await?.into_iter();
        items.find(|item| item.id() == id.as_str()).ok_or_else(|| {
            let message = format!("no region has the id {id:?}");
            Error::new(ErrorKind::NotFound, LIST_REGIONS.name, message)
        })
    }
}

impl Resource for Region {
    const NOUN: &'static str = "region";

    const ATTRIBUTES: &'static [&'static str] = Region::ATTRIBUTES;

    const WITHIN: &'static [&'static str] = &["coordinates.lat", "coordinates.lng"];

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

impl Described for Region {
    fn details(&self, details: &mut Details) {
        details.line("Name", |cell| cell.text(&self.name));
        details.line("Country", |cell| {
            cell.optional_text(self.country.as_deref());
        });
        details.line("Coordinates", |cell| {
            cell.text(&place(self.coordinates.as_ref()));
        });
        details.line("Description", |cell| {
            cell.optional_text(self.description.as_deref());
        });
    }
}

fn place(coordinates: Option<&Coordinates>) -> String {
    match coordinates.map(|place| (place.lat, place.lng)) {
        Some((Some(lat), Some(lng))) => format!("{lat}, {lng}"),
        _ => String::new(),
    }
}
