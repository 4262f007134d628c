//! A layer through which one byte passes at a time, each after a pause.

use futures_io::{AsyncRead, AsyncWrite};
use multiserver_compose::{Admission, Attempt, BoxFuture, LayerError, Opened, Plan, Transform, Wrap, WrapPlan};
use multiserver_core::address::{Layer, LayerBuf};
use multiserver_io::{BoxRead, BoxWrite, Duplex};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// `narrow`: the same bytes, one by one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Narrow;

struct Read(BoxRead, Pause);

struct Write(BoxWrite, Pause);

/// Makes every second poll pending.
#[derive(Default)]
struct Pause(bool);

/// The same stream, one byte at a time.
pub(crate) fn narrow(io: Duplex) -> Duplex {
    let (read, write) = io.into_halves();
    Duplex::new(Read(read, Pause::default()), Write(write, Pause::default()))
}

impl Pause {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        self.0 = !self.0;
        if self.0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Read {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        ready!(self.1.poll(cx));
        let count = buffer.len().min(1);
        self.0.as_mut().poll_read(cx, &mut buffer[..count])
    }
}

impl AsyncWrite for Write {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.1.poll(cx));
        self.0.as_mut().poll_write(cx, &bytes[..bytes.len().min(1)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.1.poll(cx));
        self.0.as_mut().poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.1.poll(cx));
        self.0.as_mut().poll_close(cx)
    }
}

impl Transform for Narrow {
    fn name(&self) -> &str {
        "narrow"
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        (layer.name() == "narrow").then(|| Plan::wrap(layer, Narrow))
    }

    fn layer(&self) -> LayerBuf {
        LayerBuf::new("narrow", [""; 0]).unwrap()
    }

    fn proves_peer(&self) -> bool {
        false
    }

    fn server<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(async { Ok(Admission::open(self.layer(), Opened::new(narrow(io)))) })
    }
}

impl Wrap for Narrow {
    fn wrap<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async { Ok(Opened::new(narrow(io))) })
    }
}
