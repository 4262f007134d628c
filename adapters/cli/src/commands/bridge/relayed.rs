//! A layer that is somebody else's: it stands in our address, and its bytes pass as they are.

use futures_util::AsyncReadExt;
use futures_util::io::Cursor;
use multiserver_tokio::core::address::{Layer, LayerBuf, NoAuth, Shs};
use multiserver_tokio::core::shs;
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{Admission, BoxFuture, Context, PublicKey, Scope, Transform, Transformed};
use std::future::ready;
use std::io;

/// One of the target's layers.
#[derive(Debug)]
pub(super) struct Relayed {
    layer: LayerBuf,
    /// Whether the peer's first bytes are a message of this layer that it is waited for.
    awaits_hello: bool,
}

/// Whoever came, who proves nothing here.
struct Passing(Duplex);

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
    fn matches(&self, _: Layer<'_>) -> bool {
        false
    }

    fn layer(&self) -> LayerBuf {
        self.layer.clone()
    }

    /// What the target offers within its device only must not get out of ours.
    fn farthest_scope(&self) -> Scope {
        if NoAuth::try_from(self.layer.as_layer()).is_ok() { Scope::Device } else { Scope::Public }
    }

    /// Nothing is proven here, but to whom the bytes go.
    fn proves_peer(&self) -> bool {
        false
    }

    fn expected_peer(&self, _: Layer<'_>) -> Option<PublicKey> {
        None
    }

    fn client<'a>(&'a self, _: &'a Context, _: Layer<'a>, _: Duplex) -> BoxFuture<'a, io::Result<Transformed>> {
        Box::pin(ready(Err(io::ErrorKind::Unsupported.into())))
    }

    /// Waits for the whole first message where the stream is known to begin with one of the client's, so that nobody who
    /// says nothing leads to a connection to the target.
    fn server<'a>(&'a self, _: &'a Context, io: Duplex) -> BoxFuture<'a, io::Result<Box<dyn Admission>>> {
        Box::pin(async move {
            let io = if self.awaits_hello { with_hello(io).await? } else { io };
            let passing: Box<dyn Admission> = Box::new(Passing(io));
            Ok(passing)
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

impl Admission for Passing {
    fn peer(&self) -> Option<&PublicKey> {
        None
    }

    /// The target's key is in our address and not in the peer's.
    fn layer(&self) -> LayerBuf {
        NoAuth { key: None }.into()
    }

    fn admit(self: Box<Self>) -> BoxFuture<'static, io::Result<Transformed>> {
        Box::pin(ready(Ok(Transformed::new(self.0))))
    }
}
