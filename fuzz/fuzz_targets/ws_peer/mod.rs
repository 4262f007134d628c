//! A client in memory whose bytes are all there, and a driver that finds out what waits for nothing.

pub mod frames;

use futures_io::{AsyncRead, AsyncWrite};
use std::cell::RefCell;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A stream that gives these bytes in pieces and then ends, and takes what is written in pieces too.
pub struct Peer {
    rest: Vec<u8>,
    pieces: Vec<u8>,
    next_piece: usize,
    /// Whether the last call of each kind was told to wait.
    has_waited: [bool; 4],
    is_closed: bool,
    written: Rc<RefCell<Vec<u8>>>,
}

impl Peer {
    /// The stream, and what will have been written to it.
    pub fn new(sent: &[u8], pieces: &[u8]) -> (Self, Rc<RefCell<Vec<u8>>>) {
        let written = Rc::default();
        let peer = Self {
            rest: sent.to_vec(),
            pieces: pieces.to_vec(),
            next_piece: 0,
            has_waited: [false; 4],
            is_closed: false,
            written: Rc::clone(&written),
        };
        (peer, written)
    }

    /// How many bytes move now, one at least; a call that had to wait has not to the next time.
    fn piece(&mut self, call: Call, cx: &Context<'_>) -> Poll<usize> {
        let Some(piece) = self.pieces.get(self.next_piece) else { return Poll::Ready(usize::MAX) };
        self.next_piece = (self.next_piece + 1) % self.pieces.len();
        let has_waited = &mut self.has_waited[call as usize];
        *has_waited = *piece == 0 && !*has_waited;
        if *has_waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(usize::from(*piece).max(1))
    }
}

#[derive(Clone, Copy)]
enum Call {
    Read,
    Write,
    Flush,
    Close,
}

impl AsyncRead for Peer {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.piece(Call::Read, cx).map(|piece| {
            let count = piece.min(buffer.len()).min(self.rest.len());
            for (slot, byte) in buffer.iter_mut().zip(self.rest.drain(..count)) {
                *slot = byte;
            }
            Ok(count)
        })
    }
}

impl AsyncWrite for Peer {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        assert!(!self.is_closed, "written after it was closed");
        self.piece(Call::Write, cx).map(|piece| {
            let count = piece.min(bytes.len());
            self.written.borrow_mut().extend_from_slice(&bytes[..count]);
            Ok(count)
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.piece(Call::Flush, cx).map(|_| Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.piece(Call::Close, cx).map(|_| {
            self.is_closed = true;
            Ok(())
        })
    }
}

/// Runs a future to its end. All that it may wait for is there, so one that waits is woken at once, or would wait for
/// ever.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&woken));
    while woken.0.swap(false, Ordering::Relaxed) {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
    }
    panic!("it waits, and nothing will wake it");
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
