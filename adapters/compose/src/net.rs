//! TCP as a transport.

use crate::tcp::{Bind, Listening, connect};
use crate::{Arrival, BoxFuture, Context, Listener, Runtime, Suite, Transform, Transport};
use multiserver_core::address::{self, Host, Layer, LayerBuf, ParseError, Scope};
use multiserver_io::Duplex;
use std::error::Error;
use std::io;
use std::task::{self, Poll, ready};

/// `net`: TCP, by host name or IP address.
///
/// It is found in the scope of the address that it is bound to: loopback addresses in [`Scope::Device`], private and
/// link-local ones in [`Scope::Local`], all others in [`Scope::Public`]. Bound to a wildcard (`0.0.0.0`, `[::]`), it
/// is found at each address of the machine's interfaces in that address's scope.
#[derive(Debug, Clone, Default)]
pub struct Net {
    bind: Bind,
    external: Vec<Result<Host, BadExternal>>,
}

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
        Self { bind: Bind::to(address.into()), external: Vec::new() }
    }

    /// Adds a scope in which it is found, in the place of the scope of the address it is bound to.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.bind.scope(scope);
        self
    }

    /// Adds a host name that leads here from outside: in the public scope it is found at these names only.
    #[must_use]
    pub fn external(mut self, host: impl Into<String>) -> Self {
        let text = host.into();
        self.external.push(text.parse().map_err(|source| BadExternal { text, source }));
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
        self.bind.check()?;
        match self.external.iter().find_map(|host| host.as_ref().err()) {
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
            connect(context, &net.host, net.port).await
        })
    }

    fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<LayerBuf> {
        self.bind.port().map(|port| self.layers(runtime, port, scope)).unwrap_or_default()
    }

    fn listen<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        Box::pin(async move {
            let tcp = self.bind.listen(context.runtime()).await?;
            Ok(tcp.map(|tcp| -> Box<dyn Listener> { Box::new(NetListener { tcp, net: self.clone() }) }))
        })
    }
}

impl Net {
    fn layers(&self, runtime: &dyn Runtime, port: u16, scope: Scope) -> Vec<LayerBuf> {
        if port == 0 {
            return Vec::new();
        }
        let hosts = if scope == Scope::Public && !self.external.is_empty() {
            self.external.iter().flatten().cloned().collect()
        } else {
            self.bind.hosts(runtime, scope)
        };
        hosts.into_iter().map(|host| address::Net { host, port }.into()).collect()
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
        let (io, ip, port) = ready!(self.tcp.poll_accept(cx))?;
        let layer = address::Net { host: ip.into(), port };
        Poll::Ready(Ok(Arrival::new(io).from_source(ip).with_layer(layer)))
    }
}
