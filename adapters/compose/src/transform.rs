//! Transforms: layers between the transport and the caller, such as security, compression or framing.

use crate::{Attempt, BoxFuture, LayerError, Opened, WrapPlan};
use multiserver_core::address::{Layer, LayerBuf, Scope};
use multiserver_core::keys::PublicKey;
use multiserver_io::{Duplex, MaybeSend, MaybeSync};
use std::fmt;

/// A layer over a byte stream: `shs`, or one of your own.
///
/// All connections of a suite, outgoing and incoming, share one transform, so it keeps no state of a connection.
///
/// The example `adapters/tokio/examples/own_layers` implements one.
pub trait Transform: MaybeSend + MaybeSync + 'static {
    /// The name its layers have in addresses.
    fn name(&self) -> &str;

    /// Reads a layer of an address and returns a plan for it: how to run the client's side, and what that promises.
    /// `None` when this transform cannot run the layer.
    ///
    /// For a layer that names a key to be proven, the plan has to [promise](crate::Plan::proves) that key; return
    /// `None` for it otherwise.
    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>>;

    /// The layer it adds to the addresses of a suite that listens.
    fn layer(&self) -> LayerBuf;

    /// The farthest scope in which it may be offered: building a suite that can be reached from farther away is an
    /// error.
    fn max_scope(&self) -> Scope {
        Scope::Public
    }

    /// Whether an incoming peer's key is proven when [`server`](Self::server) has completed.
    ///
    /// A suite has at most one layer that proves its peer; the caller decides about the peer when that layer has
    /// completed.
    fn proves_peer(&self) -> bool;

    /// Runs the server's side of this layer, until the peer is known but not yet accepted.
    ///
    /// # Errors
    /// The stream failed, or the peer violates the protocol.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it, which closes the stream.
    fn server<'a>(&'a self, attempt: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>>;
}

/// A peer that has completed a layer, except for the answer that accepts it, if the layer's protocol has one.
pub struct Admission {
    pub(crate) layer: LayerBuf,
    pub(crate) state: State,
}

/// Whether the layer still has to tell the peer that it is accepted.
pub(crate) enum State {
    /// The layer is complete.
    Open(Opened),
    /// The peer has proven this key, and waits to be told whether it is accepted.
    Undecided(PublicKey, Box<dyn Undecided>),
}

impl Admission {
    /// A peer for which this layer is complete. `layer` is this transform's layer in the peer's address.
    #[must_use]
    pub fn open(layer: impl Into<LayerBuf>, opened: Opened) -> Self {
        Self { layer: layer.into(), state: State::Open(opened) }
    }

    /// A peer that has proven this key, and waits to be told whether it is accepted. `layer` is this transform's layer
    /// in the peer's address.
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
    /// Accepts the peer.
    ///
    /// # Errors
    /// The stream failed, or the peer gave up.
    fn accept(self: Box<Self>) -> BoxFuture<'static, Result<Opened, LayerError>>;

    /// Refuses the peer by closing its stream, at a time that tells the peer nothing that it may not know. By default
    /// it closes at once, as dropping this does.
    fn refuse(self: Box<Self>) -> BoxFuture<'static, ()> {
        drop(self);
        Box::pin(std::future::ready(()))
    }
}
