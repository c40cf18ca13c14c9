//! Questions by UDP.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;

use super::answerer::Answerer;

/// The longest question that is read, in bytes: longer ones are malformed.
const QUESTION_MAX: usize = 4096;

/// Answers until this is dropped. Several tasks may do so on one socket.
pub(super) async fn serve(socket: Arc<UdpSocket>, answerer: Arc<Answerer>) {
    let mut question = [0; QUESTION_MAX];
    loop {
        let (length, client) = match socket.recv_from(&mut question).await {
            Ok(received) => received,
            // Of an earlier answer that its client didn't take.
            Err(error) => {
                tracing::debug!(%error, "can't receive a question");
                tokio::task::yield_now().await;
                continue;
            }
        };
        if client.port() == 0 {
            continue;
        }
        if let Some(answer) = answerer.by_udp(&question[..length], client.ip()) {
            send(&socket, &answer, client).await;
        }
    }
}

async fn send(socket: &UdpSocket, answer: &[u8], client: SocketAddr) {
    if let Err(error) = socket.send_to(answer, client).await {
        tracing::debug!(%error, "an answer could not be sent");
    }
}
