//! Starting a machine's QEMU, with a way in.
//!
//! How it was started is kept beside it, so that it can be started once more as it is,
//! without the store (see `life`).

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use serde::{Deserialize, Serialize};

use super::acceleration::Acceleration;
use super::arguments::{LEAVES, Outside, SENT, arguments, changed};
use super::disks::fault;
use super::places::{DISK, NOTICE, SSH_PORT, STARTED};
use super::programs;
use super::tap::tap;
use super::turn::turn;
use super::uplink::{Uplink, uplink};
use super::{Qemu, SYSTEM, acceleration, console_log, machine, process, sockets};
use crate::compute::{AccelerationChoice, ComputeError, Machine};

/// The ports that are tried for SSH, before any that is free.
const SSH_PORTS: [u16; 2] = [22, 2222];

/// How often a start is tried while ports are taken by others meanwhile.
const TRIES: u32 = 5;

/// How long what led to a VM's port before may take to end, and how often to look.
const OLD_PORT: Duration = Duration::from_secs(2);
const OLD_PORT_LOOK: Duration = Duration::from_millis(10);

/// A tap in QEMU, by its number among the open files there.
const TAP: i32 = 23;

/// What QEMU says then.
const PORT_IS_TAKEN: &str = "host forwarding rule";

/// How a machine was started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Started {
    pub(super) acceleration: Acceleration,
    /// The boot of the host that it was in.
    pub(super) boot: String,
    /// Whether it was started once more, emulated, in this boot.
    #[serde(default)]
    pub(super) again: bool,
    /// Whether it needs no more looks: it lives, or nothing helps.
    #[serde(default)]
    pub(super) is_settled: bool,
    pub(super) address: Ipv4Addr,
    pub(super) bridge: Option<String>,
    /// But for the other end of its public interface.
    pub(super) arguments: Vec<String>,
}

impl Started {
    /// How the machine of this directory was started last.
    pub(super) fn read(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(dir.join(STARTED)).ok()?).ok()
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), ComputeError> {
        let new = dir.join(format!("{STARTED}.new"));
        let text = serde_json::to_vec(self).expect("texts are JSON");
        let written = std::fs::write(&new, text);
        let put = written.and_then(|()| std::fs::rename(&new, dir.join(STARTED)));
        put.map_err(|error| fault("how the VM is started can't be written down", &error))
    }

    /// Starts the machine, which is off, in its turn.
    pub(super) async fn launch(
        &self,
        dir: &Path,
        turn: &File,
        networks: &Path,
    ) -> Result<(), ComputeError> {
        self.write(dir)?;
        console_log::begin(dir).map_err(|error| fault("the console's log can't begin", &error))?;
        let files = |tap| files(networks, tap);
        let with = |outside| changed(&self.arguments, self.address, outside, self.acceleration);
        let said = match &self.bridge {
            Some(bridge) => {
                let tap = tap(bridge).await.map_err(|error| {
                    let advice = error.advice(bridge);
                    ComputeError(format!("it can't be put on its bridge: {error}: {advice}"))
                })?;
                let arguments = with(Outside::Tap(TAP));
                launch(dir, turn, &arguments, files(Some(tap))?).await?
            }
            None => launch_with_port(dir, turn, self.address, with, files).await?,
        };
        match said {
            None => Ok(()),
            Some(said) => Err(ComputeError(format!("QEMU can't start it: {said}"))),
        }
    }
}

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
        machine::remove_file(&dir.join(NOTICE))?;
        let found = acceleration::find(self.places.root(), self.options.acceleration).await;
        let mut acceleration = found.map_err(|error| not_run(&error))?.acceleration;
        let boot = acceleration::boot();
        let before = Started::read(&dir).filter(|before| before.boot == boot);
        if before.as_ref().is_some_and(|before| before.again)
            && self.options.acceleration == AccelerationChoice::Auto
        {
            acceleration = Acceleration::Tcg;
        }
        let outside = match machine.bridge {
            Some(_) => Outside::Tap(TAP),
            None => Outside::Host(0),
        };
        let started = Started {
            acceleration,
            boot,
            again: before.is_some_and(|before| before.again),
            is_settled: false,
            address: machine.address,
            bridge: machine.bridge.as_ref().map(|bridge| bridge.name.clone()),
            arguments: arguments(machine, &interfaces, outside, acceleration),
        };
        started.launch(&dir, &turn, &self.places.networks()).await
    }
}

