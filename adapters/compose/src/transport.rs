//! What carries bytes from one machine to another.

use crate::{BoxFuture, Context, Limits, Runtime};
use multiserver_core::address::{Layer, LayerBuf, Scope};
use multiserver_io::Duplex;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task;

/// The first layer of a suite: `net`, or one of your own.
///
/// An example from outside is `adapters/tokio/examples/own_layers`.
pub trait Transport: Send + Sync + 'static {
    /// The name its layers have in addresses.
    fn name(&self) -> &str;

    /// Says what is wrong with its settings, when a multiserver is built with it.
    ///
    /// # Errors
    /// It could never listen with these settings.
    fn check(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    /// The bounds of its suites when neither the suite nor the builder sets any.
    fn default_limits(&self) -> Limits {
        Limits::default()
    }

    /// The farthest scope from which peers can reach it, whatever scopes its addresses are for; `None` when it only
    /// dials.
    ///
    /// It decides which transforms may be [offered](crate::Transform::farthest_scope) on it.
    fn farthest_scope(&self) -> Option<Scope> {
        Some(Scope::Public)
    }

    /// Whether it can dial this layer of an address.
    fn matches(&self, layer: Layer<'_>) -> bool;

    /// Opens a connection to where this layer says.
    ///
    /// # Errors
    /// There is nobody, or no way there; the context's [stage](Context::enter) says how far it came.
    ///
    /// # Cancel safety
    /// Dropping the future leaves no socket behind.
    fn dial<'a>(&'a self, context: &'a Context, layer: Layer<'a>) -> BoxFuture<'a, io::Result<Duplex>>;

    /// Where it will be found in this scope, as far as that is known before it listens.
    fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<LayerBuf>;

    /// Starts to listen, or returns `None` when this transport only dials.
    ///
    /// # Errors
    /// It could not listen.
    fn listen<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>>;
}

/// A transport that listens. Dropping it stops that.
pub trait Listener: Send + Sync + 'static {
    /// Where it is found in this scope.
    fn addresses(&self, scope: Scope) -> Vec<LayerBuf>;

    /// Accepts the next peer.
    ///
    /// It must not wait for anything that the peer has to send: that belongs into [`Arrival::opening`].
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
    pub(crate) layer: Option<LayerBuf>,
}

pub(crate) type Opening = Box<dyn for<'a> FnOnce(&'a Context) -> BoxFuture<'a, io::Result<Duplex>> + Send>;

impl Arrival {
    /// A peer whose stream is ready.
    #[must_use]
    pub fn new(io: Duplex) -> Self {
        Self::opening(move |_| Box::pin(std::future::ready(Ok(io))))
    }

    /// A peer whose stream is ready once this has run, as part of its handshake and under its deadline.
    #[must_use]
    pub fn opening<F>(open: F) -> Self
    where
        F: for<'a> FnOnce(&'a Context) -> BoxFuture<'a, io::Result<Duplex>> + Send + 'static,
    {
        Self { opening: Box::new(open), source: None, local: None, layer: None }
    }

    /// Adds the place it came from, for the bound on handshakes from one place.
    #[must_use]
    pub const fn from_source(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// Adds at which of our own addresses it arrived, as far as that is known.
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
