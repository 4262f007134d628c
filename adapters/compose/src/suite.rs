//! A transport and the transforms over it.

use crate::{Limits, Runtime, Transform, Transport};
use multiserver_core::address::{Address, Layer, LayerBuf, Scope};
use std::fmt;
use std::sync::Arc;

/// A transport and the transforms over it, in the order that addresses have: one way to be reached and to reach others.
///
/// ```
/// # use multiserver_compose::{Limits, Net, Shs, Suite};
/// # fn suite(identity: multiserver_core::keys::KeyPair) -> Suite {
/// Suite::new(Net::bind("[::]:8008")).then(Shs::new(identity)).limits(Limits { pending: 64, ..Limits::default() })
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

/// A suite with everything settled.
pub(crate) struct Ready {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) transforms: Vec<Arc<dyn Transform>>,
    pub(crate) limits: Limits,
    pub(crate) name: Arc<str>,
}

impl Ready {
    /// Whether every layer of the address has its place here, and every place its layer.
    pub(crate) fn fits(&self, address: &Address) -> bool {
        address.transforms().len() == self.transforms.len()
            && self.transport.matches(address.transport())
            && self.pairs(address).all(|(transform, layer)| transform.matches(layer))
    }

    /// Whether it proves no peer and is for the device alone: it has no transform, or one such as `noauth`.
    pub(crate) fn is_in_the_clear(&self) -> bool {
        let is_for_the_device = |transform: &Arc<dyn Transform>| transform.farthest_scope() == Scope::Device;
        let proves_nobody = !self.transforms.iter().any(|transform| transform.proves_peer());
        proves_nobody && (self.transforms.is_empty() || self.transforms.iter().any(is_for_the_device))
    }

    /// The transforms with the layers of an address that fits.
    pub(crate) fn pairs<'a>(&'a self, address: &'a Address) -> impl Iterator<Item = (&'a dyn Transform, Layer<'a>)> {
        self.transforms.iter().map(|transform| &**transform).zip(address.transforms())
    }

    /// The address, which fits, as it may be shown: every transform leaves out the secrets of its own layer.
    pub(crate) fn without_secrets(&self, address: &Address) -> Address {
        let transport = Address::new(address.transport());
        self.pairs(address).fold(transport, |shown, (transform, layer)| shown.then(transform.without_secrets(layer)))
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
