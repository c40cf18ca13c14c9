//! `vm console` and `vm vnc`: what a VM on this machine shows, and what is typed there.

#[cfg_attr(all(feature = "serve", target_os = "linux"), path = "console/here.rs")]
#[cfg_attr(
    not(all(feature = "serve", target_os = "linux")),
    path = "console/absent.rs"
)]
mod here;

use std::path::{Path, PathBuf};

use clap::Args;
use cloudsfor_core::Api;
use cloudsfor_types::{Vm, VmFeature, VmSelector, VmStatus};

use super::find::find;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::terminal::Terminal;

/// Which VM's console.
#[derive(Args)]
pub(crate) struct At {
    /// The VM's name or id; `name:` and `id:` before it say which
    vm: VmSelector,
}

/// Which VM's display.
#[derive(Args)]
pub(crate) struct Display {
    /// The VM's name or id; `name:` and `id:` before it say which
    vm: VmSelector,

    /// Show it, by vncviewer
    #[arg(long)]
    open: bool,
}

pub(crate) async fn console(
    api: &dyn Api,
    args: &At,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let vm = real(api, &args.vm, global).await?;
    here::console(&vm, global, terminal).await
}

pub(crate) async fn vnc(
    api: &dyn Api,
    args: &Display,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let vm = real(api, &args.vm, global).await?;
    let socket = here::display(&vm, global)?;
    if args.open {
        return open(&vm, &socket, terminal);
    }
    let quoted = |path: &Path| crate::args::quote(&path.to_string_lossy());
    let (dir, file) = in_its_directory(&socket);
    // Linux takes no longer paths of sockets.
    let command = match socket.as_os_str().len() {
        ..=107 => format!("vncviewer {}", quoted(&socket)),
        _ => format!("(cd {} && vncviewer {})", quoted(dir), quoted(&file)),
    };
    output::line(terminal, &socket.to_string_lossy())?;
    terminal.note(&format!("To see it: {command} (of TigerVNC)"));
    Ok(Exit::Done)
}

/// The directory of a socket, and how it is named there: with a slash, by which a viewer
/// knows that it is no host.
fn in_its_directory(socket: &Path) -> (&Path, PathBuf) {
    let dir = socket.parent().unwrap_or(Path::new("/"));
    let name = socket.file_name().unwrap_or_default();
    (dir, Path::new(".").join(name))
}

fn open(vm: &Vm, socket: &Path, terminal: &mut Terminal) -> Result<Exit, Failure> {
    terminal.flush()?;
    let (dir, file) = in_its_directory(socket);
    let mut viewer = crate::child::command("vncviewer");
    let status = viewer
        .current_dir(dir)
        .arg(file)
        .status()
        .map_err(|error| {
            failed(vm, &format!("vncviewer can't be run: {error}"))
                .next("install TigerVNC's viewer")
        })?;
    Ok(Exit::of_child(status))
}

/// The VM, if it is a real one that runs.
async fn real(api: &dyn Api, selector: &VmSelector, global: &Global) -> Result<Vm, Failure> {
    let vm = find(api, selector, global, "can't get to the VM").await?;
    if vm.features.contains(&VmFeature::Simulated) {
        let why = "it is simulated: there is nothing inside that could show anything";
        return Err(failed(&vm, why).next("use a cloud whose VMs are real"));
    }
    if vm.status != VmStatus::Running {
        let start = global.command(&format!("vm start {}", vm.name));
        let why = format!("it is {}", vm.status);
        return Err(failed(&vm, &why).next(format!("to start it: {start}")));
    }
    Ok(vm)
}

fn failed(vm: &Vm, why: &str) -> Failure {
    let what = format!("can't get to the VM {} ({})", vm.name, vm.id);
    Failure::new(Exit::Conflict, what, why).about(&vm.id)
}
