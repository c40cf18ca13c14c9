//! TLS by certificates from PEM files, read again when they change.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// Where the certificate and its key are.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate with its chain, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// Why there can be no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read, or is no PEM of its kind.
    #[error("{} is no {what} in PEM that can be read: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it should have.
        what: &'static str,
        /// Why it can't be used. Says nothing of what is in it.
        why: String,
    },
    /// The certificate and the key can't be used together.
    #[error(
        "the certificate {} and the key {} can't be used together: {why}",
        files.certificate.display(), files.key.display()
    )]
    Pair {
        /// The files.
        files: TlsFiles,
        /// Why.
        why: rustls::Error,
    },
}

/// The certificate that is in force.
pub(super) struct Certificate {
    files: TlsFiles,
    current: RwLock<Arc<CertifiedKey>>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Certificate {
    pub(super) fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let current = RwLock::new(Arc::new(read(&files)?));
        Ok(Arc::new(Self { files, current }))
    }

    /// What makes TLS connections of others.
    pub(super) fn acceptor(self: &Arc<Self>) -> TlsAcceptor {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the cipher suites of TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    /// Takes a new certificate over whenever its files have changed. One that
    /// can't be used leaves the old one in force.
    pub(super) async fn follow_files(self: Arc<Self>) {
        let mut seen = self.files.state();
        loop {
            tokio::time::sleep(PERIOD).await;
            let state = self.files.state();
            if state == seen {
                continue;
            }
            match read(&self.files) {
                Ok(new) => {
                    let mut current = self.current.write();
                    *current = Arc::new(new);
                    tracing::info!("the certificate was read again");
                    seen = state;
                }
                // Perhaps only one of the two files is new yet.
                Err(error) => tracing::warn!(%error, "the old certificate stays in force"),
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read();
        Some(current.clone())
    }
}

impl TlsFiles {
    /// What changes when the files do.
    fn state(&self) -> [Option<(SystemTime, u64)>; 2] {
        [&self.certificate, &self.key].map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
    }
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
    let unusable = |path: &PathBuf, what, why: String| TlsError::File {
        path: path.clone(),
        what,
        why,
    };
    let chain = std::fs::read(&files.certificate)
        .map_err(|error| error.to_string())
        .and_then(|pem| {
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            match chain {
                Ok(chain) if chain.is_empty() => Err("there is none in it".into()),
                Ok(chain) => Ok(chain),
                Err(error) => Err(error.to_string()),
            }
        })
        .map_err(|why| unusable(&files.certificate, "certificate", why))?;
    let key = std::fs::read(&files.key)
        .and_then(|pem| PrivateKeyDer::from_pem_slice(&pem).map_err(io::Error::other))
        .map_err(|error| unusable(&files.key, "private key", error.to_string()))?;
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|why| TlsError::Pair {
        files: files.clone(),
        why,
    })
}
