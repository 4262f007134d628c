//! Checks that futures and streams keep to the contract of polling.
//!
//! Whoever returns `Pending` has to wake the waker of the latest poll. Here each poll has a waker of its own, and a waker that
//! is not the latest wakes nobody: code that keeps an old one waits for ever, and a simulation finds that.

use crate::wrapping::Wrapping;
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_io::{BoxRead, BoxWrite, Duplex};
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// The number of the latest poll.
#[derive(Debug, Default)]
struct Latest(Arc<AtomicU64>);

/// The waker of one poll.
struct OfPoll {
    number: u64,
    latest: Arc<AtomicU64>,
    outer: Waker,
}

impl Wake for OfPoll {
    fn wake(self: Arc<Self>) {
        if self.latest.load(Ordering::SeqCst) == self.number {
            self.outer.wake_by_ref();
        }
    }
}

impl Latest {
    /// Polls with a waker of its own.
    fn poll<T>(&self, cx: &Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let waker = OfPoll { number, latest: Arc::clone(&self.0), outer: cx.waker().clone() };
        poll(&mut Context::from_waker(&Waker::from(Arc::new(waker))))
    }
}

/// The future, each poll of which has a waker of its own.
pub async fn checked<T>(future: impl Future<Output = T>) -> T {
    let (latest, mut future) = (Latest::default(), pin!(future));
    poll_fn(|cx| latest.poll(cx, |cx| future.as_mut().poll(cx))).await
}

/// `contract`: the same bytes; each poll of the stream below has a waker of its own, and nothing is written after the close.
pub const CONTRACT: Wrapping = Wrapping { name: "contract", wrap: contract };

struct Read(BoxRead, Latest);

struct Write {
    io: BoxWrite,
    latest: Latest,
    is_closed: bool,
}

fn contract(io: Duplex) -> Duplex {
    let (read, write) = io.into_halves();
    Duplex::new(Read(read, Latest::default()), Write { io: write, latest: Latest::default(), is_closed: false })
}

impl AsyncRead for Read {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let Self(read, latest) = self.get_mut();
        latest.poll(cx, |cx| read.as_mut().poll_read(cx, buffer))
    }
}

impl AsyncWrite for Write {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { io, latest, is_closed } = self.get_mut();
        assert!(!*is_closed, "it is written to after its close");
        latest.poll(cx, |cx| io.as_mut().poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { io, latest, .. } = self.get_mut();
        latest.poll(cx, |cx| io.as_mut().poll_flush(cx))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { io, latest, is_closed } = self.get_mut();
        let closed = latest.poll(cx, |cx| io.as_mut().poll_close(cx));
        *is_closed |= closed.is_ready();
        closed
    }
}
