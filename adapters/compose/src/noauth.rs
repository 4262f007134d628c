//! `noauth`: no security at all, and not a byte on the wire.

use crate::{Admission, Attempt, BoxFuture, LayerError, Opened, Plan, Transform, Wrap, WrapPlan};
use multiserver_core::address::{self, Layer, LayerBuf, Scope};
use multiserver_io::Duplex;
use std::future::ready;

/// `noauth`: a layer without encryption and without proof of keys, for programs on one device.
///
/// A suite that offers it must not be reachable from other devices: it is bound to a loopback address or a Unix socket,
/// and declared for no farther scope. A key in the layer only states whom the address is meant for; the peer does not
/// prove it.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAuth;

impl Transform for NoAuth {
    fn name(&self) -> &str {
        "noauth"
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        address::NoAuth::try_from(layer).ok().map(|noauth| Plan::wrap(noauth, *self))
    }

    fn layer(&self) -> LayerBuf {
        address::NoAuth { key: None }.into()
    }

    fn max_scope(&self) -> Scope {
        Scope::Device
    }

    fn proves_peer(&self) -> bool {
        false
    }

    fn server<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(ready(Ok(Admission::open(self.layer(), Opened::new(io)))))
    }
}

impl Wrap for NoAuth {
    fn wrap<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(ready(Ok(Opened::new(io))))
    }
}
