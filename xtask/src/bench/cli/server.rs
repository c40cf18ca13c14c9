//! A server that answers one text, whatever it is asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

pub(super) struct Server(SocketAddr);

impl Server {
    /// Serves in threads that end with the process.
    pub(super) fn start(body: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let body = Arc::new(body);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let body = body.clone();
                // A client that goes away early is not this server's matter.
                std::thread::spawn(move || drop(answer(&connection, &body)));
            }
        });
        Self(address)
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.0)
    }

    pub(super) fn url(&self) -> String {
        format!("{}/api/v1/vms", self.endpoint())
    }
}

fn answer(connection: &TcpStream, body: &[u8]) -> std::io::Result<()> {
    let head = BufReader::new(connection).lines();
    head.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()))
        .for_each(drop);
    let mut connection = connection;
    write!(
        connection,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    )?;
    connection.write_all(body)
}
