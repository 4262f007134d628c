//! What carries bytes from one machine to another.

use crate::{Attempt, BoxFuture, DialPlan, LayerError, Limits, Opened, Runtime, SettingError};
use multiserver_core::address::{Layer, LayerBuf, Scope};
use multiserver_io::{Duplex, MaybeSend, MaybeSync};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task;

/// The first layer of a suite: `net`, or one of your own.
///
/// An example from outside is `adapters/tokio/examples/own_layers`.
pub trait Transport: MaybeSend + MaybeSync + 'static {
    /// The name its layers have in addresses.
    fn name(&self) -> &str;

    /// Says what is wrong with its settings, when a multiserver is built with it.
    ///
    /// # Errors
    /// It could never listen with these settings.
    fn check(&self) -> Result<(), SettingError> {
        Ok(())
    }

    /// The bounds of its suites when neither the suite nor the builder sets any.
    fn default_limits(&self) -> Limits {
        Limits::default()
    }

    /// The farthest scope from which peers can reach it, whatever scopes its addresses are for; `None` when it only
    /// dials.
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

    /// Reads a layer of an address: how to dial it and what that promises, or `None` when the layer is not one that this
    /// transport can dial.
    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>>;

    /// Where it will be found in this scope, as far as that is known before it listens.
    fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<LayerBuf>;

    /// Starts to listen, or returns `None` when this transport only dials.
    ///
    /// # Errors
    /// It could not listen.
    fn listen<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>>;
}

/// A transport that listens. Dropping it stops that.
pub trait Listener: MaybeSend + MaybeSync + 'static {
    /// Where it is found in this scope.
    fn addresses(&self, scope: Scope) -> Vec<LayerBuf>;

    /// Accepts the next peer.
    ///
    /// It must not wait for anything that the peer has to send: that is part of [`Arrival::opening`].
    ///
    /// # Errors
    /// A peer was lost before it was accepted, or nobody can be accepted for now. The listener is asked again, after
    /// a pause unless the error is that of a single peer.
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

    /// A peer whose stream is ready once this has run, as part of its handshake and under its deadline.
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

    /// Adds the source it came from, for the bound on handshakes from one source.
    #[must_use]
    pub const fn from_source(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// Adds the socket address that it came from, which is its [source](Self::from_source), too.
    #[must_use]
    pub const fn from_remote(mut self, remote: SocketAddr) -> Self {
        self.remote = Some(remote);
        self.from_source(remote.ip())
    }

    /// Adds at which of our own socket addresses it arrived, as far as that is known.
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
