//! TLS 1.2 and 1.3 under a WebSocket, with rustls.

use futures_io::{AsyncRead, AsyncWrite};
pub use futures_rustls::TlsStream;
use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use futures_rustls::rustls::crypto::{CryptoProvider, ring};
use futures_rustls::rustls::{self, ClientConfig, ServerConfig};
use futures_rustls::{TlsAcceptor, TlsConnector};
use rustls_platform_verifier::Verifier;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;

/// Why a certificate, a key or a root cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The text is not the expected PEM.
    #[error("the {what} is no PEM text of that kind: {error}")]
    Pem {
        /// What the text should contain.
        what: &'static str,
        /// What is wrong with the text.
        error: futures_rustls::pki_types::pem::Error,
    },
    /// There is no certificate in the text.
    #[error("there is no certificate in the PEM text")]
    NoCertificate,
    /// The certificate does not belong to the key, or one of them cannot be used.
    #[error("the certificate and its key cannot be used: {0}")]
    Unusable(rustls::Error),
}

/// A server's certificate and its private key.
#[derive(Clone)]
pub struct Certificate(TlsAcceptor);

impl Certificate {
    /// Reads the certificate, followed by the intermediate certificates up to a root, and its private key, both as PEM
    /// text.
    ///
    /// # Errors
    /// One of the texts is not the expected PEM, or the key does not belong to the certificate.
    pub fn from_pem(chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self, TlsError> {
        let chain = certificates(chain.as_ref())?;
        let key = PrivateKeyDer::from_pem_slice(key.as_ref())
            .map_err(|error| TlsError::Pem { what: "private key", error })?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(TlsError::Unusable)?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Runs the server's side over a stream.
    ///
    /// # Errors
    /// The stream failed, or the client does not speak TLS.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it. There is no deadline here: set one around it.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, io: S) -> io::Result<TlsStream<S>> {
        self.0.accept(io).await.map(TlsStream::Server)
    }
}

/// The root certificates that a client trusts: those of the platform, and others that are added.
#[derive(Clone, Default)]
pub struct Roots {
    extra: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// The platform's roots.
    #[must_use]
    pub const fn platform() -> Self {
        Self { extra: Vec::new() }
    }

    /// Adds roots, as PEM text.
    ///
    /// # Errors
    /// The text is not a PEM file of certificates.
    pub fn with_pem(mut self, roots: impl AsRef<[u8]>) -> Result<Self, TlsError> {
        self.extra.extend(certificates(roots.as_ref())?);
        Ok(self)
    }

    /// The client's side with these roots; those of the platform are loaded now.
    ///
    /// # Errors
    /// The platform has no roots, or one of the others cannot be used.
    pub fn client(&self) -> io::Result<Client> {
        let verifier = Verifier::new_with_extra_roots(self.extra.iter().cloned(), provider()).map_err(invalid)?;
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(invalid)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Client(TlsConnector::from(Arc::new(config))))
    }
}

/// The client's side of TLS.
#[derive(Clone)]
pub struct Client(TlsConnector);

impl Client {
    /// Runs the client's side over a stream to the host of this name or IP address.
    ///
    /// # Errors
    /// The stream failed, or the server did not prove that it is this host: if the certificate is from no trusted
    /// authority, the source of the error is [`Untrusted`].
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it. There is no deadline here: set one around it.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(&self, host: &str, io: S) -> io::Result<TlsStream<S>> {
        let name = ServerName::try_from(host.to_owned()).map_err(invalid)?;
        self.0.connect(name, io).await.map(TlsStream::Client).map_err(untrusted)
    }
}

/// Why a server's certificate is not accepted, for the errors that a user can fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untrusted {
    /// The certificate is self-signed, or from an authority that is not among the roots.
    #[error("the certificate is self-signed, or from an authority that is not trusted here")]
    Issuer,
    /// The certificate is an authority's own and not a server's; `openssl req -x509` makes such certificates.
    #[error(
        "the certificate is an authority's and not a server's; one for a server is made with \
         `openssl req -x509 -addext basicConstraints=critical,CA:FALSE`"
    )]
    Authority,
}

/// Replaces the errors that a user can fix by an [`Untrusted`].
fn untrusted(error: io::Error) -> io::Error {
    use rustls::{CertificateError, Error};
    let kind = error.kind();
    match error.get_ref().and_then(|source| source.downcast_ref()) {
        // A bad signature means that an authority with the name of a trusted one, but with another key, has signed it.
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)) => {
            io::Error::new(kind, Untrusted::Issuer)
        }
        Some(Error::InvalidCertificate(CertificateError::Other(other)))
            if other.0.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity) =>
        {
            io::Error::new(kind, Untrusted::Authority)
        }
        _ => error,
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|error| TlsError::Pem { what: "certificate", error })?;
    if certificates.is_empty() { Err(TlsError::NoCertificate) } else { Ok(certificates) }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, error)
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots").field("extra", &self.extra.len()).finish()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
