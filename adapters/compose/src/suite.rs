//! A transport and the transforms over it.

use crate::{DialPlan, Limits, Runtime, Transform, Transport, WrapPlan};
use multiserver_core::address::{Address, LayerBuf, Scope};
use multiserver_core::keys::PublicKey;
use std::fmt;
use std::sync::Arc;

/// A transport and the transforms over it, in the order that addresses have: one way to be reached and to reach others.
///
/// ```
/// # use multiserver_compose::{Limits, Net, Shs, Suite};
/// # fn suite(identity: multiserver_core::keys::KeyPair) -> Suite {
/// Suite::new(Net::bind("[::]:8008")).then(Shs::new(identity)).limits(Limits::default().pending(64))
/// # }
/// ```
pub struct Suite {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) transforms: Vec<Arc<dyn Transform>>,
    limits: Option<Limits>,
    name: Option<String>,
}

impl Suite {
    /// The suite of this transport alone. Without a transform it is in the clear, and may be offered within the device
    /// only, as one with [`NoAuth`](crate::NoAuth) may.
    #[must_use]
    pub fn new(transport: impl Transport) -> Self {
        Self { transport: Arc::new(transport), transforms: Vec::new(), limits: None, name: None }
    }

    /// The same with this transform over it.
    #[must_use]
    pub fn then(mut self, transform: impl Transform) -> Self {
        self.transforms.push(Arc::new(transform));
        self
    }

    /// Sets bounds of its own, in the place of the [builder's](crate::Builder::limits).
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Sets the name that errors, events and connections call it by; otherwise it is made of its layers' names, such
    /// as `net~shs`.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The suite as a multiserver keeps it.
    pub(crate) fn finish(self, builders: Option<Limits>) -> Ready {
        let name = self.name.unwrap_or_else(|| {
            let transforms = self.transforms.iter().map(|transform| transform.name());
            std::iter::once(self.transport.name()).chain(transforms).collect::<Vec<_>>().join("~")
        });
        let Self { transport, transforms, .. } = self;
        let limits = self.limits.or(builders).unwrap_or_else(|| transport.default_limits());
        Ready { transport, transforms, limits, name: name.into() }
    }
}

impl<T: Transport> From<T> for Suite {
    fn from(transport: T) -> Self {
        Self::new(transport)
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite").field("limits", &self.limits).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Gives a transport the method `then`, which makes a suite of it.
macro_rules! then {
    () => {
        /// The suite of this transport with a transform over it.
        #[must_use]
        pub fn then(self, transform: impl crate::Transform) -> crate::Suite {
            crate::Suite::new(self).then(transform)
        }
    };
}

pub(crate) use then;

/// How a suite goes about an address, each layer of which was read.
#[derive(Debug)]
pub(crate) struct SuitePlan<'a> {
    pub(crate) dial: DialPlan<'a>,
    pub(crate) wraps: Vec<WrapPlan<'a>>,
    /// The key that dialling proves, if it proves any.
    pub(crate) peer: Option<PublicKey>,
    /// Whether dialling may use up what serves once.
    pub(crate) is_single_use: bool,
}

impl SuitePlan<'_> {
    /// The address as it may be shown: every layer leaves out its own secrets.
    pub(crate) fn shown(&self) -> Address {
        let transport = Address::new(self.dial.shown.clone());
        self.wraps.iter().fold(transport, |shown, wrap| shown.then(wrap.shown.clone()))
    }
}

/// A suite with everything settled.
pub(crate) struct Ready {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) transforms: Vec<Arc<dyn Transform>>,
    pub(crate) limits: Limits,
    pub(crate) name: Arc<str>,
}

impl Ready {
    /// How to dial the address, when every layer of the address has its place here, and every place its layer.
    pub(crate) fn plan(&self, address: &Address) -> Option<SuitePlan<'_>> {
        if address.transforms().len() != self.transforms.len() {
            return None;
        }
        let dial = self.transport.plan(address.transport())?;
        let layers = self.transforms.iter().zip(address.transforms());
        let wraps = layers.map(|(transform, layer)| transform.plan(layer)).collect::<Option<Vec<_>>>()?;
        let peer = dial.peer.or_else(|| wraps.iter().find_map(|wrap| wrap.peer));
        let is_single_use = dial.is_single_use || wraps.iter().any(|wrap| wrap.is_single_use);
        Some(SuitePlan { dial, wraps, peer, is_single_use })
    }

    /// Whether it proves no peer and is for the device alone: it has no transform, or one such as `noauth`.
    pub(crate) fn is_in_the_clear(&self) -> bool {
        let is_for_the_device = |transform: &Arc<dyn Transform>| transform.max_scope() == Scope::Device;
        self.proofs().next().is_none() && (self.transforms.is_empty() || self.transforms.iter().any(is_for_the_device))
    }

    /// The names of the layers that prove an incoming peer's key.
    pub(crate) fn proofs(&self) -> impl Iterator<Item = &str> {
        let transport = self.transport.proves_peer().then(|| self.transport.name());
        let transforms = self.transforms.iter().filter(|transform| transform.proves_peer());
        transport.into_iter().chain(transforms.map(|transform| transform.name()))
    }

    /// Where it will be found in this scope, as far as that is known before it listens.
    pub(crate) fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<Address> {
        self.over(self.transport.addresses(runtime, scope))
    }

    /// The addresses of this suite over these first layers.
    pub(crate) fn over(&self, transports: Vec<LayerBuf>) -> Vec<Address> {
        let full = |transport: LayerBuf| {
            self.transforms.iter().fold(Address::new(transport), |address, transform| address.then(transform.layer()))
        };
        transports.into_iter().map(full).collect()
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite").field("limits", &self.limits).field("name", &self.name).finish_non_exhaustive()
    }
}
