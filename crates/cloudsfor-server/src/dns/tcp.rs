//! Questions by TCP (RFC 7766): several on a connection, answered in order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::answerer::Answerer;
use super::connections::{Connection, Connections};

/// How long a connection may be silent, or slow with one message.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait when the process has no file left for a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers on every connection until this is dropped.
pub(super) async fn serve(listener: TcpListener, answerer: Arc<Answerer>, limit: usize) {
    let connections = Connections::new(limit);
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = tasks.join_next() => continue,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection of the name service");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Closed at once if there is no place for it.
        if let Some(place) = connections.enter(client.ip()) {
            let answerer = answerer.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = place.must_go() => {}
                    ended = answer_all(stream, &answerer, &place) => if let Err(error) = ended {
                        tracing::debug!(%error, "a connection of the name service ended");
                    }
                }
            });
        }
    }
}

async fn answer_all(
    mut stream: TcpStream,
    answerer: &Answerer,
    place: &Connection,
) -> io::Result<()> {
    let mut message = Vec::new();
    loop {
        match timeout(PATIENCE, read(&mut stream, &mut message)).await? {
            Ok(()) => place.heard(),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        let Some(answer) = answerer.by_tcp(&message) else {
            return Ok(());
        };
        let mut framed = Vec::with_capacity(answer.len() + 2);
        framed.extend((answer.len() as u16).to_be_bytes());
        framed.extend(answer);
        timeout(PATIENCE, stream.write_all(&framed)).await??;
    }
}

async fn read(stream: &mut TcpStream, message: &mut Vec<u8>) -> io::Result<()> {
    let length = stream.read_u16().await?;
    message.resize(length.into(), 0);
    stream.read_exact(message).await?;
    Ok(())
}
