//! The switch of a private network: a small program of its own, to which the QEMUs of
//! the network's VMs connect, and which passes Ethernet frames on among them.
//!
//! It outlives the service like the VMs do, and needs no root. It is told nothing by
//! the driver once it runs: it reads the network's directory, where there is a file for
//! each member, and ends when that directory is gone. The driver gives it the socket at
//! which it listens as its standard input, and the network's lock, which the system
//! keeps for as long as it lives, as its standard output: so there is never a moment in
//! which it runs and can't be connected to, nor two at once.
//!
//! Whatever a guest sends, others get their frames: frames and queues are bounded, and
//! whoever doesn't take his frames loses them.

pub(super) mod frame;
mod gateway;
mod hub;
mod names;
mod table;

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::BufReader;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::places::TURN;
use gateway::Gateway;
use hub::{Hub, Port, Waiting};

/// How often to look whether the network is there still.
const LOOK: Duration = Duration::from_secs(1);

/// Frames that wait for a guest; further ones are lost.
const QUEUE: usize = 256;

/// Runs the switch of the network whose directory is the working one, and in which it
/// has this address itself, until the network is gone.
///
/// # Errors
/// If it wasn't started as the driver starts it.
pub async fn run_switch(address: Ipv4Addr) -> io::Result<()> {
    // Whatever happens to the terminal or the service that it was started from.
    rustix::process::setsid()?;
    let listener = io::stdin().as_fd().try_clone_to_owned()?;
    let listener = std::os::unix::net::UnixListener::from(listener);
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let lock = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let network = lock.metadata()?.ino();
    let is_there = || std::fs::metadata(TURN).is_ok_and(|file| file.ino() == network);
    tokio::select! {
        served = serve(&listener, Gateway::new(address, Path::new(".").into())) => served,
        () = async {
            while is_there() {
                tokio::time::sleep(LOOK).await;
            }
        } => Ok(()),
    }
}

async fn serve(listener: &UnixListener, gateway: Gateway) -> io::Result<()> {
    let hub = Arc::new(Mutex::new(Hub::new(gateway)));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, perhaps: they come back when guests go.
            tokio::time::sleep(LOOK).await;
            continue;
        };
        let (queue, frames) = mpsc::channel(QUEUE);
        if let Some(port) = hub.lock().plug(queue) {
            tokio::spawn(attend(stream, hub.clone(), port, frames));
        }
    }
}

/// Passes on what a guest sends, and gives it what is for it, until it is gone or sends
/// what can't be frames.
async fn attend(
    stream: UnixStream,
    hub: Arc<Mutex<Hub>>,
    port: Port,
    mut frames: mpsc::Receiver<Waiting>,
) {
    let (reader, mut writer) = stream.into_split();
    let writing = async {
        while let Some(frame) = frames.recv().await {
            frame::write(&mut writer, &frame).await?;
        }
        io::Result::Ok(())
    };
    let reading = async {
        let mut reader = BufReader::new(reader);
        while let Some(frame) = frame::read(&mut reader).await? {
            hub.lock().pass(port, &frame);
        }
        io::Result::Ok(())
    };
    tokio::select! {
        _ = writing => {}
        _ = reading => {}
    }
    hub.lock().unplug(port);
}
