//! A layer that is somebody else's: it stands in our address, and its bytes pass as they are.

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
    /// Whether the peer's first bytes are a message of this layer that it is waited for.
    awaits_hello: bool,
}

impl Relayed {
    /// This layer, straight over the transport or over another.
    pub(super) fn new(layer: LayerBuf, is_first: bool) -> Self {
        let awaits_hello = is_first && Shs::try_from(layer.as_layer()).is_ok();
        Self { layer, awaits_hello }
    }
}

impl Transform for Relayed {
    fn name(&self) -> &str {
        self.layer.as_layer().name()
    }

    /// Is for listening only.
    fn plan(&self, _: Layer<'_>) -> Option<WrapPlan<'_>> {
        None
    }

    fn layer(&self) -> LayerBuf {
        self.layer.clone()
    }

    /// What the target offers within its device only must not get out of ours.
    fn max_scope(&self) -> Scope {
        if NoAuth::try_from(self.layer.as_layer()).is_ok() { Scope::Device } else { Scope::Public }
    }

    /// Nothing is proven here, but to whom the bytes go.
    fn proves_peer(&self) -> bool {
        false
    }

    /// Waits for the whole first message where the stream is known to begin with one of the client's, so that nobody who
    /// says nothing leads to a connection to the target.
    fn server<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(async move {
            let io = if self.awaits_hello { with_hello(io).await? } else { io };
            // The target's key is in our address and not in the peer's.
            Ok(Admission::open(NoAuth { key: None }, Opened::new(io)))
        })
    }
}

/// The same stream when the first message has come.
async fn with_hello(io: Duplex) -> io::Result<Duplex> {
    let (mut read, write) = io.into_halves();
    let mut hello = [0; shs::HELLO_SIZE];
    read.read_exact(&mut hello).await?;
    Ok(Duplex::new(Cursor::new(hello).chain(read), write))
}
