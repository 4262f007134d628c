//! Transforms that prove nothing and put another stream around each one.

use multiserver_compose::{Admission, Attempt, BoxFuture, LayerError, Opened, Plan, Transform, Wrap, WrapPlan};
use multiserver_core::address::{Layer, LayerBuf};
use multiserver_io::Duplex;

/// A transform of this name, which does the same on both sides.
#[derive(Debug, Clone, Copy)]
pub struct Wrapping {
    pub(crate) name: &'static str,
    pub(crate) wrap: fn(Duplex) -> Duplex,
}

impl Transform for Wrapping {
    fn name(&self) -> &str {
        self.name
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        (layer.name() == self.name).then(|| Plan::wrap(layer, *self))
    }

    fn layer(&self) -> LayerBuf {
        LayerBuf::new(self.name, [""; 0]).unwrap()
    }

    fn proves_peer(&self) -> bool {
        false
    }

    fn server<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(async { Ok(Admission::open(self.layer(), Opened::new((self.wrap)(io)))) })
    }
}

impl Wrap for Wrapping {
    fn wrap<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async { Ok(Opened::new((self.wrap)(io))) })
    }
}
