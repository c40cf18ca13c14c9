//! Many connections that do the same, from many addresses of this machine, until they
//! are dropped.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use base64::Engine;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// Addresses that a flood comes from.
const ADDRESSES: usize = 50;

/// Between two pieces that are sent slowly.
const PAUSE: Duration = Duration::from_millis(250);

/// A kind of flood.
pub(crate) struct Flood {
    pub(crate) name: &'static str,
    /// What the connections send first, one after the other.
    pub(crate) heads: Vec<Vec<u8>>,
    pub(crate) then: Then,
    pub(crate) connections: usize,
}

/// What a connection does next.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    /// Nothing: it reads nothing either.
    Hold,
    /// It sends these bytes again and again, slowly.
    Drip(&'static [u8]),
    /// Instead: it tries passwords of this account, one after the other.
    Guess(&'static str),
}

impl Flood {
    /// Begins; ends when what it returns is dropped.
    pub(crate) fn begin(self, server: SocketAddr) -> JoinSet<()> {
        let mut running = JoinSet::new();
        for number in 0..self.connections {
            let head = self.heads.get(number % self.heads.len().max(1));
            let head = head.cloned().unwrap_or_default();
            running.spawn(attack(server, number, head, self.then));
        }
        running
    }
}

/// One connection, and another when it was closed.
async fn attack(server: SocketAddr, number: usize, head: Vec<u8>, then: Then) {
    // A thousand in a second.
    tokio::time::sleep(Duration::from_millis(number as u64)).await;
    for round in 0.. {
        let _ = match then {
            Then::Guess(email) => guess(server, number, &format!("{email}:{number}-{round}")).await,
            Then::Hold => hold(server, number, &head, b"").await,
            Then::Drip(piece) => hold(server, number, &head, piece).await,
        };
        tokio::time::sleep(PAUSE).await;
    }
}

async fn connect(server: SocketAddr, number: usize) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    // So that little is taken of an answer that is not read.
    socket.set_recv_buffer_size(4096)?;
    let address = Ipv4Addr::new(127, 0, 9, 1 + (number % ADDRESSES) as u8);
    socket.bind((address, 0).into())?;
    socket.connect(server).await
}

async fn hold(server: SocketAddr, number: usize, head: &[u8], piece: &[u8]) -> std::io::Result<()> {
    let mut stream = connect(server, number).await?;
    stream.write_all(head).await?;
    loop {
        tokio::time::sleep(PAUSE).await;
        if piece.is_empty() {
            // Whether it was closed, without a look at what came.
            if stream
                .ready(tokio::io::Interest::WRITABLE)
                .await?
                .is_write_closed()
            {
                return Ok(());
            }
        } else {
            stream.write_all(piece).await?;
        }
    }
}

async fn guess(server: SocketAddr, number: usize, credentials: &str) -> std::io::Result<()> {
    let mut stream = connect(server, number).await?;
    let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
    let head = format!(
        "GET /api/v1/vms HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {encoded}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// Basic authentication, as a header's value.
pub(crate) fn basic(email: &str, password: &str) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{email}:{password}"));
    format!("Basic {encoded}")
}

/// Lets this process have as many connections as it may.
pub(crate) fn raise_limit_of_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}
