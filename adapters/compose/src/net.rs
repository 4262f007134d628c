//! TCP as a transport.

mod race;
mod scope;

use crate::{Arrival, BoxFuture, Context, Listener, Runtime, Stage, Suite, TcpListener, Transform, Transport};
use multiserver_core::address::{self, Host, Layer, LayerBuf, ParseError, Scope};
use multiserver_io::Duplex;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{self, Poll, ready};

/// `net`: TCP, by host name or IP address.
///
/// It is found in the scope of the address that it is bound to: loopback addresses in [`Scope::Device`], private and
/// link-local ones in [`Scope::Local`], all others in [`Scope::Public`]. Bound to a wildcard (`0.0.0.0`, `[::]`), it
/// is found at each address of the machine's interfaces in that address's scope.
#[derive(Debug, Clone, Default)]
pub struct Net {
    bind: Option<Result<Bind, BadBind>>,
    found: Found,
}

/// Where to listen.
#[derive(Debug, Clone)]
struct Bind {
    host: Host,
    port: u16,
}

/// Who is told where it listens.
#[derive(Debug, Clone, Default)]
struct Found {
    /// When empty, the scope of the address it is bound to.
    scopes: Vec<Scope>,
    external: Vec<Result<Host, BadExternal>>,
}

/// A text is no place to listen at.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot listen on `{0}`: expected a host, `:` and a port, such as 127.0.0.1:8008 or [::]:8008")]
struct BadBind(String);

/// A text is no host name.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the external host `{text}` is none: {source}")]
struct BadExternal {
    text: String,
    source: ParseError,
}

impl Net {
    /// TCP for connecting only.
    #[must_use]
    pub fn dial_only() -> Self {
        Self::default()
    }

    /// TCP that also listens at this `HOST:PORT`; IPv6 addresses stand in brackets, and port 0 takes a free port.
    ///
    /// Of a host name with several addresses it is the first one that can be bound.
    #[must_use]
    pub fn bind(address: impl Into<String>) -> Self {
        let address = address.into();
        let bind = parse_bind(&address).ok_or(BadBind(address));
        Self { bind: Some(bind), found: Found::default() }
    }

    /// Adds a scope in which it is found, in the place of the scope of the address it is bound to.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.found.scopes.push(scope);
        self
    }

    /// Adds a host name that leads here from outside: in the public scope it is found at these names only.
    #[must_use]
    pub fn external(mut self, host: impl Into<String>) -> Self {
        let text = host.into();
        self.found.external.push(text.parse().map_err(|source| BadExternal { text, source }));
        self
    }

    /// The suite of this with a transform over it.
    #[must_use]
    pub fn then(self, transform: impl Transform) -> Suite {
        Suite::new(self).then(transform)
    }
}

impl Transport for Net {
    fn name(&self) -> &str {
        "net"
    }

    fn check(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        if let Some(Err(error)) = &self.bind {
            return Err(Box::new(error.clone()));
        }
        match self.found.external.iter().find_map(|host| host.as_ref().err()) {
            Some(error) => Err(Box::new(error.clone())),
            None => Ok(()),
        }
    }

    fn matches(&self, layer: Layer<'_>) -> bool {
        address::Net::try_from(layer).is_ok()
    }

    fn dial<'a>(&'a self, context: &'a Context, layer: Layer<'a>) -> BoxFuture<'a, io::Result<Duplex>> {
        Box::pin(async move {
            let net = address::Net::try_from(layer).map_err(io::Error::other)?;
            context.enter(Stage::Resolve);
            let addresses = context.runtime().resolve(net.host.as_str(), net.port).await?;
            context.enter(Stage::Connect);
            race::connect(&**context.runtime(), addresses).await
        })
    }

    fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<LayerBuf> {
        match &self.bind {
            Some(Ok(bind)) => self.found.layers(runtime, &bind.host, bind.port, scope),
            Some(Err(_)) | None => Vec::new(),
        }
    }

    fn listen<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        Box::pin(async move {
            let bind = match &self.bind {
                None => return Ok(None),
                Some(bind) => bind.as_ref().map_err(|error| io::Error::new(ErrorKind::InvalidInput, error.clone()))?,
            };
            let runtime = Arc::clone(context.runtime());
            let mut failure = ErrorKind::NotFound.into();
            for address in runtime.resolve(bind.host.as_str(), bind.port).await? {
                match runtime.tcp_listen(address).await {
                    Ok(listener) => {
                        let port = listener.local_address()?.port();
                        let host = bind.host.clone();
                        let net = NetListener { listener, runtime, host, port, found: self.found.clone() };
                        let listener: Box<dyn Listener> = Box::new(net);
                        return Ok(Some(listener));
                    }
                    Err(error) => failure = io::Error::new(error.kind(), CannotListen { address, source: error }),
                }
            }
            Err(failure)
        })
    }
}

/// An address could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
struct CannotListen {
    address: SocketAddr,
    source: io::Error,
}

struct NetListener {
    listener: Box<dyn TcpListener>,
    runtime: Arc<dyn Runtime>,
    host: Host,
    port: u16,
    found: Found,
}

impl Listener for NetListener {
    fn addresses(&self, scope: Scope) -> Vec<LayerBuf> {
        self.found.layers(&*self.runtime, &self.host, self.port, scope)
    }

    fn poll_accept(&self, cx: &mut task::Context<'_>) -> Poll<io::Result<Arrival>> {
        let (io, address) = ready!(self.listener.poll_accept(cx))?;
        let ip = address.ip().to_canonical();
        let layer = address::Net { host: ip.into(), port: address.port() };
        Poll::Ready(Ok(Arrival::new(io).from_source(ip).with_layer(layer)))
    }
}

impl Found {
    /// Where a listener on this host and port is found; nowhere while the port is still to be chosen.
    fn layers(&self, runtime: &dyn Runtime, host: &Host, port: u16, scope: Scope) -> Vec<LayerBuf> {
        if port == 0 {
            return Vec::new();
        }
        self.hosts(runtime, host, scope).into_iter().map(|host| address::Net { host, port }.into()).collect()
    }

    fn hosts(&self, runtime: &dyn Runtime, host: &Host, scope: Scope) -> Vec<Host> {
        if scope == Scope::Public && !self.external.is_empty() {
            return self.external.iter().flatten().cloned().collect();
        }
        if !self.scopes.is_empty() && !self.scopes.contains(&scope) {
            return Vec::new();
        }
        match host.ip() {
            Some(ip) if ip.is_unspecified() => {
                let is_found = |other: &IpAddr| scope::of(*other) == scope && (ip.is_ipv6() || other.is_ipv4());
                let interfaces = runtime.interfaces().unwrap_or_default();
                interfaces.into_iter().filter(is_found).map(Host::from).collect()
            }
            _ if self.scopes.contains(&scope) || scope::of_host(host) == scope => vec![host.clone()],
            _ => Vec::new(),
        }
    }
}

fn parse_bind(text: &str) -> Option<Bind> {
    let (host, port) = text.rsplit_once(':')?;
    let is_bare_ipv6 = host.contains(':') && !host.starts_with('[');
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    if is_bare_ipv6 || !is_port {
        return None;
    }
    Some(Bind { host: host.parse().ok()?, port: port.parse().ok()? })
}
