//! What the transports over TCP share: listening, the hosts in their addresses, and connecting.

mod listening;
mod opened;
#[cfg(feature = "proxy-protocol")]
mod proxied;
mod race;
mod scope;

use crate::{Attempt, Runtime, SettingError, Stage, TcpListener};
pub(crate) use listening::Listening;
use multiserver_core::address::{Host, Scope};
use multiserver_io::Duplex;
use opened::Opened;
#[cfg(all(unix, feature = "unix"))]
pub(crate) use opened::Taken;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Where a transport listens, if it does, and in which scopes it has addresses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bind {
    endpoint: Option<Result<Endpoint, SettingError>>,
    /// The socket to listen on, when the caller has opened it already.
    opened: Option<Arc<Opened>>,
    /// The declared scopes; if there are none, the scope of the bound address counts.
    scopes: Vec<Scope>,
    /// Whether other sockets may be bound to the same port.
    #[cfg(feature = "system")]
    shares_port: bool,
    /// The balancers whose headers are believed.
    #[cfg(feature = "proxy-protocol")]
    balancers: proxied::Balancers,
}

/// A host and a port.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) host: Host,
    pub(crate) port: u16,
}

impl Endpoint {
    /// Reads `HOST:PORT`, with IPv6 addresses in brackets.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let is_bare_ipv6 = host.contains(':') && !host.starts_with('[');
        let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
        if is_bare_ipv6 || !is_port {
            return None;
        }
        Some(Self { host: host.parse().ok()?, port: port.parse().ok()? })
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().into(), port: address.port() }
    }
}

impl Bind {
    /// Listens at this `HOST:PORT`; if the text is wrong, [`check`](Self::check) returns the error.
    pub(crate) fn to(address: String) -> Self {
        let endpoint = Endpoint::parse(&address).ok_or(SettingError::Bind(address));
        Self { endpoint: Some(endpoint), ..Self::default() }
    }

    /// Listens on this socket, which is open already.
    pub(crate) fn on(socket: std::net::TcpListener) -> Self {
        match Opened::new(socket) {
            Ok(opened) => {
                let endpoint = Endpoint::from(opened.address());
                Self { endpoint: Some(Ok(endpoint)), opened: Some(Arc::new(opened)), ..Self::default() }
            }
            Err(error) => Self { endpoint: Some(Err(SettingError::Socket(Arc::new(error)))), ..Self::default() },
        }
    }

    /// Declares a scope; declared scopes replace that of the bound address.
    pub(crate) fn scope(&mut self, scope: Scope) {
        self.scopes.push(scope);
    }

    /// Lets other sockets be bound to the same port (`SO_REUSEPORT`).
    #[cfg(feature = "system")]
    pub(crate) const fn share_port(&mut self) {
        self.shares_port = true;
    }

    /// Believes the PROXY protocol's headers from this network, and asks for them.
    #[cfg(feature = "proxy-protocol")]
    pub(crate) fn proxy_protocol_from(&mut self, network: String) {
        self.balancers.add(network);
    }

    pub(crate) fn check(&self) -> Result<(), SettingError> {
        #[cfg(feature = "proxy-protocol")]
        self.balancers.check()?;
        match &self.endpoint {
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// The port to listen at; with 0 the system chooses one.
    pub(crate) fn port(&self) -> Option<u16> {
        self.endpoint().map(|endpoint| endpoint.port)
    }

    /// The farthest scope from which it can be reached: the public scope for a wildcard, and the declared scopes for a
    /// loopback address.
    pub(crate) fn max_scope(&self) -> Option<Scope> {
        let bound = match self.endpoint.as_ref()? {
            Ok(endpoint) => scope::of_host(&endpoint.host),
            Err(_) => Scope::Public,
        };
        self.scopes.iter().copied().max().max(Some(bound))
    }

    /// The hosts by which it is reached in this scope.
    pub(crate) fn hosts(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<Host> {
        let Some(Endpoint { host, .. }) = self.endpoint() else { return Vec::new() };
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

    /// Starts to listen; `None` if the transport only dials.
    pub(crate) async fn listen(&self, runtime: &Arc<dyn Runtime>) -> io::Result<Option<Listening>> {
        self.check().map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        let Some(endpoint) = self.endpoint() else { return Ok(None) };
        let listener = match &self.opened {
            Some(opened) => {
                opened.listen(&**runtime).map_err(|error| cannot_listen(opened.address().to_string(), error))?
            }
            None => self.open(&**runtime, endpoint).await?,
        };
        let port = listener.local_address()?.port();
        Ok(Some(Listening {
            listener,
            runtime: Arc::clone(runtime),
            port,
            #[cfg(feature = "proxy-protocol")]
            balancers: self.balancers.clone(),
        }))
    }

    /// Opens a socket; of several addresses at the first that can be bound.
    async fn open(&self, runtime: &dyn Runtime, endpoint: &Endpoint) -> io::Result<Box<dyn TcpListener>> {
        let here = |error| cannot_listen(format!("{}:{}", endpoint.host.in_url(), endpoint.port), error);
        let addresses = runtime.resolve(endpoint.host.as_str(), endpoint.port).await.map_err(here)?;
        let mut failure = None;
        for address in addresses {
            match self.open_at(runtime, address).await {
                Ok(listener) => return Ok(listener),
                Err(error) => failure = Some(cannot_listen(address.to_string(), error)),
            }
        }
        Err(failure.unwrap_or_else(|| here(io::Error::new(ErrorKind::NotFound, "the host has no address"))))
    }

    async fn open_at(&self, runtime: &dyn Runtime, address: SocketAddr) -> io::Result<Box<dyn TcpListener>> {
        #[cfg(feature = "system")]
        if self.shares_port {
            return runtime.tcp_adopt(crate::system::listen_tcp_sharing_port(address)?);
        }
        runtime.tcp_listen(address).await
    }

    fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()?.as_ref().ok()
    }
}

/// Connects to a host, at whichever of its addresses answers first.
pub(crate) async fn connect(attempt: &Attempt, host: &Host, port: u16) -> io::Result<Duplex> {
    attempt.enter(Stage::Resolve);
    let addresses = resolve(&**attempt.runtime(), host, port).await?;
    attempt.enter(Stage::Connect);
    race::connect(&**attempt.runtime(), addresses).await
}

/// Connects to the first of these endpoints that answers; the next one is tried as well after a short delay.
#[cfg(feature = "onion")]
pub(crate) async fn connect_to_any(
    runtime: &dyn Runtime,
    endpoints: impl Iterator<Item = &Endpoint>,
) -> io::Result<Duplex> {
    let (mut addresses, mut failure) = (Vec::new(), None);
    for Endpoint { host, port } in endpoints {
        match resolve(runtime, host, *port).await {
            Ok(found) => addresses.extend(found),
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(error) if addresses.is_empty() => Err(error),
        Some(_) | None => race::connect(runtime, addresses).await,
    }
}

async fn resolve(runtime: &dyn Runtime, host: &Host, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.is_onion() {
        return Err(io::Error::new(ErrorKind::InvalidInput, OnionName(host.clone())));
    }
    runtime.resolve(host.as_str(), port).await
}

/// A `.onion` name cannot be looked up, since only Tor knows it.
#[derive(Debug, thiserror::Error)]
#[error("{0} is an onion service, which only Tor can reach: dial it as `onion:` or through a proxy")]
struct OnionName(Host);

fn cannot_listen(endpoint: String, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), CannotListen { endpoint, error })
}

/// Listening at an endpoint failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {endpoint}: {error}")]
struct CannotListen {
    endpoint: String,
    error: io::Error,
}
