//! Name service: the managed domains, and the names of the VMs' addresses, from
//! the same store as the API, so that an answer is never older than the last
//! change.
//!
//! A zone is what the API shows as a domain's zone file, parsed and answered by
//! hickory.

mod zones;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_server::Server;
use tokio::net::{TcpListener, UdpSocket};

use crate::cloud::Cloud;
use zones::Zones;

/// How long a TCP connection may be silent.
const TCP_TIMEOUT: Duration = Duration::from_secs(5);

/// Answers that may wait for one TCP connection.
const TCP_ANSWERS: usize = 32;

/// How often a port that is free for UDP is looked for until it is for TCP too.
const TRIES: usize = 16;

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
    pub async fn serve(self, cloud: Arc<Cloud>, stop: impl Future<Output = ()>) {
        let mut server = Server::new(Zones::new(cloud));
        server.register_socket(self.udp);
        server.register_listener(self.tcp, TCP_TIMEOUT, TCP_ANSWERS);
        stop.await;
        if let Err(error) = server.shutdown_gracefully().await {
            tracing::warn!(%error, "name service did not end cleanly");
        }
    }
}
