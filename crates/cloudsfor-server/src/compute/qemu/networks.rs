//! Private networks on this host: who is in them, and their switches.
//!
//! A network has a directory for as long as a VM of this host is in it: with a file for
//! each member, the socket of its switch, and the lock that its switch keeps while it
//! runs. Who is in which network is changed in turn (see `turn`).

use std::fs::{File, TryLockError};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use cloudsfor_types::{NetworkId, VmId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::process::Command;

use super::control::Control;
use super::disks::fault;
use super::machine::remove_file;
use super::places::{SWITCH, TURN};
use super::turn::turn;
use super::version::{self, Version};
use super::{Qemu, SYSTEM, process, sockets};
use crate::compute::{ComputeError, Machine, PrivateNetwork};
use crate::store::make_private_dir;

/// The domain of members' names, within their network.
pub(super) const INTERNAL: &str = "internal";

/// Where a network's members are.
const MEMBERS: &str = "members";

/// A member's file is longer by no name.
const MEMBER_MAX: u64 = 4096;

/// This program, also when its file has been replaced.
pub(super) const OURSELVES: &str = "/proc/self/exe";

type Done<T = ()> = Result<T, ComputeError>;

/// Who is in a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) address: Ipv4Addr,
    /// The network's own address.
    pub(super) gateway: Ipv4Addr,
}

/// Those who are in the network of this directory.
pub(super) fn members(network: &Path) -> Vec<Member> {
    let files = std::fs::read_dir(network.join(MEMBERS));
    let files = files.into_iter().flatten().flatten();
    let member = |file: std::fs::DirEntry| {
        let length = file.metadata().ok()?.len();
        let text = (length <= MEMBER_MAX).then(|| std::fs::read(file.path()))?;
        serde_json::from_slice(&text.ok()?).ok()
    };
    files.filter_map(member).collect()
}

/// Writes down who is in the network of this directory.
pub(super) fn write_member(network: &Path, id: &VmId, member: &Member) -> io::Result<()> {
    make_private_dir(&network.join(MEMBERS))?;
    let new = network.join(format!("{id}.new"));
    std::fs::write(&new, serde_json::to_vec(member)?)?;
    std::fs::rename(new, member_file(network, id))
}

fn member_file(network: &Path, id: &VmId) -> PathBuf {
    network.join(MEMBERS).join(id.as_str())
}

/// The hardware address that goes with a private address, as the one of a VM's public
/// interface goes with its.
pub(super) fn mac_bytes(address: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = address.octets();
    [0x52, 0x54, a, b, c, d]
}

/// The same as text.
pub(super) fn mac(address: Ipv4Addr) -> String {
    let bytes = mac_bytes(address).map(|byte| format!("{byte:02x}"));
    bytes.join(":")
}

/// A VM's interface in a private network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Interface {
    /// By what QEMU knows it and its other end.
    pub(super) id: String,
    /// Its hardware address.
    pub(super) mac: String,
    /// What QEMU is told of its other end.
    pub(super) netdev: Value,
}

/// By what a VM's QEMU knows its interface in a network.
fn interface_id(network: &NetworkId) -> String {
    format!("network-{network}")
}

impl Qemu {
    /// The machine's interfaces in its private networks.
    pub(super) async fn interfaces(&self, machine: &Machine) -> Done<Vec<Interface>> {
        if machine.networks.is_empty() {
            return Ok(Vec::new());
        }
        let said = version::said_by(SYSTEM).await.unwrap_or_default();
        let reconnection = Version::of(&said).and_then(Version::reconnection);
        let (reconnect, delay) = reconnection.ok_or_else(|| {
            ComputeError(format!(
                "private networks need QEMU 8.0 or newer, and {SYSTEM} is {said:?}"
            ))
        })?;
        let interface = |network: &PrivateNetwork| {
            let socket = self.places.network(&network.id).join(SWITCH);
            let socket = sockets::in_networks(&self.places.networks(), &socket);
            let socket = socket.to_str().ok_or_else(|| {
                ComputeError(format!("the path {} is no UTF-8", socket.display()))
            })?;
            let id = interface_id(&network.id);
            Ok(Interface {
                netdev: json!({
                    "type": "stream",
                    "id": id,
                    "server": false,
                    "addr": {"type": "unix", "path": socket},
                    reconnect: delay,
                }),
                id,
                mac: mac(network.address),
            })
        };
        machine.networks.iter().map(interface).collect()
    }

