//! Clients that send the same request again and again, each on a connection that
//! it keeps.

use std::net::SocketAddr;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::Error;

/// So many clients of one server.
pub(super) struct Clients {
    streams: Vec<TcpStream>,
    request: Vec<u8>,
    runtime: Runtime,
}

impl Clients {
    pub(super) fn connect(
        address: SocketAddr,
        number: usize,
        request: Vec<u8>,
    ) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let connect = || async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok::<_, std::io::Error>(stream)
        };
        let streams = runtime.block_on(join_all((0..number).map(|_| connect())));
        Ok(Self {
            streams: streams.into_iter().collect::<Result<_, _>>()?,
            request,
            runtime,
        })
    }

    /// Sends so many requests, all clients together, each of which must succeed.
    pub(super) fn send(&mut self, requests: usize) {
        let each = requests / self.streams.len();
        let request = &self.request;
        let streams = self.streams.iter_mut();
        let sending = streams.map(|stream| async move {
            let mut buffer = Vec::with_capacity(64 * 1024);
            for _ in 0..each {
                exchange(stream, request, &mut buffer)
                    .await
                    .expect("the server answers");
            }
        });
        self.runtime.block_on(join_all(sending));
    }
}

async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<(), Error> {
    stream.write_all(request).await?;
    buffer.clear();
    let head = loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection was closed".into());
        }
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = std::str::from_utf8(&buffer[..head])?;
    if !text.starts_with("HTTP/1.1 2") {
        return Err(String::from_utf8_lossy(buffer).into_owned().into());
    }
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = head + length.ok_or("the answer has no length")?;
    while buffer.len() < whole {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the answer was cut".into());
        }
    }
    Ok(())
}
