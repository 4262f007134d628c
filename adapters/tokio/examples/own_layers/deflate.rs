//! Compression as a transform.

use async_compression::futures::bufread::DeflateDecoder;
use async_compression::futures::write::DeflateEncoder;
use futures_util::io::BufReader;
use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{Admission, Attempt, BoxFuture, LayerError, Opened, Plan, Transform, Wrap, WrapPlan};

/// `deflate`: compresses each direction (RFC 1951).
///
/// The length of compressed data tells something about its content, even if a layer below encrypts it: never compress
/// data that an attacker chooses together with data that the attacker must not learn.
pub(crate) struct Deflate;

fn layer() -> LayerBuf {
    // The name has no characters that an address could not hold.
    LayerBuf::new("deflate", [""; 0]).unwrap_or_else(|error| unreachable!("{error}"))
}

/// The layer needs no handshake: the two halves are compressed from their first byte on.
fn compressed(io: Duplex) -> Opened {
    let (read, write) = io.into_halves();
    Opened::new(Duplex::new(DeflateDecoder::new(BufReader::new(read)), DeflateEncoder::new(write)))
}

impl Transform for Deflate {
    fn name(&self) -> &str {
        "deflate"
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        let is_ours = layer.name() == "deflate" && layer.fields().next().is_none();
        is_ours.then(|| Plan::wrap(layer, Deflate))
    }

    fn layer(&self) -> LayerBuf {
        layer()
    }

    fn proves_peer(&self) -> bool {
        false
    }

    fn server<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(async { Ok(Admission::open(layer(), compressed(io))) })
    }
}

impl Wrap for Deflate {
    fn wrap<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async { Ok(compressed(io)) })
    }
}
