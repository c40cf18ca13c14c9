//! Images: the public ones, which the API calls distros.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use clap::Subcommand;
use cloudsfor_core::Api;
use cloudsfor_types::{Distro, ImageType};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lists::{every_page, show};
use crate::output::Resource;
use crate::output::table::Column;
use crate::terminal::Terminal;

/// What can be done with images.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List public images: their names are what `vm create --image` takes
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
    let fetch = async |page| api.list_distros(&page, &call).await;
    let images = every_page("the images can't be listed", fetch).await?;
    show(&images, "There is no image.", global, terminal)
}

impl Resource for Distro {
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
