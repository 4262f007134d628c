//! A peer whose frames never end and never complete a message must not keep the thread busy.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../io/tests/support/mod.rs"]
mod pipes;
mod support;

use futures_executor::block_on;
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::AsyncReadExt;
use multiserver_ws::{Config, accept};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use support::{Clock, frame, request};

/// More bytes than one poll may read from a peer.
const TOO_MANY: usize = 8 * 1024 * 1024;

/// A peer that always has the next frame ready, and accepts all that is sent to it.
struct Flood {
    /// The bytes before the flood.
    head: Vec<u8>,
    frame: Vec<u8>,
    /// How many bytes of the flood were taken since this was last set to 0.
    taken: usize,
}

/// Counts how often a task is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Flood {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let head = self.head.len().min(buffer.len());
        if head > 0 {
            buffer[..head].copy_from_slice(&self.head[..head]);
            self.head.drain(..head);
            return Poll::Ready(Ok(head));
        }
        for slot in &mut *buffer {
            *slot = self.frame[self.taken % self.frame.len()];
            self.taken += 1;
        }
        assert!(self.taken < TOO_MANY, "one poll took {} bytes", self.taken);
        Poll::Ready(Ok(buffer.len()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn frames_that_complete_no_message_do_not_keep_the_thread() {
    let (empty_message, ping, pong) = (frame(0x82, b""), frame(0x89, b"ping"), frame(0x8a, b""));
    for (before, repeated) in
        [(frame(0x02, b""), frame(0x00, b"")), (vec![], empty_message), (vec![], ping), (vec![], pong)]
    {
        let flood = Flood { head: [request("/", ""), before].concat(), frame: repeated.clone(), taken: 0 };
        let socket = block_on(accept(flood, &Config::default(), None, &Clock::default().timer())).unwrap();
        let (mut read, _write) = socket.into_split();
        let wakes = Arc::<Wakes>::default();
        let waker = Waker::from(Arc::clone(&wakes));
        let poll = pin!(read.read(&mut [0; 1])).poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending(), "{repeated:02x?}");
        assert!(wakes.0.load(Ordering::Relaxed) > 0, "the reader is not polled again for {repeated:02x?}");
    }
}