/// Starts QEMU with a port that leads to the VM's SSH; answers as [`launch`].
async fn launch_with_port(
    dir: &Path,
    turn: &File,
    address: Ipv4Addr,
    arguments: impl Fn(Outside) -> Vec<String>,
    files: impl Fn(Option<OwnedFd>) -> Result<Vec<FdMapping>, ComputeError>,
) -> Result<Option<String>, ComputeError> {
    let mut said = None;
    for _ in 0..TRIES {
        let port = free_port(dir, address).await?;
        std::fs::write(dir.join(SSH_PORT), port.to_string())
            .map_err(|error| fault("the VM's port can't be written down", &error))?;
        let outside = arguments(Outside::Host(port));
        said = launch(dir, turn, &outside, files(None)?).await?;
        let is_taken = |said: &String| said.contains(PORT_IS_TAKEN);
        if !said.as_ref().is_some_and(is_taken) {
            return Ok(said);
        }
    }
    Ok(said.or_else(|| {
        Some(format!(
            "each port that was free at {address} is taken since"
        ))
    }))
}

/// The files that QEMU is given: a tap, or the ends of the filter in its place, and the
/// directory of private networks.
fn files(networks: &Path, tap: Option<OwnedFd>) -> Result<Vec<FdMapping>, ComputeError> {
    let (parent_fd, child_fd) = sockets::networks_dir(networks)
        .map_err(|error| fault("the private networks can't be opened", &error))?;
    let networks = FdMapping {
        parent_fd,
        child_fd,
    };
    let mapping = |(parent_fd, child_fd)| FdMapping {
        parent_fd,
        child_fd,
    };
    let ends = match tap {
        Some(tap) => vec![(tap, TAP)],
        None => {
            let Uplink { sent, leaves } = uplink()
                .map_err(|error| fault("the VM can't be kept apart from this host", &error))?;
            vec![(sent, SENT), (leaves, LEAVES)]
        }
    };
    Ok(ends.into_iter().map(mapping).chain([networks]).collect())
}

/// Starts QEMU, which goes into the background once it is ready; answers what it said if it
/// failed.
async fn launch(
    dir: &Path,
    turn: &File,
    arguments: &[String],
    files: Vec<FdMapping>,
) -> Result<Option<String>, ComputeError> {
    let turn = turn
        .try_clone()
        .map_err(|error| fault("the VM's directory can't be locked", &error))?;
    let mut command = programs::program(SYSTEM);
    command
        .fd_mappings(files)
        .map_err(|error| fault("QEMU can't be given its files", &io::Error::other(error)))?;
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

fn not_run(error: &io::Error) -> ComputeError {
    ComputeError(format!(
        "{SYSTEM} can't be run ({error}): `cloudsfor serve doctor` says what to install"
    ))
}

/// The port that leads to a VM's SSH.
pub(super) fn ssh_port(dir: &Path) -> Option<u16> {
    let text = std::fs::read_to_string(dir.join(SSH_PORT)).ok()?;
    text.trim().parse().ok()
}

/// A free port: the one that it had before, if possible, so that a client that waits for the
/// VM there finds it again.
async fn free_port(dir: &Path, address: Ipv4Addr) -> Result<u16, ComputeError> {
    let before = ssh_port(dir);
    if let Some(port) = before {
        // What led to it before ends in a moment.
        let deadline = Instant::now() + OLD_PORT;
        while TcpListener::bind((address, port)).is_err() && Instant::now() < deadline {
            tokio::time::sleep(OLD_PORT_LOOK).await;
        }
    }
    let usual = before.into_iter().chain(SSH_PORTS);
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

    #[tokio::test]
    async fn a_port_that_is_taken_is_not_chosen() {
        let dir = tempfile::tempdir().unwrap();
        let address = Ipv4Addr::new(127, 127, 0, 9);
        let taken = TcpListener::bind((address, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        std::fs::write(dir.path().join(SSH_PORT), port.to_string()).unwrap();
        assert_eq!(ssh_port(dir.path()), Some(port));
        assert_ne!(free_port(dir.path(), address).await.unwrap(), port);
        drop(taken);
        assert_eq!(free_port(dir.path(), address).await.unwrap(), port);
    }
}
