//! TCP as a transport.

#[cfg(feature = "onion")]
use crate::Proxy;
use crate::tcp::{Bind, Listening, connect};
use crate::{
    Arrival, Attempt, BoxFuture, Dial, DialPlan, LayerError, Listener, Opened, Plan, Runtime, SettingError, Transport,
};
use multiserver_core::address::{self, Host, Layer, LayerBuf, Scope};
use std::io;
use std::task::{self, Poll};

/// `net`: TCP, by host name or IP address.
///
/// It has an address in the scope of the IP address that it is bound to: loopback addresses in [`Scope::Device`],
/// private and link-local ones in [`Scope::Local`], all others in [`Scope::Public`]. Bound to a wildcard (`0.0.0.0`,
/// `[::]`), it has an address for each address of the machine's interfaces, in that address's scope.
#[derive(Debug, Clone, Default)]
pub struct Net {
    bind: Bind,
    external: Vec<Result<External, SettingError>>,
    #[cfg(feature = "onion")]
    proxy: Option<Proxy>,
}

/// A host name, and perhaps a port, at which the listener is reached from outside.
#[derive(Debug, Clone)]
struct External {
    host: Host,
    /// If `None`, the port that it listens at.
    port: Option<u16>,
}

impl Net {
    /// TCP for connecting only.
    #[must_use]
    pub fn dial_only() -> Self {
        Self::default()
    }

    /// TCP that also listens at this `HOST:PORT`; IPv6 addresses stand in brackets, and port 0 takes a free port.
    ///
    /// If a host name has several addresses, it binds the first one that can be bound.
    #[must_use]
    pub fn bind(address: impl Into<String>) -> Self {
        Self { bind: Bind::to(address.into()), ..Self::default() }
    }

    /// TCP that also listens on this socket, which is open already: one of systemd's, or one that a test has bound.
    ///
    /// Its addresses are those of a transport that is bound to the socket's address. The first server that listens
    /// takes the socket, and closes it at its end: listening a second time fails.
    #[must_use]
    pub fn listener(socket: std::net::TcpListener) -> Self {
        Self { bind: Bind::on(socket), ..Self::default() }
    }

    /// Adds a scope in which it has an address; these scopes replace that of the address it is bound to.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.bind.scope(scope);
        self
    }

    /// Lets other sockets listen at the same port, each of whom gets a share of the connections (`SO_REUSEPORT`): several
    /// servers of one machine are then as one. On Linux all of them need to set this, and to be of the same user.
    ///
    /// It has no effect on a socket that is open already. Where the system does not have it, listening fails.
    #[cfg(feature = "system")]
    #[must_use]
    pub const fn reuse_port(mut self) -> Self {
        self.bind.share_port();
        self
    }

    /// Believes the PROXY protocol, version 1 or 2, from load balancers in this network: an IP address, or one with the
    /// length of its prefix, such as `192.0.2.0/24`. To be called for each network.
    ///
    /// Every connection from there has to begin with a header, within the handshake's deadline, or it fails. From then on
    /// the peer is the one that the header names, in its [address](crate::Connection::peer_address), in what is reported, and
    /// for the [bound](crate::Limits::pending_per_source) on handshakes from one source, which the balancer itself does
    /// not have. Where the header names nobody, as in a health check, the peer is the balancer. From everywhere else a
    /// header is believed by nobody: there it is taken for the first bytes of a handshake, which it is not.
    #[cfg(feature = "proxy-protocol")]
    #[must_use]
    pub fn proxy_protocol_from(mut self, network: impl Into<String>) -> Self {
        self.bind.proxy_protocol_from(network.into());
        self
    }

    /// Adds a host name that leads here from outside: in the public scope it is found at these names only.
    ///
    /// A name that ends in `.onion` is that of an onion service, and gives an `onion` address.
    #[must_use]
    pub fn external(self, host: impl Into<String>) -> Self {
        self.add_external(host.into(), None)
    }

    /// Adds a host name as [`external`](Self::external) does, with the port that leads here from outside.
    #[must_use]
    pub fn external_at(self, host: impl Into<String>, port: u16) -> Self {
        self.add_external(host.into(), Some(port))
    }

    fn add_external(mut self, text: String, port: Option<u16>) -> Self {
        let host = text.parse().map_err(|error| SettingError::ExternalHost { text, error });
        self.external.push(host.map(|host| External { host, port }));
        self
    }

    /// Dials through this proxy only; the proxy also looks up all host names.
    #[cfg(feature = "onion")]
    #[must_use]
    pub fn through(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    crate::suite::then!();
}

