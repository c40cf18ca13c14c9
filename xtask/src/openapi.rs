//! `cargo xtask openapi`: the API's description, as the service answers it.

use cloudsfor_server::http::openapi_document;

use crate::generated::{Generated, workspace};

/// The document.
pub(crate) fn generate() -> Generated {
    let mut files = Generated::default();
    files.add(
        workspace().join("tests/fixtures/openapi.json"),
        openapi_document().to_owned(),
    );
    files
}
