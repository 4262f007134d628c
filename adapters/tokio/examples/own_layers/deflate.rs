//! Compression as a transform.

use async_compression::futures::bufread::DeflateDecoder;
use async_compression::futures::write::DeflateEncoder;
use futures_util::io::BufReader;
use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{Admission, BoxFuture, Context, PublicKey, Transform, Transformed};
use std::io;

/// `deflate`: compresses each direction (RFC 1951).
///
/// How well something compresses shows in its length, even when it is encrypted below: never compress what an attacker
/// can choose together with what it must not learn.
pub(crate) struct Deflate;

/// The layer needs no handshake: the two halves are compressed from their first byte on.
struct Ready(Duplex);

fn layer() -> LayerBuf {
    // The name has no characters that an address could not hold.
    LayerBuf::new("deflate", [""; 0]).unwrap_or_else(|error| unreachable!("{error}"))
}

fn compressed(io: Duplex) -> Transformed {
    let (read, write) = io.into_halves();
    Transformed::new(Duplex::new(DeflateDecoder::new(BufReader::new(read)), DeflateEncoder::new(write)))
}

impl Transform for Deflate {
    fn name(&self) -> &str {
        "deflate"
    }

    fn matches(&self, layer: Layer<'_>) -> bool {
        layer.name() == "deflate" && layer.fields().next().is_none()
    }

    fn layer(&self) -> LayerBuf {
        layer()
    }

    fn proves_peer(&self) -> bool {
        false
    }

    fn expected_peer(&self, _: Layer<'_>) -> Option<PublicKey> {
        None
    }

    fn client<'a>(&'a self, _: &'a Context, _: Layer<'a>, io: Duplex) -> BoxFuture<'a, io::Result<Transformed>> {
        Box::pin(async { Ok(compressed(io)) })
    }

    fn server<'a>(&'a self, _: &'a Context, io: Duplex) -> BoxFuture<'a, io::Result<Box<dyn Admission>>> {
        let admission: Box<dyn Admission> = Box::new(Ready(io));
        Box::pin(async { Ok(admission) })
    }
}

impl Admission for Ready {
    fn peer(&self) -> Option<&PublicKey> {
        None
    }

    fn layer(&self) -> LayerBuf {
        layer()
    }

    fn admit(self: Box<Self>) -> BoxFuture<'static, io::Result<Transformed>> {
        Box::pin(async { Ok(compressed(self.0)) })
    }
}
