//! Images: the public ones, which the API calls distros.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use clap::Subcommand;
use cloudsfor_core::{Api, CallOptions, Error, ErrorKind, Page, PageRequest};
use cloudsfor_types::operations::{LIST_DISTROS, Operation};
use cloudsfor_types::{Distro, ImageType};

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

/// What can be done with images.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List public images: their names are what `vm create --image` takes
    List(Listing),
    /// Show an image
    Get(Showing<Selector>),
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    match verb {
        Verb::List(args) => list(&Images, api, args, global, terminal).await,
        Verb::Get(args) => get(&Images, api, args, global, terminal).await,
    }
}

/// The public images.
pub(crate) struct Images;

impl Collection for Images {
    type Item = Distro;

    fn operation(&self) -> Operation {
        LIST_DISTROS
    }

    fn none(&self) -> String {
        "There is no image.".into()
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Distro>, Error> {
        api.list_distros(page, call).await
    }
}

impl Findable for Images {
    type Id = String;
    type Selector = Selector;

    fn id(selector: &Selector) -> Option<&str> {
        selector.id(|_| false)
    }

    async fn get(&self, api: &dyn Api, id: &String, call: &CallOptions) -> Result<Distro, Error> {
        let mut items = every(self, api, call).await?.into_iter();
        items.find(|item| item.id() == id.as_str()).ok_or_else(|| {
            let message = format!("no image has the id {id:?}");
            Error::new(ErrorKind::NotFound, LIST_DISTROS.name, message)
        })
    }
}

impl Resource for Distro {
    const NOUN: &'static str = "image";

    const ATTRIBUTES: &'static [&'static str] = Distro::ATTRIBUTES;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", |distro: &Self, cell| cell.text(&distro.name)),
        Column::new("TYPE", |distro: &Self, cell| {
            cell.optional_text(distro.image_type.as_ref().map(ImageType::as_str));
        })
        .rank(1),
        Column::new("ID", |distro: &Self, cell| cell.text(&distro.id)).rank(0),
        Column::new("DESCRIPTION", |distro: &Self, cell| {
            cell.optional_text(distro.description.as_deref());
        })
        .elastic(),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.id.as_str().into()
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Described for Distro {
    fn details(&self, details: &mut Details) {
        details.line("Name", |cell| cell.text(&self.name));
        details.line("ID", |cell| cell.text(&self.id));
        details.line("Type", |cell| {
            cell.optional_text(self.image_type.as_ref().map(ImageType::as_str));
        });
        details.line("Description", |cell| {
            cell.optional_text(self.description.as_deref());
        });
    }
}
