//! `cargo xtask openapi`: the API's description, as the service answers it, and the form
//! that the service is checked by.

use cloudsfor_server::http::{openapi_document, strict_openapi_document};

use crate::generated::{Generated, workspace};

/// The documents.
pub(crate) fn generate() -> Generated {
    let mut files = Generated::default();
    files.add(
        workspace().join("tests/fixtures/openapi.json"),
        openapi_document().to_owned(),
    );
    files.add(
        workspace().join("tests/fixtures/openapi-strict.json"),
        strict_openapi_document(),
    );
    files
}
