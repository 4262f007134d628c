//! WebSocket as a transport, plain and over TLS.

mod security;

#[cfg(feature = "tls")]
pub use multiserver_ws::tls::{Certificate, TlsError, Untrusted};
pub use multiserver_ws::{Config, Error, http};
#[cfg(feature = "tls")]
pub use security::Tls;
pub use security::{Plain, Security};

use security::Url;

use crate::tcp::{Bind, Listening, connect};
use crate::{
    Arrival, Attempt, BoxFuture, Dial, DialPlan, LayerError, Listener, Opened, Plan, Runtime, SettingError, Stage,
    Transport,
};
use bytes::Bytes;
use http::{Request, Response};
use multiserver_core::address::{self, Layer, LayerBuf, Scope};
use multiserver_io::Duplex;
use multiserver_ws::{Handler, Target, Timer};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{self, Poll};

/// `ws`: WebSocket over TCP.
pub type Ws = WebSocket<Plain>;

/// `wss`: WebSocket over TLS over TCP.
#[cfg(feature = "tls")]
pub type Wss = WebSocket<Tls>;

/// WebSocket as a transport: [`Ws`], and `Wss` over TLS.
///
/// It has an address in the scope of the IP address that it is bound to, as [`Net`](crate::Net) has. A server accepts
/// any path; a client requests the path and the query of the address.
///
/// A peer's address is where its socket comes from, as a URL. The reference takes the header `Origin` instead when the
/// socket comes from the same machine, on the word of whoever connects; here the header has no say. Behind a reverse
/// proxy that does not speak the [PROXY protocol](Self::proxy_protocol_from) all peers have the proxy's address: raise
/// [`Limits::pending_per_source`](crate::Limits::pending_per_source).
///
/// If the layer above has a goodbye of its own, as `shs` has, closing a connection sends it and leaves the other
/// direction open; the WebSocket is closed when both directions have ended, or when the connection is dropped. Without
/// such a layer, closing ends both directions, since a WebSocket has no half-close: see [`multiserver_ws`].
///
/// Keep reading: pings are sent and answered only while the connection is read. A proxy on the way may cut a connection
/// that is not read and carries nothing for some time, nginx by default after a minute.
#[derive(Clone)]
pub struct WebSocket<S> {
    bind: Bind,
    external: Vec<Result<LayerBuf, SettingError>>,
    config: Config,
    handler: Option<Handler>,
    origins: Vec<String>,
    security: S,
}

impl WebSocket<Plain> {
    /// WebSocket for connecting only.
    #[must_use]
    pub fn dial_only() -> Self {
        Self::new(Bind::default(), Plain)
    }

    /// WebSocket that also listens at this `HOST:PORT`; IPv6 addresses stand in brackets, and port 0 takes a free port.
    #[must_use]
    pub fn bind(address: impl Into<String>) -> Self {
        Self::new(Bind::to(address.into()), Plain)
    }

    /// WebSocket that also listens on this socket, which is open already, as [`Net::listener`](crate::Net::listener)
    /// does.
    #[must_use]
    pub fn listener(socket: std::net::TcpListener) -> Self {
        Self::new(Bind::on(socket), Plain)
    }
}

#[cfg(feature = "tls")]
impl WebSocket<Tls> {
    /// WebSocket over TLS for connecting only.
    #[must_use]
    pub fn dial_only() -> Self {
        Self::new(Bind::default(), Tls::client())
    }

    /// WebSocket over TLS that also listens at this `HOST:PORT`, with this certificate.
    #[must_use]
    pub fn bind(address: impl Into<String>, certificate: Certificate) -> Self {
        Self::new(Bind::to(address.into()), Tls::server(certificate))
    }

    /// WebSocket over TLS that also listens on this socket, which is open already, with this certificate, as
    /// [`Net::listener`](crate::Net::listener) does.
    #[must_use]
    pub fn listener(socket: std::net::TcpListener, certificate: Certificate) -> Self {
        Self::new(Bind::on(socket), Tls::server(certificate))
    }

    /// Adds root certificates, as PEM text, to those of the platform, for connecting.
    ///
    /// # Errors
    /// The text is not a PEM file of certificates.
    pub fn root(mut self, pem: impl AsRef<[u8]>) -> Result<Self, TlsError> {
        self.security = self.security.root(pem.as_ref())?;
        Ok(self)
    }
}

impl<S: Security> WebSocket<S> {
    fn new(bind: Bind, security: S) -> Self {
        Self { bind, external: Vec::new(), config: Config::default(), handler: None, origins: Vec::new(), security }
    }

