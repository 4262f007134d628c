//! Transports: the layers that carry bytes from one machine to another.

use crate::{Attempt, BoxFuture, DialPlan, LayerError, Limits, Opened, Runtime, SettingError};
use multiserver_core::address::{Layer, LayerBuf, Scope};
use multiserver_io::{Duplex, MaybeSend, MaybeSync};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task;

/// The first layer of a suite: `net`, or one of your own.
///
/// The example `adapters/tokio/examples/own_layers` implements one.
pub trait Transport: MaybeSend + MaybeSync + 'static {
    /// The name its layers have in addresses.
    fn name(&self) -> &str;

    /// Checks its settings when a multiserver is built with it.
    ///
    /// # Errors
    /// With these settings it could never listen.
    fn check(&self) -> Result<(), SettingError> {
        Ok(())
    }

    /// The limits of its suites, when neither the suite nor the builder sets any.
    fn default_limits(&self) -> Limits {
        Limits::default()
    }

    /// The farthest scope from which peers can reach it, even if its addresses are for nearer scopes; `None` when it
    /// only dials.
    ///
    /// It decides which transforms may be [offered](crate::Transform::max_scope) on it.
    fn max_scope(&self) -> Option<Scope> {
        Some(Scope::Public)
    }

    /// Whether an incoming peer's key is proven when its stream is [opened](Arrival::opening), as with QUIC.
    ///
    /// A suite has at most one layer that proves its peer.
    fn proves_peer(&self) -> bool {
        false
    }

    /// Reads a layer of an address and returns a plan for it: how to dial it, and what that promises. `None` when this
    /// transport cannot dial the layer.
    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>>;

    /// Its layers in the addresses for this scope, as far as they are known before it listens.
    fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<LayerBuf>;

    /// Starts to listen, or returns `None` when this transport only dials.
    ///
    /// # Errors
    /// It could not listen.
    fn listen<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>>;
}

/// A listening transport. Dropping it stops listening.
pub trait Listener: MaybeSend + MaybeSync + 'static {
    /// Its layers in the addresses for this scope.
    fn addresses(&self, scope: Scope) -> Vec<LayerBuf>;

    /// Accepts the next peer.
    ///
    /// It must not wait for bytes from the peer: waiting for them is part of [`Arrival::opening`].
    ///
    /// # Errors
    /// A peer was lost before it was accepted, or no peer can be accepted for now. The caller polls again, after a
    /// pause unless the error is that of a single peer.
    fn poll_accept(&self, cx: &mut task::Context<'_>) -> task::Poll<io::Result<Arrival>>;
}

/// A peer that a [`Listener`] accepted.
pub struct Arrival {
    pub(crate) opening: Opening,
    pub(crate) source: Option<IpAddr>,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) layer: Option<LayerBuf>,
}

/// What is left to do before a peer's stream is ready.
pub(crate) enum Opening {
    /// What the transport does with the peer.
    Stream(Box<dyn Open<Opened>>),
    /// Reading a header of the PROXY protocol, which says who the peer is, and then what the transport does.
    #[cfg(feature = "proxy-protocol")]
    Header(Box<dyn Open<Proxied>>),
}

/// A peer as its balancer's header has it.
#[cfg(feature = "proxy-protocol")]
pub(crate) struct Proxied {
    pub(crate) open: Box<dyn Open<Opened>>,
    /// Where it comes from and arrived, and the first layer of its address; `None` when the balancer speaks for itself.
    pub(crate) peer: Option<(SocketAddr, SocketAddr, LayerBuf)>,
}

/// A function that is called once; it has a name for the bounds that differ between systems.
pub(crate) trait Open<T>: MaybeSend {
    fn open(self: Box<Self>, attempt: &Attempt) -> BoxFuture<'_, Result<T, LayerError>>;
}

impl<F, T> Open<T> for F
where
    F: for<'a> FnOnce(&'a Attempt) -> BoxFuture<'a, Result<T, LayerError>> + MaybeSend,
{
    fn open(self: Box<Self>, attempt: &Attempt) -> BoxFuture<'_, Result<T, LayerError>> {
        self(attempt)
    }
}

impl Opening {
    /// Whether it is not known yet who the peer is.
    pub(crate) const fn is_header(&self) -> bool {
        match self {
            Self::Stream(_) => false,
            #[cfg(feature = "proxy-protocol")]
            Self::Header(_) => true,
        }
    }
}

impl Arrival {
    /// A peer whose stream is ready.
    #[must_use]
    pub fn new(io: Duplex) -> Self {
        Self::opening(move |_| Box::pin(std::future::ready(Ok(Opened::new(io)))))
    }

    /// A peer whose stream is ready when `open` has completed, which runs as part of the handshake and within its
    /// deadline.
    #[must_use]
    pub fn opening<F>(open: F) -> Self
    where
        F: for<'a> FnOnce(&'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> + MaybeSend + 'static,
    {
        Self::of(Opening::Stream(Box::new(open)))
    }

    pub(crate) const fn of(opening: Opening) -> Self {
        Self { opening, source: None, local: None, remote: None, layer: None }
    }

    /// Adds the IP address that the peer connects from, for the bound on handshakes from one source.
    #[must_use]
    pub const fn from_source(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// Adds the socket address that the peer connects from, which also sets its [source](Self::from_source).
    #[must_use]
    pub const fn from_remote(mut self, remote: SocketAddr) -> Self {
        self.remote = Some(remote);
        self.from_source(remote.ip())
    }

    /// Adds our own socket address at which the peer arrived, if it is known.
    #[must_use]
    pub fn with_local(mut self, local: impl Into<Option<SocketAddr>>) -> Self {
        self.local = local.into();
        self
    }

    /// Adds the first layer of the peer's address.
    #[must_use]
    pub fn with_layer(mut self, layer: impl Into<LayerBuf>) -> Self {
        self.layer = Some(layer.into());
        self
    }
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("source", &self.source)
            .field("local", &self.local)
            .field("layer", &self.layer)
            .finish_non_exhaustive()
    }
}
