//! `noauth`: no security at all, and not a byte on the wire.

use crate::{Admission, BoxFuture, Context, Transform, Transformed};
use multiserver_core::address::{self, Layer, LayerBuf, Scope};
use multiserver_core::keys::PublicKey;
use multiserver_io::Duplex;
use std::io;

/// `noauth`: says in an address that nobody proves anything, as between programs on one device.
///
/// A suite that offers it must be out of reach for other devices: bound to a loopback address or a Unix socket, and
/// declared for no farther scope. A key in the layer is what its writer believes, and is not proven.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAuth;

/// Anybody.
struct Anonymous(Duplex);

impl Transform for NoAuth {
    fn name(&self) -> &str {
        "noauth"
    }

    fn matches(&self, layer: Layer<'_>) -> bool {
        address::NoAuth::try_from(layer).is_ok()
    }

    fn layer(&self) -> LayerBuf {
        address::NoAuth { key: None }.into()
    }

    fn farthest_scope(&self) -> Scope {
        Scope::Device
    }

    fn proves_peer(&self) -> bool {
        false
    }

    fn expected_peer(&self, _: Layer<'_>) -> Option<PublicKey> {
        None
    }

    fn client<'a>(&'a self, _: &'a Context, _: Layer<'a>, io: Duplex) -> BoxFuture<'a, io::Result<Transformed>> {
        Box::pin(async { Ok(Transformed::new(io)) })
    }

    fn server<'a>(&'a self, _: &'a Context, io: Duplex) -> BoxFuture<'a, io::Result<Box<dyn Admission>>> {
        let admission: Box<dyn Admission> = Box::new(Anonymous(io));
        Box::pin(async { Ok(admission) })
    }
}

impl Admission for Anonymous {
    fn peer(&self) -> Option<&PublicKey> {
        None
    }

    fn layer(&self) -> LayerBuf {
        NoAuth.layer()
    }

    fn admit(self: Box<Self>) -> BoxFuture<'static, io::Result<Transformed>> {
        Box::pin(async { Ok(Transformed::new(self.0)) })
    }
}
