//! Answers that come compressed, and how much is unpacked of them.

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};

use crate::transport::{TransportError, TransportErrorKind};

/// What a request says that it accepts.
#[cfg(feature = "gzip")]
pub(crate) const ACCEPTED: Option<HeaderValue> = Some(HeaderValue::from_static("gzip"));
#[cfg(not(feature = "gzip"))]
pub(crate) const ACCEPTED: Option<HeaderValue> = None;

/// The body as it was before it was compressed, and why no more of it if that
/// isn't all. A bomb is unpacked up to `limit` bytes and not further.
#[cfg_attr(not(feature = "gzip"), expect(unused_variables))]
pub(crate) fn unpacked(
    headers: &HeaderMap,
    body: Bytes,
    limit: usize,
) -> (Bytes, Option<TransportError>) {
    let encoding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    match encoding.map(<[u8]>::trim_ascii) {
        None | Some(b"") => (body, None),
        Some(text) if text.eq_ignore_ascii_case(b"identity") => (body, None),
        #[cfg(feature = "gzip")]
        Some(text) if text.eq_ignore_ascii_case(b"gzip") => ungzipped(&body, limit),
        Some(text) => {
            let name = String::from_utf8_lossy(text);
            let why = format!("it is packed as {name}, which nobody asked for");
            let error = TransportError::maybe_sent(TransportErrorKind::Protocol, why);
            (Bytes::new(), Some(error))
        }
    }
}

#[cfg(feature = "gzip")]
fn ungzipped(body: &[u8], limit: usize) -> (Bytes, Option<TransportError>) {
    use std::io::Read;

    let mut whole = Vec::new();
    let room = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = flate2::read::MultiGzDecoder::new(body)
        .take(room)
        .read_to_end(&mut whole);
    let error = match read {
        Ok(_) if whole.len() <= limit => None,
        Ok(_) => {
            whole.truncate(limit);
            Some(TransportError::too_large(limit))
        }
        Err(error) => Some(TransportError::maybe_sent(
            TransportErrorKind::Protocol,
            error,
        )),
    };
    (whole.into(), error)
}

#[cfg(test)]
#[cfg(feature = "gzip")]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzipped(bytes: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().into()
    }

    fn headers(encoding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(encoding))])
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        for encoding in ["gzip", "GZIP", " gzip "] {
            let (body, error) = unpacked(&headers(encoding), gzipped(b"{}"), 2);
            assert_eq!((&body[..], error.is_none()), (&b"{}"[..], true));
        }
        let plain = Bytes::from("{}");
        for headers in [HeaderMap::new(), headers("identity"), headers("")] {
            assert_eq!(unpacked(&headers, plain.clone(), 2).0, plain);
        }
    }

    #[test]
    fn a_bomb_is_unpacked_up_to_the_limit() {
        let bomb = gzipped(&vec![b' '; 50_000_000]);
        assert!(bomb.len() < 100_000);
        let (body, error) = unpacked(&headers("gzip"), bomb, 1000);
        assert_eq!(body.len(), 1000);
        assert_eq!(error.unwrap().kind, TransportErrorKind::TooLarge);
    }

    #[test]
    fn what_is_no_gzip_is_an_error_with_what_there_was() {
        let whole = gzipped(&b"the beginning ".repeat(1000));
        let cut = whole.slice(..whole.len() - 10);
        let (body, error) = unpacked(&headers("gzip"), cut, 1_000_000);
        assert!(body.starts_with(b"the beginning"));
        assert_eq!(error.unwrap().kind, TransportErrorKind::Protocol);
        for encoding in ["br", "gzip"] {
            let (_, error) = unpacked(&headers(encoding), Bytes::from("{}"), 1000);
            assert_eq!(error.unwrap().kind, TransportErrorKind::Protocol);
        }
    }
}
