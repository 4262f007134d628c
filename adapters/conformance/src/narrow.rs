//! A layer through which one byte passes at a time, each after a pause.

use crate::wrapping::Wrapping;
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_io::{BoxRead, BoxWrite, Duplex};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// `narrow`: the same bytes, one by one.
pub(crate) const NARROW: Wrapping = Wrapping { name: "narrow", wrap: narrow };

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
