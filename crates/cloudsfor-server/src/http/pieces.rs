//! Answers that may be large: in pieces, each of which is let go when it was sent, and
//! counted against the account's share of memory until then.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use serde::Serialize;

use crate::cloud::{CloudError, CloudResult, Share, UNCOUNTED};

/// The size of a piece, in bytes.
const PIECE: usize = UNCOUNTED;

/// A value as the body of an answer.
///
/// # Errors
/// [`CloudError::TooMuchAtOnce`] if the account has not taken other large answers.
pub(super) fn body(value: &impl Serialize, mut share: Share) -> CloudResult<Body> {
    let mut pieces = Pieces::default();
    serde_json::to_writer(&mut pieces, value).expect("the wire's own types are JSON");
    if pieces.whole.is_empty() {
        return Ok(Body::from(pieces.last));
    }
    let last = std::mem::take(&mut pieces.last);
    pieces.whole.push_back(Bytes::from(last));
    let left = pieces.whole.iter().map(Bytes::len).sum();
    if !share.grow(left) {
        return Err(CloudError::TooMuchAtOnce);
    }
    Ok(Body::new(Sent {
        pieces: pieces.whole,
        left,
        taken: 0,
        share,
    }))
}

#[derive(Default)]
struct Pieces {
    whole: VecDeque<Bytes>,
    last: Vec<u8>,
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.last.len() >= PIECE {
            let next = Vec::with_capacity(PIECE);
            let whole = std::mem::replace(&mut self.last, next);
            self.whole.push_back(Bytes::from(whole));
        }
        let length = bytes.len().min(PIECE - self.last.len());
        self.last.extend_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Sent {
    pieces: VecDeque<Bytes>,
    left: usize,
    /// The length of the piece that was taken last: it is sent when the next is.
    taken: usize,
    share: Share,
}

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let taken = std::mem::take(&mut self.taken);
        self.share.shrink(taken);
        let piece = self.pieces.pop_front();
        if let Some(piece) = &piece {
            self.taken = piece.len();
            self.left -= piece.len();
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::BodyExt;

    use super::*;
    use crate::cloud::Memory;
    use crate::store::accounts::AccountId;

    #[tokio::test]
    async fn a_value_is_whole_whatever_its_size() {
        let memory = Memory::default();
        for size in [0, 1, PIECE - 3, PIECE - 2, PIECE - 1, PIECE, 5 * PIECE + 7] {
            let value = "x".repeat(size);
            let body = body(&value, memory.share(AccountId(1))).unwrap();
            assert_eq!(body.size_hint().exact(), Some(size as u64 + 2));
            let sent = body.collect().await.unwrap().to_bytes();
            assert_eq!(sent, format!("{value:?}"));
        }
        // All of it was given back.
        assert!(memory.share(AccountId(1)).grow(1 << 30));
    }

    #[tokio::test]
    async fn answers_that_are_not_taken_are_bounded() {
        let memory = Memory::default();
        let value = "x".repeat(1 << 20);
        let ask = || body(&value, memory.share(AccountId(1)));
        let held: Vec<_> = (0..100).map_while(|_| ask().ok()).collect();
        assert!((20..40).contains(&held.len()), "{}", held.len());
        assert!(matches!(ask(), Err(CloudError::TooMuchAtOnce)));
        // Small ones are answered all the same.
        assert!(body(&"small", memory.share(AccountId(1))).is_ok());
        drop(held);
        assert!(ask().is_ok());
    }
}
