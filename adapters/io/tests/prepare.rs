//! When a driver has a machine prepare for the peer's next message: after what was to be sent has left, before it reads.
#![allow(clippy::unwrap_used)]

use futures_executor::block_on;
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_core::handshake::{Handshake, Messages, Step};
use multiserver_io::{drive, drive_blocking};
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

/// What happened, in turn, to the machine and to the stream.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn note(&self, event: &'static str) {
        self.0.lock().unwrap().push(event);
    }

    fn events(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

/// Says a byte, and is done when one has come.
struct Question {
    messages: Messages<[u8; 1]>,
    log: Log,
}

impl Question {
    fn new(log: &Log) -> Self {
        let mut messages = Messages::new([0; 1]);
        messages.ask(b"?", 1).unwrap();
        Self { messages, log: log.clone() }
    }
}

impl Handshake for Question {
    type Output = ();
    type Error = io::Error;

    fn step(&mut self) -> Result<Step<'_, ()>, io::Error> {
        Ok(self.messages.step().unwrap_or(Step::Done(())))
    }

    fn prepare(&mut self) {
        self.log.note("prepare");
    }

    fn end_of_input(&mut self) -> io::Error {
        io::ErrorKind::UnexpectedEof.into()
    }
}

impl Read for Log {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.note("read");
        b"!".as_slice().read(buffer)
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.note("write");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.note("flush");
        Ok(())
    }
}

impl AsyncRead for Log {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.read(buffer))
    }
}

impl AsyncWrite for Log {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.flush())
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

const IN_TURN: [&str; 4] = ["write", "flush", "prepare", "read"];

#[test]
fn a_future_prepares_between_flush_and_read() {
    let mut log = Log::default();
    block_on(drive(&mut Question::new(&log.clone()), &mut log)).unwrap();
    assert_eq!(log.events(), IN_TURN);
}

#[test]
fn a_thread_prepares_between_flush_and_read() {
    let mut log = Log::default();
    drive_blocking(&mut Question::new(&log.clone()), &mut log).unwrap();
    assert_eq!(log.events(), IN_TURN);
}
