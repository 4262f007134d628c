//! A transport and the transforms over it.

use crate::{DialPlan, Limits, Proven, Runtime, Transform, Transport, WrapPlan};
use multiserver_core::address::{Address, LayerBuf, Scope};
use multiserver_core::keys::PublicKey;
use std::fmt;
use std::sync::Arc;

/// A transport and the transforms over it, in the order of the layers in an address: one way to connect and to listen.
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
    /// only, just as a suite with [`NoAuth`](crate::NoAuth).
    #[must_use]
    pub fn new(transport: impl Transport) -> Self {
        Self { transport: Arc::new(transport), transforms: Vec::new(), limits: None, name: None }
    }

    /// The same suite with this transform on top.
    #[must_use]
    pub fn then(mut self, transform: impl Transform) -> Self {
        self.transforms.push(Arc::new(transform));
        self
    }

    /// Sets the suite's own bounds, instead of the [builder's](crate::Builder::limits).
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

    /// The suite with its name and limits settled, as a multiserver keeps it.
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

/// A suite's plan for an address: the plans for each of its layers.
#[derive(Debug)]
pub(crate) struct SuitePlan<'a> {
    pub(crate) dial: DialPlan<'a>,
    pub(crate) wraps: Vec<WrapPlan<'a>>,
    /// The key that dialling proves, if it proves any, and by which protocol.
    pub(crate) proof: Option<(PublicKey, Proven)>,
    /// Whether dialling may use up something that can be used only once.
    pub(crate) is_single_use: bool,
}

impl SuitePlan<'_> {
    /// The key that dialling proves, if it proves any.
    pub(crate) fn peer(&self) -> Option<PublicKey> {
        self.proof.as_ref().map(|(peer, _)| *peer)
    }

    /// The address as it may be shown, without the secrets of each layer.
    pub(crate) fn shown(&self) -> Address {
        let transport = Address::new(self.dial.shown.clone());
        self.wraps.iter().fold(transport, |shown, wrap| shown.then(wrap.shown.clone()))
    }
}

/// A suite whose name and limits are settled.
pub(crate) struct Ready {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) transforms: Vec<Arc<dyn Transform>>,
    pub(crate) limits: Limits,
    pub(crate) name: Arc<str>,
}

impl Ready {
    /// How to dial the address; `None` unless the suite has one layer for each layer of the address, in the same order.
    pub(crate) fn plan(&self, address: &Address) -> Option<SuitePlan<'_>> {
        if address.transforms().len() != self.transforms.len() {
            return None;
        }
        let dial = self.transport.plan(address.transport())?;
        let layers = self.transforms.iter().zip(address.transforms());
        let wraps = layers.map(|(transform, layer)| transform.plan(layer)).collect::<Option<Vec<_>>>()?;
        let proof = dial.proof().or_else(|| wraps.iter().find_map(WrapPlan::proof));
        let is_single_use = dial.is_single_use || wraps.iter().any(|wrap| wrap.is_single_use);
        Some(SuitePlan { dial, wraps, proof, is_single_use })
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

    /// The suite's addresses in this scope, as far as they are known before it listens.
    pub(crate) fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<Address> {
        self.over(self.transport.addresses(runtime, scope))
    }

    /// The addresses of this suite that begin with these layers.
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
