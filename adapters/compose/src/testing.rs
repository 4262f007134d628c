//! A transform for tests.

use crate::{Admission, BoxFuture, Context, Transform, Transformed};
use multiserver_core::address::{self, Layer, LayerBuf};
use multiserver_core::keys::PublicKey;
use multiserver_io::Duplex;
use std::io;

/// `noauth`, without a promise.
pub(crate) struct NoAuth;

struct Open(Duplex);

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
        let admission: Box<dyn Admission> = Box::new(Open(io));
        Box::pin(async { Ok(admission) })
    }
}

impl Admission for Open {
    fn peer(&self) -> Option<&PublicKey> {
        None
    }

    fn layer(&self) -> LayerBuf {
        address::NoAuth { key: None }.into()
    }

    fn admit(self: Box<Self>) -> BoxFuture<'static, io::Result<Transformed>> {
        Box::pin(async { Ok(Transformed::new(self.0)) })
    }
}
