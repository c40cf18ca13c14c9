//! What the backends that open sockets have in common.

use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::{Error, ErrorKind};

/// How connections are made. The default is right for most.
#[derive(Debug, Clone)]
pub struct TransportOptions {
    pub(super) connect_timeout: Duration,
    pub(super) root_certificates: Vec<CertificateDer<'static>>,
    pub(super) proxies: bool,
}

/// Why bytes are no certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate in PEM or DER: {0}")]
pub struct InvalidCertificate(String);

impl TransportOptions {
    /// How long connecting may take, name resolution and TLS included. Default:
    /// 3 seconds.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Trusts these authorities too, beside those that the system trusts: one or
    /// more certificates in PEM, or one in DER.
    ///
    /// # Errors
    /// [`InvalidCertificate`] if there is none in it, or a malformed one.
    pub fn with_root_certificates(mut self, pem_or_der: &[u8]) -> Result<Self, InvalidCertificate> {
        let found = certificates(pem_or_der)?;
        let mut store = RootCertStore::empty();
        for certificate in found {
            store
                .add(certificate.clone())
                .map_err(|error| InvalidCertificate(error.to_string()))?;
            self.root_certificates.push(certificate);
        }
        Ok(self)
    }

    /// Uses no proxy, whatever the environment says. (Only the reqwest backend
    /// uses proxies at all.)
    #[must_use]
    pub fn without_proxies(mut self) -> Self {
        self.proxies = false;
        self
    }
}

fn certificates(pem_or_der: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidCertificate> {
    // A certificate in DER is a SEQUENCE, which begins with this byte; no text does.
    if pem_or_der.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(pem_or_der.to_vec())]);
    }
    let found = CertificateDer::pem_slice_iter(pem_or_der)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| InvalidCertificate(error.to_string()))?;
    if found.is_empty() {
        return Err(InvalidCertificate("there is none in it".to_owned()));
    }
    Ok(found)
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            root_certificates: Vec::new(),
            proxies: true,
        }
    }
}

impl From<InvalidCertificate> for Error {
    fn from(invalid: InvalidCertificate) -> Self {
        Self::new(
            ErrorKind::Configuration,
            "configuration",
            invalid.to_string(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused() {
        let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for bytes in [
            &b""[..],
            b"text",
            b"0 is what DER begins with",
            pem,
            b"\xff",
        ] {
            assert!(
                TransportOptions::default()
                    .with_root_certificates(bytes)
                    .is_err(),
                "{bytes:?}"
            );
        }
    }
}
