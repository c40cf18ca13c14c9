//! `serve backup` and `serve restore`: copies of a cloud's state.

use std::path::{Path, PathBuf};

use clap::Args;
use cloudsfor_server::admin::{Admin, AdminError};

use super::admin_exit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Where to write a copy.
#[derive(Args)]
pub(crate) struct Backup {
    /// The file to make; it must not exist
    file: PathBuf,
}

/// Which copy to put back.
#[derive(Args)]
pub(crate) struct Restore {
    /// A file that `cloudsfor serve backup` made
    file: PathBuf,

    /// Put it in the place of the cloud that is there, whose state is kept beside it
    #[arg(long)]
    replace: bool,
}

pub(super) fn backup(
    admin: &Admin,
    args: &Backup,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let file = args.file.display();
    admin.backup(&args.file).map_err(|error| {
        let what = format!("no backup was made in {file}");
        Failure::new(Exit::Error, what, error.to_string())
            .next("name a new file on a disk with enough space")
    })?;
    terminal.note(&format!(
        "The cloud as it was at one moment is in {file}, with hashes of passwords: keep it safe."
    ));
    Ok(Exit::Done)
}

pub(super) fn restore(
    data_dir: &Path,
    args: &Restore,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let dir = data_dir.display();
    let replaced = Admin::restore(data_dir, &args.file, args.replace).map_err(|error| {
        let what = format!("nothing was restored to {dir}");
        let failure = Failure::new(admin_exit(&error), what, error.to_string());
        match error {
            AdminError::Exists(_) => failure.next("repeat the command with --replace if it may go"),
            _ => failure,
        }
    })?;
    terminal.note(&format!(
        "The cloud in {dir} is that of {} now.",
        args.file.display()
    ));
    if let Some(replaced) = replaced {
        terminal.note(&format!(
            "What was there before is kept in {}.",
            replaced.display()
        ));
    }
    Ok(Exit::Done)
}
