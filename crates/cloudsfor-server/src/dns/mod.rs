//! Name service: the managed domains, the names of the VMs' addresses, and the
//! service's own name, from the same store as the API, so that an answer is never
//! older than the last change.
//!
//! It is authoritative and nothing else. Messages are read and written by
//! hickory-proto; which answer a question has is decided here, by RFC 1034, 2181,
//! 2308, 4592, 6891, 7766 and 8482. `tests/dns` compares it with another server.
//!
//! - `request`: a message that came in; `message`: an answer as bytes.
//! - `tree`: where a name is in its zone; `answer`: what is answered there.
//! - `rate`: how often the same answer goes to the same network.
//! - `udp`, `tcp`, `connections`: the sockets.
//!
//! Called by [`service`](crate::service). Zones come from the cloud, look-up by
//! look-up; nothing is kept between questions.

mod answer;
mod answerer;
mod connections;
mod message;
mod rate;
mod rdata;
mod request;
mod tcp;
mod tree;
mod udp;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

use crate::cloud::Cloud;
use answerer::Answerer;

/// Same answers a second to a network, unless the operator says otherwise.
pub const DEFAULT_RATE_LIMIT: u32 = 50;

/// TCP connections, unless the operator says otherwise.
pub const DEFAULT_CONNECTIONS: usize = 128;

/// Tasks that answer by UDP.
const UDP_TASKS: usize = 2;

/// How often a port that is free for UDP is looked for until it is for TCP too.
const TRIES: usize = 16;

/// What the name service takes and gives.
#[derive(Debug, Clone, Copy)]
pub struct DnsLimits {
    /// Same answers a second by UDP to a /24 or /56; 0 is any number. Default:
    /// [`DEFAULT_RATE_LIMIT`].
    pub answers_per_second: u32,
    /// TCP connections at once, each of which is an open file. Default:
    /// [`DEFAULT_CONNECTIONS`].
    pub connections: usize,
}

impl Default for DnsLimits {
    fn default() -> Self {
        Self {
            answers_per_second: DEFAULT_RATE_LIMIT,
            connections: DEFAULT_CONNECTIONS,
        }
    }
}

/// An address on which names are asked for, by UDP and TCP.
#[derive(Debug)]
pub struct DnsListener {
    udp: UdpSocket,
    tcp: TcpListener,
    address: SocketAddr,
}

impl DnsListener {
    /// Listens at `address`; port 0 takes any that is free.
    ///
    /// # Errors
    /// If the address can't be listened on.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let mut tries = if address.port() == 0 { TRIES } else { 1 };
        loop {
            let udp = UdpSocket::bind(address).await?;
            let taken = udp.local_addr()?;
            tries -= 1;
            match TcpListener::bind(taken).await {
                Ok(tcp) => {
                    let address = taken;
                    return Ok(Self { udp, tcp, address });
                }
                Err(error) if tries == 0 => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is ready.
    pub async fn serve(self, cloud: Arc<Cloud>, limits: DnsLimits, stop: impl Future<Output = ()>) {
        let answerer = Arc::new(Answerer::new(cloud, limits.answers_per_second));
        let socket = Arc::new(self.udp);
        let mut tasks = JoinSet::new();
        for _ in 0..UDP_TASKS {
            tasks.spawn(udp::serve(socket.clone(), answerer.clone()));
        }
        let connections = limits.connections.min(share_of_files());
        tasks.spawn(tcp::serve(self.tcp, answerer, connections));
        stop.await;
        tasks.shutdown().await;
    }
}

/// The open files of the process that connections of the name service may take: an
/// eighth, so that the API always has its own.
fn share_of_files() -> usize {
    #[cfg(unix)]
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let files = None;
    files.map_or(usize::MAX, |files| (files / 8) as usize)
}
