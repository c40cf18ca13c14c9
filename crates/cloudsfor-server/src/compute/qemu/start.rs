//! Starting a machine's QEMU, with a way in.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::process::Stdio;

use command_fds::CommandFdExt;
use tokio::process::Command;

use super::arguments::{Outside, arguments};
use super::disks::fault;
use super::places::{DISK, SSH_PORT};
use super::tap::tap;
use super::turn::turn;
use super::{Qemu, SYSTEM, acceleration, process};
use crate::compute::{ComputeError, Machine};

/// The ports that are tried for SSH, before any that is free.
const SSH_PORTS: [u16; 2] = [22, 2222];

/// How often a start is tried while ports are taken by others meanwhile.
const TRIES: u32 = 5;

/// What QEMU says then.
const PORT_IS_TAKEN: &str = "host forwarding rule";

impl Qemu {
    /// Starts a machine that is off.
    pub(super) async fn start(&self, machine: &Machine) -> Result<(), ComputeError> {
        let dir = self.places.vm(&machine.id);
        if !dir.join(DISK).exists() {
            return Err(ComputeError(
                "it has no disk on this host: rebuild it, or restore a snapshot".into(),
            ));
        }
        let turn = turn(&dir).await?;
        if process::runs(&dir, machine.id.as_str()) {
            return Ok(());
        }
        self.write_seed(machine)?;
        self.enter_networks(machine).await?;
        let interfaces = self.interfaces(machine).await?;
        let found = acceleration::find(self.places.root()).await;
        let acceleration = found.map_err(|error| not_run(&error))?.acceleration;
        let with = |outside| arguments(machine, &interfaces, outside, acceleration);
        let said = match &machine.bridge {
            Some(bridge) => {
                let tap = tap(&bridge.name).await.map_err(|error| {
                    let advice = error.advice(&bridge.name);
                    ComputeError(format!("it can't be put on its bridge: {error}: {advice}"))
                })?;
                let arguments = with(Outside::Tap(tap.as_raw_fd()));
                launch(&dir, &turn, &arguments, Some(tap)).await?
            }
            None => launch_with_port(&dir, &turn, machine.address, with).await?,
        };
        match said {
            None => Ok(()),
            Some(said) => Err(ComputeError(format!("QEMU can't start it: {said}"))),
        }
    }
}

/// Starts QEMU with a port that leads to the VM's SSH; answers as [`launch`].
async fn launch_with_port(
    dir: &Path,
    turn: &File,
    address: Ipv4Addr,
    arguments: impl Fn(Outside) -> Vec<String>,
) -> Result<Option<String>, ComputeError> {
    let mut said = None;
    for _ in 0..TRIES {
        let port = free_port(dir, address)?;
        std::fs::write(dir.join(SSH_PORT), port.to_string())
            .map_err(|error| fault("the VM's port can't be written down", &error))?;
        said = launch(dir, turn, &arguments(Outside::Host(port)), None).await?;
        let is_taken = |said: &String| said.contains(PORT_IS_TAKEN);
        if !said.as_ref().is_some_and(is_taken) {
            break;
        }
    }
    Ok(said)
}

/// Starts QEMU, which goes into the background once it is ready and has the tap under
/// the same number as it has here; answers what it said if it failed.
async fn launch(
    dir: &Path,
    turn: &File,
    arguments: &[String],
    tap: Option<OwnedFd>,
) -> Result<Option<String>, ComputeError> {
    let turn = turn
        .try_clone()
        .map_err(|error| fault("the VM's directory can't be locked", &error))?;
    let mut command = Command::new(SYSTEM);
    command.preserved_fds(Vec::from_iter(tap));
    let started = command
        .current_dir(dir)
        .args(arguments)
        .stdin(turn)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    // `output` would have a standard output of its own.
    let output = async { started?.wait_with_output().await };
    let output = output.await.map_err(|error| not_run(&error))?;
    if output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or("it says nothing");
    Ok(Some(last.to_owned()))
}

fn not_run(error: &std::io::Error) -> ComputeError {
    ComputeError(format!(
        "{SYSTEM} can't be run ({error}): `cloudsfor serve doctor` says what to install"
    ))
}

/// The port that leads to a VM's SSH.
pub(super) fn ssh_port(dir: &Path) -> Option<u16> {
    let text = std::fs::read_to_string(dir.join(SSH_PORT)).ok()?;
    text.trim().parse().ok()
}

/// A port that nobody has: the one that it had before, if possible.
fn free_port(dir: &Path, address: Ipv4Addr) -> Result<u16, ComputeError> {
    let usual = ssh_port(dir).into_iter().chain(SSH_PORTS);
    for port in usual.chain([0]) {
        if let Ok(listener) = TcpListener::bind((address, port)) {
            let bound = listener.local_addr();
            return bound
                .map(|address| address.port())
                .map_err(|error| fault("a port can't be had", &error));
        }
    }
    Err(ComputeError(format!("no port can be had at {address}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_not_chosen() {
        let dir = tempfile::tempdir().unwrap();
        let address = Ipv4Addr::new(127, 127, 0, 9);
        let taken = TcpListener::bind((address, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        std::fs::write(dir.path().join(SSH_PORT), port.to_string()).unwrap();
        assert_eq!(ssh_port(dir.path()), Some(port));
        assert_ne!(free_port(dir.path(), address).unwrap(), port);
        drop(taken);
        assert_eq!(free_port(dir.path(), address).unwrap(), port);
    }
}
