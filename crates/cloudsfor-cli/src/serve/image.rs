//! `serve image`: the public images that real VMs are made of.

mod pull;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cloudsfor_server::compute::qemu::{ImageError, Images, Index, InstalledImage};
use serde::Serialize;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::table::Column;
use crate::output::{self, Resource};
use crate::terminal::Terminal;

/// What can be done with images.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Show what is installed, and what can be pulled
    List,
    /// Download an image of the index, verify and install it
    ///
    /// A download that was cut off is taken up where it ended. The index comes with
    /// the program; entries of `images.toml` in the data directory go before it.
    Pull(pull::Pull),
    /// Install a file as an image
    Import(Import),
    /// Remove an image; VMs that were made from it keep what they need
    Remove(Remove),
}

/// Which file, under which name.
#[derive(Args)]
pub(crate) struct Import {
    /// The identifier that VMs are created with: debian-13
    name: String,

    /// A disk image: qcow2, raw, vmdk, vdi, vhdx or vpc
    file: PathBuf,

    /// What people read
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// The SHA-256 that the file must have, in hex
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,
}

/// Which image.
#[derive(Args)]
pub(crate) struct Remove {
    /// Its identifier
    name: String,
}

pub(super) async fn run(
    dir: &Path,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let images = Images::open(dir).map_err(|error| failure("there can be no images", &error))?;
    match verb {
        Verb::List => list(dir, &images, global, terminal),
        Verb::Pull(args) => pull::pull(dir, &images, args, terminal).await,
        Verb::Import(args) => import(&images, args, terminal).await,
        Verb::Remove(args) => {
            let removed = images.remove(&args.name);
            removed.map_err(|error| failure("no image was removed", &error))?;
            terminal.note(&format!("Removed the image {}.", args.name));
            Ok(Exit::Done)
        }
    }
}

async fn import(images: &Images, args: &Import, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let description = args.description.as_deref().unwrap_or(&args.name);
    let source = args.file.display().to_string();
    let sha256 = args.sha256.as_deref();
    let installed = images
        .install(&args.name, description, &args.file, &source, sha256)
        .await
        .map_err(|error| failure("no image was installed", &error))?;
    say_installed(&installed, terminal);
    Ok(Exit::Done)
}

fn say_installed(image: &InstalledImage, terminal: &mut Terminal) {
    terminal.note(&format!(
        "Installed the image {} ({}): VMs of it need a disk of {} GB at least.",
        image.name, image.description, image.min_disk
    ));
}

fn list(
    dir: &Path,
    images: &Images,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let index = index(dir)?;
    let installed = images.list();
    let mut items: Vec<_> = installed.iter().map(Item::installed).collect();
    for entry in index.entries() {
        if items.iter().all(|item| item.name != entry.name) {
            items.push(Item {
                name: entry.name.clone(),
                installed: false,
                min_disk: None,
                description: entry.description.clone(),
                source: entry.url.clone(),
                verified: Some(entry.verified),
            });
        }
    }
    output::list(terminal, &global.view, &items)?;
    Ok(Exit::Done)
}

fn index(dir: &Path) -> Result<Index, Failure> {
    Index::of(dir).map_err(|error| {
        Failure::new(
            Exit::Usage,
            "the index of images can't be used",
            error.to_string(),
        )
        .next("mend that file, or remove it")
    })
}

fn failure(what: &str, error: &ImageError) -> Failure {
    let exit = match error {
        ImageError::Name(_) => Exit::Usage,
        ImageError::NotFound(_) => Exit::NotFound,
        _ => Exit::Error,
    };
    let failure = Failure::new(exit, what, error.to_string());
    match error {
        ImageError::NotFound(_) => failure.next("to see what there is: cloudsfor serve image list"),
        _ => failure,
    }
}

/// An image that is installed or can be.
#[derive(Serialize)]
struct Item {
    name: String,
    installed: bool,
    min_disk: Option<u32>,
    description: String,
    source: String,
    /// Whether whoever lists the address has tried it; nothing of what is here, which
    /// was verified when it came.
    verified: Option<bool>,
}

impl Item {
    fn installed(image: &InstalledImage) -> Self {
        Self {
            name: image.name.clone(),
            installed: true,
            min_disk: Some(image.min_disk),
            description: image.description.clone(),
            source: image.source.clone(),
            verified: None,
        }
    }
}

impl Resource for Item {
    const NOUN: &'static str = "image";

    const ATTRIBUTES: &'static [&'static str] = &[
        "name",
        "installed",
        "min_disk",
        "description",
        "source",
        "verified",
    ];

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", |item: &Self, cell| cell.text(&item.name)),
        Column::new("INSTALLED", |item: &Self, cell| {
            cell.yes_or_no(item.installed);
        }),
        Column::new("MIN-DISK", |item: &Self, cell| match item.min_disk {
            Some(disk) => cell.whole_gigabytes(u64::from(disk)),
            None => cell.optional_text(None),
        })
        .right(),
        Column::new("DESCRIPTION", |item: &Self, cell| {
            cell.text(&item.description);
        })
        .elastic(),
        Column::new("ADDRESS", |item: &Self, cell| {
            cell.optional_text(item.verified.map(
                |tried| {
                    if tried { "tried" } else { "not tried" }
                },
            ));
        })
        .rank(1),
        Column::new("SOURCE", |item: &Self, cell| cell.text(&item.source)).rank(1),
    ];

    fn id(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }

    fn name(&self) -> &str {
        &self.name
    }
}