    /// Has the machine be in the networks that it should be in, and in no other: also
    /// while it runs.
    pub(super) async fn connect_networks(&self, machine: &Machine) -> Done {
        let dir = self.places.vm(&machine.id);
        if !dir.exists() {
            return Ok(());
        }
        let _turn = turn(&dir).await?;
        self.enter_networks(machine).await?;
        let left = self.networks_left(machine);
        if process::runs(&dir, machine.id.as_str()) {
            let interfaces = self.interfaces(machine).await?;
            let mut control = Control::connect(&dir).await?;
            for network in &left {
                control.unplug(&interface_id(network)).await?;
            }
            for interface in &interfaces {
                control.plug(interface).await?;
            }
        }
        self.leave_networks(&machine.id, &left).await
    }

    /// Writes down that the machine is in its networks, and has their switches run.
    pub(super) async fn enter_networks(&self, machine: &Machine) -> Done {
        if machine.networks.is_empty() {
            return Ok(());
        }
        let _turn = turn(&self.places.networks()).await?;
        for network in &machine.networks {
            let dir = self.places.network(&network.id);
            let member = Member {
                name: machine.name.clone(),
                address: network.address,
                gateway: network.gateway,
            };
            write_member(&dir, &machine.id, &member)
                .map_err(|error| fault("the private network can't be made", &error))?;
            start_switch(&dir, &network.id, network.gateway)?;
        }
        Ok(())
    }

    /// The networks that the machine is in and shouldn't.
    pub(super) fn networks_left(&self, machine: &Machine) -> Vec<NetworkId> {
        let is_in = |id: &NetworkId| machine.networks.iter().any(|network| network.id == *id);
        let networks = self.networks_of(&machine.id);
        networks.into_iter().filter(|id| !is_in(id)).collect()
    }

    /// The networks that a VM is in.
    pub(super) fn networks_of(&self, id: &VmId) -> Vec<NetworkId> {
        let mut networks = self.all_networks();
        networks.retain(|network| member_file(&self.places.network(network), id).exists());
        networks
    }

    /// Takes a VM out of networks, of which those end that nobody is in any more.
    pub(super) async fn leave_networks(&self, id: &VmId, networks: &[NetworkId]) -> Done {
        if networks.is_empty() {
            return Ok(());
        }
        let _turn = turn(&self.places.networks()).await?;
        for network in networks {
            let dir = self.places.network(network);
            remove_file(&member_file(&dir, id))?;
            end_if_empty(&dir)?;
        }
        Ok(())
    }

    fn all_networks(&self) -> Vec<NetworkId> {
        let dirs = std::fs::read_dir(self.places.networks());
        let dirs = dirs.into_iter().flatten().flatten();
        let dirs = dirs.filter(|entry| entry.path().is_dir());
        dirs.filter_map(|dir| NetworkId::new(dir.file_name().to_str()?).ok())
            .collect()
    }

    /// Has the switches of all networks run that somebody is in, and ends the others.
    pub(super) async fn tend_networks(&self) -> Done {
        let networks = self.all_networks();
        if networks.is_empty() {
            return Ok(());
        }
        let _turn = turn(&self.places.networks()).await?;
        for network in networks {
            let dir = self.places.network(&network);
            let member = members(&dir).into_iter().next();
            match member {
                Some(member) => start_switch(&dir, &network, member.gateway)?,
                None => end_if_empty(&dir)?,
            }
        }
        Ok(())
    }
}

fn end_if_empty(network: &Path) -> Done {
    // Looked at by name: a file that can't be read is somebody's too.
    let members = std::fs::read_dir(network.join(MEMBERS));
    if members.is_ok_and(|mut members| members.next().is_some()) {
        return Ok(());
    }
    match std::fs::remove_dir_all(network) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(fault("the private network can't be removed", &error))
        }
        _ => Ok(()),
    }
}

/// Starts a network's switch, unless it runs: then it has the lock.
fn start_switch(dir: &Path, network: &NetworkId, gateway: Ipv4Addr) -> Done {
    let failed = |error: &io::Error| fault("the private network's switch can't be started", error);
    let lock = File::create(dir.join(TURN)).map_err(|error| failed(&error))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(failed(&error)),
    }
    let socket = dir.join(SWITCH);
    remove_file(&socket)?;
    let listener = sockets::bind(&socket).map_err(|error| failed(&error))?;
    let log = File::create(dir.join("switch.log")).map_err(|error| failed(&error))?;
    let mut command = Command::new(OURSELVES);
    command
        .arg0("cloudsfor")
        .args(["serve", "switch", network.as_str(), &gateway.to_string()])
        .current_dir(dir)
        // It needs nothing of it, least of all a password.
        .env_clear()
        .stdin(OwnedFd::from(listener))
        .stdout(lock)
        .stderr(log);
    // It is waited for by whoever is there when it ends.
    command.spawn().map(drop).map_err(|error| failed(&error))
}
