//! `serve backup` and `serve restore`: copies of a cloud's state.

use std::path::{Path, PathBuf};

use clap::Args;
use cloudsfor_server::admin::{Admin, AdminError};

use super::admin_exit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Where to write a copy of the state: accounts, VMs, keys, networks, domains, usage.
///
/// The disks, images and snapshots of real VMs are not in it: they are in the folder
/// `qemu` of the data directory, which is copied by itself while no VM runs.
#[derive(Args)]
pub(crate) struct Backup {
    /// The file to make, which must not exist; `-` for standard output
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
    data_dir: &Path,
    args: &Backup,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let is_standard_output = args.file == Path::new("-");
    // The copy is made beside the store, where there is room for it and nobody looks.
    let aside = data_dir.join(format!("backup-{}", std::process::id()));
    let file = if is_standard_output {
        &aside
    } else {
        &args.file
    };
    let failed = |error: &dyn std::fmt::Display| {
        let what = format!("no backup was made in {}", args.file.display());
        Failure::new(Exit::Error, what, error.to_string())
            .next("name a new file on a disk with enough space")
    };
    admin.backup(file).map_err(|error| failed(&error))?;
    if is_standard_output {
        let copied = std::fs::File::open(&aside)
            .and_then(|mut copy| std::io::copy(&mut copy, terminal.out()));
        let _ = std::fs::remove_file(&aside);
        copied.map_err(|error| failed(&error))?;
    }
    let place = match is_standard_output {
        true => "was written to standard output".to_owned(),
        false => format!("is in {}", args.file.display()),
    };
    terminal.note(&format!(
        "The cloud as it was at one moment {place}, with hashes of passwords: keep it safe."
    ));
    let qemu = data_dir.join("qemu");
    if qemu.exists() {
        terminal.note(&format!(
            "The disks, images and snapshots of real VMs are not in it: copy {} too, while no VM \
             runs.",
            qemu.display()
        ));
    }
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
