//! Plans: a layer of an address, read once, with what dialling it promises and the step that does it.

use crate::{Attempt, BoxFuture, LayerError, Proven};
use multiserver_core::address::LayerBuf;
use multiserver_core::keys::PublicKey;
use multiserver_io::{Duplex, MaybeSend, MaybeSync};
use std::fmt;

/// A layer of an address that was read: how to dial it, and what that promises.
///
/// A [`Transport`](crate::Transport) makes a plan with [`dial`](Plan::dial), a [`Transform`](crate::Transform) with
/// [`wrap`](Plan::wrap). These promises alone decide which addresses are tried, in which order, and what errors and
/// traces show. An attempt whose result breaks a promise fails.
pub struct Plan<T> {
    pub(crate) peer: Option<PublicKey>,
    pub(crate) strength: u16,
    pub(crate) is_single_use: bool,
    pub(crate) shown: LayerBuf,
    pub(crate) step: T,
}

/// A transport's plan for a layer of an address.
pub type DialPlan<'a> = Plan<Box<dyn Dial + 'a>>;

/// A transform's plan for a layer of an address.
pub type WrapPlan<'a> = Plan<Box<dyn Wrap + 'a>>;

/// Opens the connection that a layer of an address names.
pub trait Dial: MaybeSend + MaybeSync {
    /// Opens the connection.
    ///
    /// # Errors
    /// The peer cannot be reached; the attempt's [stage](Attempt::enter) says how far it came.
    ///
    /// # Cancel safety
    /// Dropping the future leaves no socket behind.
    fn dial<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>>;
}

/// Runs the client's side of a layer over a stream.
pub trait Wrap: MaybeSend + MaybeSync {
    /// Runs the client's side of the layer over this stream.
    ///
    /// # Errors
    /// The stream failed, the peer violates the protocol, or it is not the peer that the address names.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it, which closes the stream.
    fn wrap<'a>(&'a self, attempt: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>>;
}

impl<'a> Plan<Box<dyn Dial + 'a>> {
    /// A plan that opens a connection by `dial`. `shown` is the layer as connections, errors and traces show it,
    /// without secrets.
    #[must_use]
    pub fn dial(shown: impl Into<LayerBuf>, dial: impl Dial + 'a) -> Self {
        Self::new(shown.into(), Box::new(dial))
    }
}

impl<'a> Plan<Box<dyn Wrap + 'a>> {
    /// A plan that runs the client's side by `wrap`. `shown` is the layer as connections, errors and traces show it,
    /// without secrets.
    #[must_use]
    pub fn wrap(shown: impl Into<LayerBuf>, wrap: impl Wrap + 'a) -> Self {
        Self::new(shown.into(), Box::new(wrap))
    }
}

impl<T> Plan<T> {
    const fn new(shown: LayerBuf, step: T) -> Self {
        Self { peer: None, strength: 0, is_single_use: false, shown, step }
    }

    /// Promises that the peer proves this key: the stream that is [opened](Opened) then has to name it.
    #[must_use]
    pub const fn proves(mut self, peer: PublicKey) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Says how strong the protocol is by which the peer proves its key; by default 0.
    ///
    /// A client that has seen a key proven by a stronger protocol does not fall back to a weaker one: see
    /// [`ProtocolMemory`](crate::ProtocolMemory). The numbers are compared and mean nothing else: `shs` has 0 and `noise`
    /// has 100.
    #[must_use]
    pub const fn strength(mut self, strength: u16) -> Self {
        self.strength = strength;
        self
    }

    /// Says that dialling may use up something that can be used only once, such as an invitation's seed.
    ///
    /// After an attempt that got as far as a handshake, no other address with a single-use layer is tried.
    #[must_use]
    pub const fn single_use(mut self) -> Self {
        self.is_single_use = true;
        self
    }

    /// The same promises with another step, for layers that wrap other layers.
    #[must_use]
    pub fn map<U>(self, around: impl FnOnce(T) -> U) -> Plan<U> {
        let Self { peer, strength, is_single_use, shown, step } = self;
        Plan { peer, strength, is_single_use, shown, step: around(step) }
    }

    /// The key that is promised, and by which protocol.
    pub(crate) fn proof(&self) -> Option<(PublicKey, Proven)> {
        Some((self.peer?, Proven::new(self.shown.as_layer().name(), self.strength)))
    }

    /// Checks that the promise was kept.
    pub(crate) fn check(&self, opened: Opened) -> Result<Opened, LayerError> {
        match (self.peer, opened.peer) {
            (None, _) => Ok(opened),
            (Some(promised), Some(proven)) if promised == proven => Ok(opened),
            (Some(_), _) => Err(LayerError::WrongPeer(Box::new(NotProven(self.shown.as_layer().name().to_owned())))),
        }
    }
}

/// A peer has not proven the key of its address.
#[derive(Debug, thiserror::Error)]
#[error("the layer {0} did not prove the key that the address names")]
struct NotProven(String);

/// The result of a transport or a transform: a stream, and the key that its other end has proven, if any.
pub struct Opened {
    pub(crate) io: Duplex,
    pub(crate) peer: Option<PublicKey>,
    pub(crate) channel_binding: Option<[u8; 32]>,
}

impl Opened {
    /// A stream whose other end has proven nothing.
    #[must_use]
    pub const fn new(io: Duplex) -> Self {
        Self { io, peer: None, channel_binding: None }
    }

    /// A stream whose other end has proven to hold this key.
    #[must_use]
    pub const fn proven(io: Duplex, peer: PublicKey) -> Self {
        Self { io, peer: Some(peer), channel_binding: None }
    }

    /// Adds a value that only the two ends of the stream know.
    #[must_use]
    pub const fn with_channel_binding(mut self, value: [u8; 32]) -> Self {
        self.channel_binding = Some(value);
        self
    }

    /// The stream alone, without what is known of its other end, for layers that wrap other layers.
    #[must_use]
    pub fn into_stream(self) -> Duplex {
        self.io
    }

    /// Adds what is known of the stream below: its proof and its channel binding, where this layer has none of its own.
    pub(crate) fn over(mut self, peer: Option<PublicKey>, channel_binding: Option<[u8; 32]>) -> Self {
        self.peer = self.peer.or(peer);
        self.channel_binding = self.channel_binding.or(channel_binding);
        self
    }
}

impl<T> fmt::Debug for Plan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("shown", &self.shown)
            .field("peer", &self.peer)
            .field("is_single_use", &self.is_single_use)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("peer", &self.peer).finish_non_exhaustive()
    }
}
