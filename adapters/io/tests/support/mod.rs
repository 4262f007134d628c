//! In-memory pipes of a few bytes, and both ends of a handshake.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, unreachable_pub)]

use futures_io::{AsyncRead, AsyncWrite};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};
use multiserver_core::shs::{Client, ClientHandshake, Server, ServerHandshake};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

/// The buffer between a writer and a reader.
#[derive(Default)]
struct Channel {
    capacity: usize,
    /// Written, and only visible to the reader after a flush.
    held: VecDeque<u8>,
    bytes: VecDeque<u8>,
    ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Channel {
    fn flush(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.bytes.extend(held);
        self.reader.take().into_iter().for_each(Waker::wake);
    }
}

/// Takes as many bytes as the pipe has room for, and hides them until it is flushed or full.
pub struct PipeWriter(Arc<Mutex<Channel>>);

pub struct PipeReader(Arc<Mutex<Channel>>);

pub fn pipe(capacity: usize) -> (PipeWriter, PipeReader) {
    let channel = Arc::new(Mutex::new(Channel { capacity, ..Channel::default() }));
    (PipeWriter(Arc::clone(&channel)), PipeReader(channel))
}

impl PipeWriter {
    fn channel(&self) -> MutexGuard<'_, Channel> {
        self.0.lock().unwrap()
    }

    pub fn is_closed(&self) -> bool {
        self.channel().ended
    }

    /// Whether the reader has not read everything.
    pub fn has_bytes(&self) -> bool {
        !self.channel().bytes.is_empty()
    }
}

impl AsyncWrite for PipeWriter {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut channel = self.channel();
        assert!(!channel.ended, "written after it was closed");
        let room = channel.capacity - channel.bytes.len() - channel.held.len();
        if room == 0 {
            channel.flush();
            channel.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = room.min(bytes.len());
        channel.held.extend(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.channel().flush();
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut channel = self.channel();
        channel.ended = true;
        channel.flush();
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for PipeReader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut channel = self.0.lock().unwrap();
        if channel.bytes.is_empty() && !channel.ended {
            channel.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = channel.bytes.len().min(buffer.len());
        for (slot, byte) in buffer.iter_mut().zip(channel.bytes.drain(..count)) {
            *slot = byte;
        }
        channel.writer.take().into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(count))
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        let mut channel = self.channel();
        channel.ended = true;
        channel.flush();
    }
}

/// One end of two pipes.
pub struct End {
    pub read: PipeReader,
    pub write: PipeWriter,
}

pub fn ends(capacity: usize) -> (End, End) {
    let (to_server, from_client) = pipe(capacity);
    let (to_client, from_server) = pipe(capacity);
    (End { read: from_server, write: to_server }, End { read: from_client, write: to_client })
}

impl AsyncRead for End {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.read).poll_read(cx, buffer)
    }
}

impl AsyncWrite for End {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_close(cx)
    }
}

pub fn key_pair(fill: u8) -> KeyPair {
    KeyPair::from_seed(Seed::from_bytes([fill; 32]))
}

pub fn handshakes() -> (ClientHandshake, ServerHandshake) {
    let network = NetworkKey::SSB_MAIN;
    let server = key_pair(2);
    let client = Client::new(key_pair(1), &server.public(), &network).unwrap();
    (
        ClientHandshake::new(client, Ephemeral::from_random([3; 32])),
        ServerHandshake::new(Server::new(server, &network), Ephemeral::from_random([4; 32])),
    )
}

/// Polls a future once and drops it.
pub fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}
