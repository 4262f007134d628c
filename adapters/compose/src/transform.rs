//! What lies between the transport and the caller: security, compression, framing.

use crate::{Attempt, BoxFuture, LayerError, Opened, WrapPlan};
use multiserver_core::address::{Layer, LayerBuf, Scope};
use multiserver_core::keys::PublicKey;
use multiserver_io::{Duplex, MaybeSend, MaybeSync};
use std::fmt;

/// A layer over a byte stream: `shs`, or one of your own.
///
/// A transform keeps no connection: it is shared by all connections of its suite, on both sides.
///
/// An example from outside is `adapters/tokio/examples/own_layers`.
pub trait Transform: MaybeSend + MaybeSync + 'static {
    /// The name its layers have in addresses.
    fn name(&self) -> &str;

    /// Reads a layer of an address: how this transform will go about it and what that promises, or `None` when the layer
    /// is not one that it can carry out.
    ///
    /// A layer that names a key to be proven must be refused here, or its plan [promise](crate::Plan::proves) that key.
    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>>;

    /// The layer it adds to the addresses of a suite that listens.
    fn layer(&self) -> LayerBuf;

    /// The farthest scope that it may be offered in: a suite that can be reached from farther away is not built.
    fn max_scope(&self) -> Scope {
        Scope::Public
    }

    /// Whether an incoming peer's key is proven when [`server`](Self::server) is through.
    ///
    /// A suite has at most one layer that proves its peer; there the caller decides about the peer.
    fn proves_peer(&self) -> bool;

    /// Runs the server's side of this layer, up to where the peer is known but not let in.
    ///
    /// # Errors
    /// The stream failed, or the peer does not keep to the protocol.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it, and with that closes it.
    fn server<'a>(&'a self, attempt: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>>;
}

/// A peer whose side of a layer is through, but for the consent to let it in where the layer has a place for that.
pub struct Admission {
    pub(crate) layer: LayerBuf,
    pub(crate) state: State,
}

/// Where a peer stands.
pub(crate) enum State {
    /// Nothing is left to say to it.
    Open(Opened),
    /// It has proven this key, and waits to be told whether it is let in.
    Undecided(PublicKey, Box<dyn Undecided>),
}

impl Admission {
    /// A peer to whom this layer has nothing more to say. `layer` is what the peer's address has for this transform.
    #[must_use]
    pub fn open(layer: impl Into<LayerBuf>, opened: Opened) -> Self {
        Self { layer: layer.into(), state: State::Open(opened) }
    }

    /// A peer that has proven this key, and waits to be told whether it is let in. `layer` is what the peer's address has
    /// for this transform.
    #[must_use]
    pub fn undecided(layer: impl Into<LayerBuf>, peer: PublicKey, waiting: impl Undecided) -> Self {
        Self { layer: layer.into(), state: State::Undecided(peer, Box::new(waiting)) }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").field("layer", &self.layer).finish_non_exhaustive()
    }
}

/// A peer that waits to be accepted. Dropping it refuses the peer.
pub trait Undecided: MaybeSend + 'static {
    /// Lets the peer in.
    ///
    /// # Errors
    /// The stream failed, or the peer gave up.
    fn accept(self: Box<Self>) -> BoxFuture<'static, Result<Opened, LayerError>>;

    /// Closes on the peer, when that tells it no more than it may know; by default at once, as dropping this does.
    fn refuse(self: Box<Self>) -> BoxFuture<'static, ()> {
        drop(self);
        Box::pin(std::future::ready(()))
    }
}
