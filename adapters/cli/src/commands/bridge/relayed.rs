//! A layer of the target's: it is in our address, and its bytes pass through unchanged.

use futures_util::io::{AsyncRead, AsyncReadExt, Cursor};
use multiserver_noise::NoiseLayer;
use multiserver_tokio::core::address::{Layer, LayerBuf, NoAuth, Shs};
use multiserver_tokio::core::shs;
use multiserver_tokio::io::{BoxRead, Duplex, ReadStream};
use multiserver_tokio::{Admission, Attempt, BoxFuture, LayerError, Opened, Scope, Transform, WrapPlan};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// One of the target's layers.
#[derive(Debug)]
pub(super) struct Relayed {
    layer: LayerBuf,
    /// How many bytes the peer's first message has, if the stream begins with a message of this layer: the server waits for
    /// all of it.
    hello_size: Option<usize>,
}

impl Relayed {
    /// This layer; `is_first` says that it is directly over the transport.
    pub(super) fn new(layer: LayerBuf, is_first: bool) -> Self {
        let of_shs = || Shs::try_from(layer.as_layer()).ok().map(|_| shs::HELLO_SIZE);
        let of_noise = || NoiseLayer::read(layer.as_layer()).map(|_| multiserver_noise::HELLO_SIZE);
        let hello_size = if is_first { of_shs().or_else(of_noise) } else { None };
        Self { layer, hello_size }
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
            let io = match self.hello_size {
                Some(size) => with_hello(io, size).await?,
                None => io,
            };
            // The target's key belongs to our address, not to the peer's.
            Ok(Admission::open(NoAuth { key: None }, Opened::new(io)))
        })
    }
}

/// Waits for the first message, and returns a stream that still yields it.
async fn with_hello(io: Duplex, size: usize) -> io::Result<Duplex> {
    let (mut read, write) = io.into_halves();
    let mut hello = vec![0; size];
    read.read_exact(&mut hello).await?;
    Ok(Duplex::of_streams(HelloFirst { hello: Cursor::new(hello), read }, write))
}

/// The peer's bytes, of which the first message was read already.
struct HelloFirst {
    hello: Cursor<Vec<u8>>,
    read: BoxRead,
}

impl AsyncRead for HelloFirst {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.hello).poll_read(cx, buffer))?;
        if count > 0 || buffer.is_empty() { Poll::Ready(Ok(count)) } else { self.read.as_mut().poll_read(cx, buffer) }
    }
}

/// The stream below is watched as if nothing had been read.
impl ReadStream for HelloFirst {
    fn has_goodbye(&self) -> bool {
        self.read.has_goodbye()
    }

    fn poll_closed(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.read.as_mut().poll_closed(cx)
    }
}