    /// Adds a scope in which it has an address; these scopes replace that of the address it is bound to.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.bind.scope(scope);
        self
    }

    /// Lets other sockets listen at the same port, as [`Net::reuse_port`](crate::Net::reuse_port) does.
    #[cfg(feature = "system")]
    #[must_use]
    pub fn reuse_port(mut self) -> Self {
        self.bind.share_port();
        self
    }

    /// Believes the PROXY protocol from load balancers in this network, as
    /// [`Net::proxy_protocol_from`](crate::Net::proxy_protocol_from) does: its header comes before TLS and HTTP.
    #[cfg(feature = "proxy-protocol")]
    #[must_use]
    pub fn proxy_protocol_from(mut self, network: impl Into<String>) -> Self {
        self.bind.proxy_protocol_from(network.into());
        self
    }

    /// Adds a URL, `ws://` or `wss://`, that leads here from outside: in the public scope it is found there only.
    ///
    /// Behind a reverse proxy that ends TLS, a plain `Ws` has a `wss` URL here.
    #[must_use]
    pub fn external(mut self, url: impl Into<String>) -> Self {
        let number = self.external.len() + 1;
        self.external.push(parse_external(&url.into()).ok_or(SettingError::ExternalUrl(number)));
        self
    }

    /// Lets pages of this origin, such as `https://example.org`, connect where the suite proves no peer.
    ///
    /// In such a suite, a request whose `Host` is not a loopback host is answered with 403, and so is a browser's
    /// request for a page of any other origin than that host or the origins added here: a web page must not reach a
    /// service that is for this device alone.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Sets the bounds of messages and HTTP heads, the time between pings, and how long to wait for a silent peer.
    #[must_use]
    pub const fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Answers HTTP requests on the same port that do not ask for a WebSocket; without a handler they get 426.
    ///
    /// The handler runs as part of the handshake, under its deadline. The body of the request is not read, and the
    /// connection is closed after the answer. An answer stays in memory until the client has taken it, so share a large
    /// body as [`Bytes`]. The server then reports [`Event::Answered`](crate::Event::Answered).
    #[must_use]
    pub fn http<H, F, B>(mut self, handler: H) -> Self
    where
        H: Fn(Request<()>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Into<Bytes>,
    {
        self.handler = Some(Arc::new(move |request| {
            let response = handler(request);
            Box::pin(async move { response.await.map(Into::into) })
        }));
        self
    }

    crate::suite::then!();

    fn layers(&self, runtime: &dyn Runtime, port: u16, scope: Scope) -> Vec<LayerBuf> {
        if scope == Scope::Public && !self.external.is_empty() {
            return self.external.iter().flatten().cloned().collect();
        }
        if port == 0 {
            return Vec::new();
        }
        self.bind.hosts(runtime, scope).into_iter().map(|host| S::layer(host, port)).collect()
    }
}

impl<S: Security> Transport for WebSocket<S> {
    fn name(&self) -> &str {
        S::NAME
    }

    fn check(&self) -> Result<(), SettingError> {
        self.bind.check()?;
        match self.external.iter().find_map(|url| url.as_ref().err()) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    fn max_scope(&self) -> Option<Scope> {
        let bound = self.bind.max_scope()?;
        Some(if self.external.is_empty() { bound } else { Scope::Public })
    }

    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>> {
        let url = S::url(layer)?;
        Some(Plan::dial(layer, WsDial { ws: self, url }))
    }

    fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<LayerBuf> {
        self.bind.port().map(|port| self.layers(runtime, port, scope)).unwrap_or_default()
    }

    fn listen<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        Box::pin(async move {
            let tcp = self.bind.listen(attempt.runtime()).await?;
            let ws = Arc::new(self.clone());
            Ok(tcp.map(|tcp| -> Box<dyn Listener> { Box::new(WsListener { tcp, ws }) }))
        })
    }
}

/// The step that dials a URL.
struct WsDial<'w, S> {
    ws: &'w WebSocket<S>,
    url: Url,
}

impl<S: Security> Dial for WsDial<'_, S> {
    fn dial<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async move {
            let Self { ws, url } = self;
            let io = connect(attempt, &url.host, url.port).await?;
            let io = ws.security.connect(attempt, url.host.as_str(), io).await?;
            attempt.enter(Stage::WebSocket);
            let target = Target { host: &url.authority, path: &url.path };
            Ok(Opened::new(split(multiserver_ws::connect(io, target, &ws.config, &timer(attempt)).await?)))
        })
    }
}

struct WsListener<S> {
    tcp: Listening,
    ws: Arc<WebSocket<S>>,
}

impl<S: Security> Listener for WsListener<S> {
    fn addresses(&self, scope: Scope) -> Vec<LayerBuf> {
        self.ws.layers(self.tcp.runtime(), self.tcp.port(), scope)
    }

    fn poll_accept(&self, cx: &mut task::Context<'_>) -> Poll<io::Result<Arrival>> {
        let ws = Arc::clone(&self.ws);
        self.tcp.poll_accept(cx, S::layer, move |io, attempt| {
            Box::pin(async move {
                let io = ws.security.accept(attempt, io).await?;
                attempt.enter(Stage::WebSocket);
                let handler = ws.handler.as_ref();
                let (config, timer) = (&ws.config, &timer(attempt));
                let socket = if attempt.is_in_the_clear() {
                    multiserver_ws::accept_local(io, config, handler, &ws.origins, timer).await
                } else {
                    multiserver_ws::accept(io, config, handler, timer).await
                };
                let socket = socket.map_err(layer_error)?;
                socket.bound_until(Arc::clone(attempt.is_accepted()));
                Ok(Opened::new(split(socket)))
            })
        })
    }
}

fn split<S>(socket: multiserver_ws::WebSocket<S>) -> Duplex
where
    S: futures_io::AsyncRead + futures_io::AsyncWrite + Send + Unpin + 'static,
{
    let (read, write) = socket.into_split();
    Duplex::of_streams(read, write)
}

fn layer_error(error: io::Error) -> LayerError {
    match error.get_ref().and_then(|error| error.downcast_ref()) {
        Some(Error::Answered(_)) => LayerError::Answered(error.into()),
        _ => LayerError::Io(error),
    }
}

fn timer(attempt: &Attempt) -> Timer {
    let runtime = Arc::clone(attempt.runtime());
    Arc::new(move |duration| runtime.sleep(duration))
}

fn parse_external(url: &str) -> Option<LayerBuf> {
    let address: address::Address = url.parse().ok()?;
    let layer = address.transport();
    let is_url = address::Ws::try_from(layer).is_ok() || address::Wss::try_from(layer).is_ok();
    (is_url && address.transforms().len() == 0).then(|| layer.into())
}

impl<S: Security> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("name", &S::NAME)
            .field("bind", &self.bind)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
