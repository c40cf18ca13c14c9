//! `vm ssh`: the system's own ssh, told where to go.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use cloudsfor_core::Api;
use cloudsfor_types::{Vm, VmFeature, VmSelector, VmStatus, id};

use super::find::find;
use super::view::{main_address, ssh_port};
use crate::args::{Global, selector};
use crate::child;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// The account that a VM's keys are in.
pub(super) const ROOT: &str = "root";

/// Where SSH answers unless the VM says otherwise.
pub(super) const PORT: u16 = 22;

/// Where to go, and what to run there.
#[derive(Args)]
pub(crate) struct Ssh {
    /// The VM's name or id; `name:` and `id:` before it say which
    vm: VmSelector,

    /// The account to log in to
    #[arg(short, long, default_value = ROOT)]
    user: String,

    /// The file with the private key; else ssh's own choice
    #[arg(short, long, value_name = "FILE")]
    identity: Option<PathBuf>,

    /// The port; else the one that the VM says, or 22
    #[arg(short, long)]
    port: Option<u16>,

    /// What to run there; a shell, if nothing
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs ssh in place of this command, and ends as it ends.
pub(super) async fn ssh(
    api: &dyn Api,
    args: &Ssh,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let vm = find(api, &args.vm, global, "can't log in to the VM").await?;
    let what = || format!("can't log in to the VM {} ({})", vm.name, vm.id);
    let refused = |why: &str, next: String| {
        Failure::new(Exit::Conflict, what(), why)
            .next(next)
            .about(&vm.id)
    };
    if vm.features.contains(&VmFeature::Simulated) {
        let why = "it is simulated: there is nothing inside that could answer";
        return Err(refused(why, "use a cloud whose VMs are real".into()));
    }
    if vm.status != VmStatus::Running {
        let why = format!("it is {}", vm.status);
        return Err(refused(
            &why,
            format!(
                "to start it: {}",
                global.command(&format!("vm start {}", selector(&vm.id)))
            ),
        ));
    }
    let Some(address) = main_address(&vm) else {
        return Err(refused(
            "it has no address",
            format!(
                "to look at it: {}",
                global.command(&format!("vm get {}", selector(&vm.id)))
            ),
        ));
    };
    let mut ssh = command(&vm, &args.user, true);
    if let Some(identity) = &args.identity {
        ssh.arg("-i").arg(identity);
    }
    let port = args.port.or_else(|| ssh_port(&vm)).unwrap_or(PORT);
    ssh.arg("-p").arg(port.to_string());
    // What follows is no option, whatever the server calls an address.
    ssh.arg("--").arg(address);
    ssh.args(&args.command);
    if global.dry_run {
        crate::output::line(terminal, &line(&ssh))?;
        return Ok(Exit::Done);
    }
    terminal.flush()?;
    let status = ssh.status().map_err(|error| not_started(&error))?;
    Ok(Exit::of_child(status))
}

/// ssh for an account, without the address yet. A new VM's first key is taken, whichever
/// VM had its address before; another one than before is refused. Only people may be
/// asked for anything.
pub(super) fn command(vm: &Vm, user: &str, may_ask: bool) -> Command {
    let mut command = child::command("ssh");
    command.args(["-o", "StrictHostKeyChecking=accept-new"]);
    // Of a hostile server's id nothing reaches ssh that could be read in another way.
    if id::is_canonical(vm.id.as_str()) {
        command.args(["-o", &format!("HostKeyAlias={}", vm.id)]);
    }
    if !may_ask {
        command.args(["-o", "BatchMode=yes"]);
    }
    command.arg("-l").arg(user);
    command
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| crate::args::quote(&word.to_string_lossy()));
    words.collect::<Vec<_>>().join(" ")
}

pub(super) fn not_started(error: &io::Error) -> Failure {
    Failure::new(Exit::Error, "ssh can't be run", error.to_string())
        .next("install OpenSSH, and see that `ssh` is in PATH")
}