impl Transport for Net {
    fn name(&self) -> &str {
        "net"
    }

    fn check(&self) -> Result<(), SettingError> {
        self.bind.check()?;
        #[cfg(feature = "onion")]
        if let Some(proxy) = &self.proxy {
            proxy.check()?;
        }
        match self.external.iter().find_map(|host| host.as_ref().err()) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    fn max_scope(&self) -> Option<Scope> {
        let bound = self.bind.max_scope()?;
        Some(if self.external.is_empty() { bound } else { Scope::Public })
    }

    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>> {
        let layer = address::Net::try_from(layer).ok()?;
        let dial = NetDial {
            #[cfg(feature = "onion")]
            proxy: self.proxy.clone(),
            layer: layer.clone(),
        };
        Some(Plan::dial(layer, dial))
    }

    fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<LayerBuf> {
        self.bind.port().map(|port| self.layers(runtime, port, scope)).unwrap_or_default()
    }

    fn listen<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        Box::pin(async move {
            let tcp = self.bind.listen(attempt.runtime()).await?;
            Ok(tcp.map(|tcp| -> Box<dyn Listener> { Box::new(NetListener { tcp, net: self.clone() }) }))
        })
    }
}

/// A host and a port to be dialled.
struct NetDial {
    #[cfg(feature = "onion")]
    proxy: Option<Proxy>,
    layer: address::Net,
}

impl Dial for NetDial {
    fn dial<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async move {
            let address::Net { host, port } = &self.layer;
            #[cfg(feature = "onion")]
            if let Some(proxy) = &self.proxy {
                return Ok(Opened::new(proxy.dial(attempt, host, *port).await?));
            }
            Ok(Opened::new(connect(attempt, host, *port).await?))
        })
    }
}

impl Net {
    fn layers(&self, runtime: &dyn Runtime, port: u16, scope: Scope) -> Vec<LayerBuf> {
        if scope == Scope::Public && !self.external.is_empty() {
            return self.external.iter().flatten().filter_map(|external| external.layer(port)).collect();
        }
        let hosts = if port == 0 { Vec::new() } else { self.bind.hosts(runtime, scope) };
        hosts.into_iter().map(|host| address::Net { host, port }.into()).collect()
    }
}

impl External {
    /// The layer for a listener at this port; `None` while the port is still to be chosen.
    fn layer(&self, port: u16) -> Option<LayerBuf> {
        let (host, port) = (self.host.clone(), self.port.unwrap_or(port));
        let layer =
            if host.is_onion() { address::Onion { host, port }.into() } else { address::Net { host, port }.into() };
        (port != 0).then_some(layer)
    }
}

struct NetListener {
    tcp: Listening,
    net: Net,
}

impl Listener for NetListener {
    fn addresses(&self, scope: Scope) -> Vec<LayerBuf> {
        self.net.layers(self.tcp.runtime(), self.tcp.port(), scope)
    }

    fn poll_accept(&self, cx: &mut task::Context<'_>) -> Poll<io::Result<Arrival>> {
        let to_layer = |host, port| address::Net { host, port }.into();
        self.tcp.poll_accept(cx, to_layer, |io, _| Box::pin(std::future::ready(Ok(Opened::new(io)))))
    }
}
