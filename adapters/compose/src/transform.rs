//! What lies between the transport and the caller: security, compression, framing.

use crate::{BoxFuture, Context};
use multiserver_core::address::{Layer, LayerBuf, Scope};
use multiserver_core::keys::PublicKey;
use multiserver_io::Duplex;
use std::fmt;
use std::io;

/// A layer over a byte stream: `shs`, or one of your own.
///
/// A transform keeps no connection: it is shared by all connections of its suite, on both sides.
///
/// An example from outside is `adapters/tokio/examples/own_layers`.
pub trait Transform: Send + Sync + 'static {
    /// The name its layers have in addresses.
    fn name(&self) -> &str;

    /// Whether it can carry out what this layer of an address asks for.
    ///
    /// An answer of yes is a promise: a layer that names a key to be proven must be refused here or prove that key.
    fn matches(&self, layer: Layer<'_>) -> bool;

    /// The layer it adds to the addresses of a suite that listens.
    fn layer(&self) -> LayerBuf;

    /// The farthest scope that it may be offered in: a suite that can be reached from farther away is not built.
    fn farthest_scope(&self) -> Scope {
        Scope::Public
    }

    /// Whether an incoming peer's key is proven when [`server`](Self::server) is through.
    ///
    /// A suite has at most one such transform; there the caller decides about the peer.
    fn proves_peer(&self) -> bool;

    /// The key that dialling this layer proves, if it proves any.
    fn expected_peer(&self, layer: Layer<'_>) -> Option<PublicKey>;

    /// The layer as connections, errors and traces show it, without secrets.
    fn without_secrets(&self, layer: Layer<'_>) -> LayerBuf {
        layer.into()
    }

    /// Whether dialling this layer may use up something that serves once, as an invitation's seed does.
    ///
    /// After an attempt that got as far as the handshake of such a layer, no other such address is tried.
    fn is_spent_by_use(&self, _layer: Layer<'_>) -> bool {
        false
    }

    /// Runs the client's side of this layer.
    ///
    /// # Errors
    /// The stream failed, the peer does not keep to the protocol, or it is not who it should be.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it, and with that closes it.
    fn client<'a>(
        &'a self,
        context: &'a Context,
        layer: Layer<'a>,
        io: Duplex,
    ) -> BoxFuture<'a, io::Result<Transformed>>;

    /// Runs the server's side of this layer, up to where the peer is known but not let in.
    ///
    /// # Errors
    /// The stream failed, or the peer does not keep to the protocol.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it, and with that closes it.
    fn server<'a>(&'a self, context: &'a Context, io: Duplex) -> BoxFuture<'a, io::Result<Box<dyn Admission>>>;
}

/// A peer that waits to be accepted. Dropping it refuses the peer.
pub trait Admission: Send + 'static {
    /// The peer's key, when it was proven.
    fn peer(&self) -> Option<&PublicKey>;

    /// The layer that the peer's address has for this transform.
    fn layer(&self) -> LayerBuf;

    /// Lets the peer in.
    ///
    /// # Errors
    /// The stream failed, or the peer gave up.
    fn admit(self: Box<Self>) -> BoxFuture<'static, io::Result<Transformed>>;

    /// Closes on the peer, when that tells it no more than it may know; by default at once, as dropping this does.
    fn refuse(self: Box<Self>) -> BoxFuture<'static, ()> {
        drop(self);
        Box::pin(std::future::ready(()))
    }
}

/// What a transform makes of a stream.
pub struct Transformed {
    pub(crate) io: Duplex,
    pub(crate) peer: Option<PublicKey>,
    pub(crate) channel_binding: Option<[u8; 32]>,
}

impl Transformed {
    /// A stream that says nothing about who is at its other end.
    #[must_use]
    pub const fn new(io: Duplex) -> Self {
        Self { io, peer: None, channel_binding: None }
    }

    /// A stream whose other end has proven to hold this key.
    #[must_use]
    pub const fn proven(io: Duplex, peer: PublicKey) -> Self {
        Self { io, peer: Some(peer), channel_binding: None }
    }

    /// Adds a value that both ends of the stream have and nobody else.
    #[must_use]
    pub const fn with_channel_binding(mut self, value: [u8; 32]) -> Self {
        self.channel_binding = Some(value);
        self
    }
}

impl fmt::Debug for Transformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transformed").field("peer", &self.peer).finish_non_exhaustive()
    }
}
