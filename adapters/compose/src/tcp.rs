//! What the transports over TCP have in common: where they listen and are found, and how they reach a host.

mod opened;
mod race;
mod scope;

use crate::{Attempt, Runtime, SettingError, Stage, TcpArrival, TcpListener};
use multiserver_core::address::{Host, Scope};
use multiserver_io::Duplex;
use opened::Opened;
#[cfg(all(unix, feature = "unix"))]
pub(crate) use opened::Taken;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{self, Poll, ready};

/// Where a transport listens, if it does, and in which scopes it is found there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bind {
    place: Option<Result<Place, SettingError>>,
    /// The socket there, when it is open already.
    opened: Option<Arc<Opened>>,
    /// When empty, the scope of the address it is bound to.
    scopes: Vec<Scope>,
}

/// A host and a port.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) host: Host,
    pub(crate) port: u16,
}

impl Place {
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

impl From<SocketAddr> for Place {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().into(), port: address.port() }
    }
}

impl Bind {
    /// Listens at this `HOST:PORT`; what is wrong with the text, [`check`](Self::check) tells.
    pub(crate) fn to(address: String) -> Self {
        let place = Place::parse(&address).ok_or(SettingError::Bind(address));
        Self { place: Some(place), ..Self::default() }
    }

    /// Listens on this socket, which is open already.
    pub(crate) fn on(socket: std::net::TcpListener) -> Self {
        match Opened::new(socket) {
            Ok(opened) => {
                let place = Place::from(opened.address());
                Self { place: Some(Ok(place)), opened: Some(Arc::new(opened)), ..Self::default() }
            }
            Err(error) => Self { place: Some(Err(SettingError::Socket(Arc::new(error)))), ..Self::default() },
        }
    }

    /// Adds a scope, in the place of that of the address.
    pub(crate) fn scope(&mut self, scope: Scope) {
        self.scopes.push(scope);
    }

    pub(crate) fn check(&self) -> Result<(), SettingError> {
        match &self.place {
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// The port to listen at, which 0 leaves to the system.
    pub(crate) fn port(&self) -> Option<u16> {
        self.place().map(|place| place.port)
    }

    /// The farthest scope from which it can be reached there: a wildcard from everywhere, and a loopback address from
    /// wherever its declared scopes say.
    pub(crate) fn max_scope(&self) -> Option<Scope> {
        let bound = match self.place.as_ref()? {
            Ok(place) => scope::of_host(&place.host),
            Err(_) => Scope::Public,
        };
        self.scopes.iter().copied().max().max(Some(bound))
    }

    /// The hosts that lead to it in this scope.
    pub(crate) fn hosts(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<Host> {
        let Some(Place { host, .. }) = self.place() else { return Vec::new() };
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

    /// Starts to listen, where it is made for that.
    pub(crate) async fn listen(&self, runtime: &Arc<dyn Runtime>) -> io::Result<Option<Listening>> {
        self.check().map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        let Some(place) = self.place() else { return Ok(None) };
        let listener = match &self.opened {
            Some(opened) => opened.listen(&**runtime).map_err(|error| cannot_listen(opened.address(), error))?,
            None => open(&**runtime, place).await?,
        };
        let port = listener.local_address()?.port();
        Ok(Some(Listening { listener, runtime: Arc::clone(runtime), port }))
    }

    fn place(&self) -> Option<&Place> {
        self.place.as_ref()?.as_ref().ok()
    }
}

/// A socket that listens.
pub(crate) struct Listening {
    listener: Box<dyn TcpListener>,
    runtime: Arc<dyn Runtime>,
    port: u16,
}

impl Listening {
    pub(crate) fn runtime(&self) -> &dyn Runtime {
        &*self.runtime
    }

    /// The port it really has.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The next peer; IPv4-mapped IPv6 addresses are returned as IPv4.
    pub(crate) fn poll_accept(&self, cx: &mut task::Context<'_>) -> Poll<io::Result<TcpArrival>> {
        let TcpArrival { io, remote, local } = ready!(self.listener.poll_accept(cx))?;
        Poll::Ready(Ok(TcpArrival { io, remote: canonical(remote), local: local.map(canonical) }))
    }
}

fn canonical(mut address: SocketAddr) -> SocketAddr {
    address.set_ip(address.ip().to_canonical());
    address
}

/// Opens a socket; of several addresses at the first that can be bound.
async fn open(runtime: &dyn Runtime, place: &Place) -> io::Result<Box<dyn TcpListener>> {
    let mut failure = ErrorKind::NotFound.into();
    for address in runtime.resolve(place.host.as_str(), place.port).await? {
        match runtime.tcp_listen(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = cannot_listen(address, error),
        }
    }
    Err(failure)
}

/// Connects to a host, at whichever of its addresses answers first.
pub(crate) async fn connect(attempt: &Attempt, host: &Host, port: u16) -> io::Result<Duplex> {
    attempt.enter(Stage::Resolve);
    let addresses = resolve(&**attempt.runtime(), host, port).await?;
    attempt.enter(Stage::Connect);
    race::connect(&**attempt.runtime(), addresses).await
}

/// Connects to whichever of these places answers first, where each is tried alone for a while before the next is.
#[cfg(feature = "onion")]
pub(crate) async fn connect_to_any(runtime: &dyn Runtime, places: impl Iterator<Item = &Place>) -> io::Result<Duplex> {
    let (mut addresses, mut failure) = (Vec::new(), None);
    for Place { host, port } in places {
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

/// A name that only Tor knows was to be looked up.
#[derive(Debug, thiserror::Error)]
#[error("{0} is an onion service, which only Tor can reach: dial it as `onion:` or through a proxy")]
struct OnionName(Host);

fn cannot_listen(address: SocketAddr, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), CannotListen { address, error })
}

/// An address could not be listened at.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error}")]
struct CannotListen {
    address: SocketAddr,
    error: io::Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_addresses_are_such_and_the_others_keep_their_zones() {
        for (told, meant) in [
            ("[::ffff:192.0.2.1]:8008", "192.0.2.1:8008"),
            ("192.0.2.1:8008", "192.0.2.1:8008"),
            ("[fe80::1%7]:8008", "[fe80::1%7]:8008"),
        ] {
            assert_eq!(canonical(told.parse().unwrap()), meant.parse().unwrap(), "{told}");
        }
    }
}
