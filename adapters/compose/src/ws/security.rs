//! The security below a WebSocket: none, or TLS.

use crate::{Attempt, BoxFuture};
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_core::address::{self, Host, Layer, LayerBuf};
use multiserver_io::Duplex;
use std::io;
#[cfg(feature = "tls")]
use {
    crate::Stage,
    multiserver_ws::tls::{Certificate, Client, Roots, TlsError, TlsStream},
    std::sync::OnceLock,
};

/// The layer below a WebSocket: [`Plain`] TCP or `Tls`. The trait is sealed, since there are no others.
pub trait Security: sealed::Sealed {}

/// TCP without TLS.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

/// TLS, on both sides.
#[cfg(feature = "tls")]
#[derive(Debug, Clone)]
pub struct Tls {
    certificate: Option<Certificate>,
    roots: Roots,
    /// Made from the roots when the first connection needs it.
    client: OnceLock<Client>,
}

/// The parts of a WebSocket's URL.
#[derive(Debug)]
pub struct Url {
    pub(super) host: Host,
    pub(super) port: u16,
    /// The host, without a zone, and the port unless it is the default one.
    pub(super) authority: String,
    pub(super) path: String,
}

pub(super) mod sealed {
    use super::{AsyncRead, AsyncWrite, Attempt, BoxFuture, Duplex, Host, Layer, LayerBuf, Url, io};

    /// What the transport needs; other crates cannot name this trait.
    pub trait Sealed: Clone + Send + Sync + 'static {
        const NAME: &'static str;
        type Io: AsyncRead + AsyncWrite + Send + Unpin + 'static;

        fn url(layer: Layer<'_>) -> Option<Url>;
        fn layer(host: Host, port: u16) -> LayerBuf;
        fn connect<'a>(
            &'a self,
            attempt: &'a Attempt,
            host: &'a str,
            io: Duplex,
        ) -> BoxFuture<'a, io::Result<Self::Io>>;
        fn accept<'a>(&'a self, attempt: &'a Attempt, io: Duplex) -> BoxFuture<'a, io::Result<Self::Io>>;
    }
}

impl Security for Plain {}

impl sealed::Sealed for Plain {
    const NAME: &'static str = "ws";
    type Io = Duplex;

    fn url(layer: Layer<'_>) -> Option<Url> {
        let ws = address::Ws::try_from(layer).ok()?;
        Some(Url::new(ws.host(), ws.port(), address::Ws::DEFAULT_PORT, ws.path()))
    }

    fn layer(host: Host, port: u16) -> LayerBuf {
        address::Ws::new(host, port).into()
    }

    fn connect<'a>(&'a self, _: &'a Attempt, _: &'a str, io: Duplex) -> BoxFuture<'a, io::Result<Duplex>> {
        Box::pin(std::future::ready(Ok(io)))
    }

    fn accept<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, io::Result<Duplex>> {
        Box::pin(std::future::ready(Ok(io)))
    }
}

#[cfg(feature = "tls")]
impl Tls {
    pub(super) const fn client() -> Self {
        Self { certificate: None, roots: Roots::platform(), client: OnceLock::new() }
    }

    pub(super) const fn server(certificate: Certificate) -> Self {
        Self { certificate: Some(certificate), roots: Roots::platform(), client: OnceLock::new() }
    }

    pub(super) fn root(self, pem: &[u8]) -> Result<Self, TlsError> {
        Ok(Self { roots: self.roots.with_pem(pem)?, client: OnceLock::new(), ..self })
    }
}

#[cfg(feature = "tls")]
impl Security for Tls {}

#[cfg(feature = "tls")]
impl sealed::Sealed for Tls {
    const NAME: &'static str = "wss";
    type Io = TlsStream<Duplex>;

    fn url(layer: Layer<'_>) -> Option<Url> {
        let wss = address::Wss::try_from(layer).ok()?;
        Some(Url::new(wss.host(), wss.port(), address::Wss::DEFAULT_PORT, wss.path()))
    }

    fn layer(host: Host, port: u16) -> LayerBuf {
        address::Wss::new(host, port).into()
    }

    fn connect<'a>(&'a self, attempt: &'a Attempt, host: &'a str, io: Duplex) -> BoxFuture<'a, io::Result<Self::Io>> {
        Box::pin(async move {
            attempt.enter(Stage::Tls);
            let client = match self.client.get() {
                Some(client) => client,
                None => {
                    let client = self.roots.client()?;
                    self.client.get_or_init(|| client)
                }
            };
            client.connect(host, io).await
        })
    }

    fn accept<'a>(&'a self, attempt: &'a Attempt, io: Duplex) -> BoxFuture<'a, io::Result<Self::Io>> {
        Box::pin(async move {
            attempt.enter(Stage::Tls);
            match &self.certificate {
                Some(certificate) => certificate.accept(io).await,
                None => Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no certificate to listen with")),
            }
        })
    }
}

impl Url {
    fn new(host: &Host, port: u16, default_port: u16, path: &str) -> Self {
        let mut authority = host.in_url().to_string();
        // A zone has a meaning on this machine only, and must not be sent in HTTP (RFC 6874).
        if let Some(start) = authority.find('%') {
            authority.replace_range(start.., "]");
        }
        if port != default_port {
            authority = format!("{authority}:{port}");
        }
        Self { host: host.clone(), port, authority, path: path.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::sealed::Sealed;
    use super::*;
    use multiserver_core::address::Address;

    #[test]
    fn the_authority_has_the_host_and_no_zone() {
        for (address, host, authority) in [
            ("ws://[fe80::1%eth0]:1/", "fe80::1%eth0", "[fe80::1]:1"),
            ("ws://[fe80::1%eth0]/", "fe80::1%eth0", "[fe80::1]"),
            ("ws://[::1]:80/", "::1", "[::1]"),
            ("ws://h:8989/path", "h", "h:8989"),
        ] {
            let address: Address = address.parse().unwrap();
            let url = Plain::url(address.transport()).unwrap();
            assert_eq!((url.host.as_str(), url.authority.as_str()), (host, authority), "{address}");
        }
    }
}
