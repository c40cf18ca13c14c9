//! Waiting until a VM can be reached.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::pauses::Pauses;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::printable::printable;

/// How long one attempt to connect, and to get a greeting, may take.
const ATTEMPT: Duration = Duration::from_secs(5);

/// How much is read before an SSH server must have named itself, in bytes.
const GREETING_LIMIT: usize = 4096;

/// Waits until something listens on a port, for `at_most`. It is tried again
/// after pauses of half a second at first and 5 seconds at most.
///
/// # Errors
/// [`ErrorKind::Deadline`] with the last reason, if nothing does in that time.
pub async fn wait_for_port(ip: IpAddr, port: u16, at_most: Duration) -> Result<()> {
    let connect = || async move { TcpStream::connect((ip, port)).await.map(drop) };
    until(&format!("{ip} port {port}"), at_most, connect).await
}

/// Waits until an SSH server greets on a port, for `at_most`, and returns how it
/// names itself: `SSH-2.0-OpenSSH_9.6`. A port alone may be open before the
/// server behind it is ready.
///
/// # Errors
/// [`ErrorKind::Deadline`] with the last reason, if none does in that time.
pub async fn wait_for_ssh(ip: IpAddr, port: u16, at_most: Duration) -> Result<String> {
    let what = format!("SSH at {ip} port {port}");
    until(&what, at_most, || greeting(ip, port)).await
}

/// Reads how an SSH server names itself. It may say other lines before.
async fn greeting(ip: IpAddr, port: u16) -> io::Result<String> {
    let mut connection = TcpStream::connect((ip, port)).await?;
    let mut read = Vec::new();
    while read.len() < GREETING_LIMIT {
        if connection.read_buf(&mut read).await? == 0 {
            break;
        }
        let lines = read.split_inclusive(|byte| *byte == b'\n');
        let mut whole = lines.filter(|line| line.ends_with(b"\n"));
        if let Some(name) = whole.find(|line| line.starts_with(b"SSH-")) {
            return Ok(printable(&String::from_utf8_lossy(name)));
        }
    }
    Err(io::Error::other("no SSH server answered"))
}

/// Tries until it succeeds.
async fn until<T, A>(what: &str, at_most: Duration, attempt: impl Fn() -> A) -> Result<T>
where
    A: Future<Output = io::Result<T>>,
{
    let deadline = Deadline::after(at_most);
    let mut pauses = Pauses::default();
    loop {
        let limit = ATTEMPT.min(deadline.remaining());
        let why = match timeout(limit, attempt()).await {
            Ok(Ok(success)) => return Ok(success),
            Ok(Err(error)) => printable(&error.to_string()),
            Err(_) => "no answer".to_owned(),
        };
        if deadline.remaining().is_zero() {
            let message = format!("{what} can't be reached after {at_most:?} ({why}): wait longer");
            return Err(Error::new(ErrorKind::Deadline, "wait_for_port", message));
        }
        sleep(pauses.next().min(deadline.remaining())).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::net::Ipv4Addr;

    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn an_open_port_is_reached() {
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        wait_for_port(HERE, port, Duration::from_secs(60))
            .await
            .unwrap();
    }

    /// What a client makes of a server that says this and goes.
    async fn greeted(says: &'static [u8]) -> io::Result<String> {
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            connection.write_all(says).await.unwrap();
        };
        tokio::join!(greeting(HERE, port), server).0
    }

    #[tokio::test]
    async fn an_ssh_server_names_itself() {
        let name = greeted(b"welcome\r\nSSH-2.0-OpenSSH_9.6\r\n").await;
        assert_eq!(name.unwrap(), "SSH-2.0-OpenSSH_9.6");
        for other in [&b""[..], b"SSH-2.0-cut", b"HTTP/1.1 400\r\n"] {
            assert!(greeted(other).await.is_err());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_tried_again_until_it_succeeds() {
        let attempts = Cell::new(0);
        let third = || {
            attempts.set(attempts.get() + 1);
            let attempt = attempts.get();
            async move {
                match attempt {
                    1 => Err(io::Error::other("refused")),
                    2 => std::future::pending().await,
                    _ => Ok(attempt),
                }
            }
        };
        let reached = until("it", Duration::from_secs(60), third).await;
        assert_eq!(reached.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_is_kept_and_the_last_reason_told() {
        let start = Instant::now();
        let refused = || async { Err::<(), _>(io::Error::other("refused")) };
        let error = until("it", Duration::from_secs(12), refused)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Deadline);
        assert!(error.message().contains("refused"), "{error}");
        assert_eq!(start.elapsed().as_secs(), 12);
    }
}
