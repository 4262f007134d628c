//! A layer of the target's: it is in our address, and its bytes pass through unchanged.

use futures_util::AsyncReadExt;
use futures_util::io::Cursor;
use multiserver_tokio::core::address::{Layer, LayerBuf, NoAuth, Shs};
use multiserver_tokio::core::shs;
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{Admission, Attempt, BoxFuture, LayerError, Opened, Scope, Transform, WrapPlan};
use std::io;

/// One of the target's layers.
#[derive(Debug)]
pub(super) struct Relayed {
    layer: LayerBuf,
    /// Whether the server waits for the peer's first message, because the stream begins with a message of this layer.
    awaits_hello: bool,
}

impl Relayed {
    /// This layer; `is_first` says that it is directly over the transport.
    pub(super) fn new(layer: LayerBuf, is_first: bool) -> Self {
        let awaits_hello = is_first && Shs::try_from(layer.as_layer()).is_ok();
        Self { layer, awaits_hello }
    }
}

impl Transform for Relayed {
    fn name(&self) -> &str {
        self.layer.as_layer().name()
    }

    /// A relayed layer only listens.
    fn plan(&self, _: Layer<'_>) -> Option<WrapPlan<'_>> {
        None
    }

    fn layer(&self) -> LayerBuf {
        self.layer.clone()
    }

    /// If the target offers the layer within its device only, the bridge must do so too.
    fn max_scope(&self) -> Scope {
        if NoAuth::try_from(self.layer.as_layer()).is_ok() { Scope::Device } else { Scope::Public }
    }

    /// The peer proves its key to the target, not to the bridge.
    fn proves_peer(&self) -> bool {
        false
    }

    /// If the stream begins with a known message of the client's, waits for all of it, so that a silent peer causes no
    /// connection to the target.
    fn server<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(async move {
            let io = if self.awaits_hello { with_hello(io).await? } else { io };
            // The target's key belongs to our address, not to the peer's.
            Ok(Admission::open(NoAuth { key: None }, Opened::new(io)))
        })
    }
}

/// Waits for the first message, and returns a stream that still yields it.
async fn with_hello(io: Duplex) -> io::Result<Duplex> {
    let (mut read, write) = io.into_halves();
    let mut hello = [0; shs::HELLO_SIZE];
    read.read_exact(&mut hello).await?;
    Ok(Duplex::new(Cursor::new(hello).chain(read), write))
}
