//! Lists in gzip, where the client asks for it. An answer about one thing isn't
//! compressed: it is small, and its `ETag` is that of its bytes.

use axum::response::Response;
use cloudsfor_types::operations::{Method, Operation};
use http_body::Body;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::Predicate;

/// The smallest list that is compressed, in bytes.
const SMALLEST: u64 = 1024;

/// Compresses answers that are [marked](mark).
pub(super) fn layer() -> CompressionLayer<Lists> {
    CompressionLayer::new()
        .gzip(true)
        .quality(CompressionLevel::Fastest)
        .compress_when(Lists)
}

/// Which answers are compressed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lists;

/// An extension of an answer that is a list.
#[derive(Debug, Clone, Copy)]
struct IsList;

/// Marks the answer of an operation that lists something.
pub(super) fn mark(operation: Option<&Operation>, response: &mut Response) {
    let lists = operation.is_some_and(|operation| {
        operation.method == Method::Get && operation.name.starts_with("list_")
    });
    if lists {
        response.extensions_mut().insert(IsList);
    }
}

impl Predicate for Lists {
    fn should_compress<B: Body>(&self, response: &http::Response<B>) -> bool {
        let size = response.body().size_hint();
        response.extensions().get::<IsList>().is_some()
            && size.exact().is_none_or(|size| size >= SMALLEST)
    }
}
