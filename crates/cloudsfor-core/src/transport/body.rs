//! An answer's body, and how much of it is taken into memory.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};

use super::TransportError;

/// The largest answer that is taken, unless the client says otherwise: 64 MiB.
pub const DEFAULT_BODY_LIMIT: usize = 64 << 20;

/// The body of an answer, whichever transport it came by.
pub struct Body(UnsyncBoxBody<Bytes, TransportError>);

impl Body {
    /// A body that comes piece by piece.
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<TransportError>,
    {
        Self(body.map_err(Into::into).boxed_unsync())
    }

    /// The whole body, if it has no more than `limit` bytes.
    ///
    /// # Errors
    /// [`TransportErrorKind::TooLarge`](super::TransportErrorKind::TooLarge), or what the transport met.
    pub async fn collect(self, limit: usize) -> Result<Bytes, TransportError> {
        match self.read(limit).await {
            (bytes, None) => Ok(bytes),
            (_, Some(error)) => Err(error),
        }
    }

    /// What there is of the body up to `limit` bytes, and why no more if that
    /// isn't all.
    pub(crate) async fn read(mut self, limit: usize) -> (Bytes, Option<TransportError>) {
        let mut first = Bytes::new();
        // Grows with what arrives: a Content-Length is only a promise.
        let mut rest = Vec::new();
        let error = loop {
            let mut data = match self.0.frame().await {
                None => break None,
                Some(Err(error)) => break Some(error),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => data,
                    Err(_trailers) => continue,
                },
            };
            let room = limit - first.len().max(rest.len());
            let fits = data.len() <= room;
            data.truncate(room);
            if first.is_empty() {
                first = data;
            } else {
                if rest.is_empty() {
                    rest.extend_from_slice(&first);
                }
                rest.extend_from_slice(&data);
            }
            if !fits {
                break Some(TransportError::too_large(limit));
            }
        };
        // One piece, the usual case, is not copied.
        let whole = if rest.is_empty() { first } else { rest.into() };
        (whole, error)
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        let whole = Full::new(bytes.into());
        Self(whole.map_err(|never| match never {}).boxed_unsync())
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::transport::TransportErrorKind;

    /// Pieces of a body that come one by one; the last may be an error.
    struct Pieces(VecDeque<Result<&'static str, TransportErrorKind>>);

    impl http_body::Body for Pieces {
        type Data = Bytes;
        type Error = TransportError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
            Poll::Ready(self.0.pop_front().map(|piece| match piece {
                Ok(text) => Ok(Frame::data(Bytes::from(text))),
                Err(kind) => Err(TransportError::maybe_sent(kind, "as told")),
            }))
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(u64::MAX)
        }
    }

    fn pieces<const N: usize>(pieces: [Result<&'static str, TransportErrorKind>; N]) -> Body {
        Body::new(Pieces(pieces.into()))
    }

    #[tokio::test]
    async fn a_body_is_taken_up_to_its_limit() {
        for limit in [6, 7, usize::MAX] {
            let body = pieces([Ok(""), Ok("ab"), Ok("cd"), Ok("ef")]);
            assert_eq!(body.collect(limit).await.unwrap(), "abcdef");
        }
        for (limit, start) in [(0, ""), (1, "a"), (2, "ab"), (3, "abc"), (5, "abcde")] {
            let body = pieces([Ok("ab"), Ok("cd"), Ok("ef")]);
            let (bytes, error) = body.read(limit).await;
            assert_eq!(bytes, start);
            assert_eq!(error.unwrap().kind, TransportErrorKind::TooLarge);
        }
        assert_eq!(Body::from("").collect(0).await.unwrap(), "");
    }

    #[tokio::test]
    async fn what_came_before_an_error_is_kept() {
        let body = pieces([Ok("ab"), Err(TransportErrorKind::Cut)]);
        let (bytes, error) = body.read(10).await;
        assert_eq!(bytes, "ab");
        assert_eq!(error.unwrap().kind, TransportErrorKind::Cut);
    }
}
