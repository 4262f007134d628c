//! Box streams over pipes that are narrower than a frame.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use futures_executor::block_on;
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::future::join;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_core::box_stream::{Opener, Sealer};
use multiserver_io::{SecureReader, SecureStream, SecureWriter, WriteStream};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use support::{End, ends, pipe, poll_once};

fn sealer(side: u8) -> Sealer {
    Sealer::new([side; 32], [side; 24])
}

fn opener(side: u8) -> Opener {
    Opener::new([side; 32], [side; 24])
}

fn streams(capacity: usize) -> (SecureStream<End>, SecureStream<End>) {
    let (near, far) = ends(capacity);
    (SecureStream::new(near, sealer(1), opener(2)), SecureStream::new(far, sealer(2), opener(1)))
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from(index * 7 % 251).unwrap()).collect()
}

#[test]
fn every_length_comes_back_over_every_pipe() {
    for capacity in [1, 3, 64, 200, 70_000] {
        for length in [0, 1, 4096, 4097, 10_000, 100_000] {
            if length > 10_000 && capacity < 200 {
                continue;
            }
            let (near, far) = streams(capacity);
            let (mut near_read, mut near_write) = near.into_split(|end| (end.read, end.write));
            let (mut far_read, mut far_write) = far.into_split(|end| (end.read, end.write));
            let sent = text(length);
            let send = async {
                near_write.write_all(&sent).await.unwrap();
                near_write.close().await.unwrap();
            };
            let echo = async {
                futures_util::io::copy(&mut far_read, &mut far_write).await.unwrap();
                far_write.close().await.unwrap();
            };
            let mut back = Vec::new();
            let receive = async { near_read.read_to_end(&mut back).await.unwrap() };
            block_on(join(join(send, echo), receive));
            assert!(back == sent, "{length} bytes over pipes of {capacity}");
        }
    }
}

#[test]
fn futures_dropped_at_every_poll_lose_and_repeat_nothing() {
    let (mut near, mut far) = streams(1);
    let sent = text(9000);
    let (mut written, mut flushed, mut closed) = (0, false, false);
    let mut received = Vec::new();
    let mut buffer = [0; 700];
    loop {
        if written < sent.len() {
            if let Poll::Ready(count) = poll_once(near.write(&sent[written..])) {
                written += count.unwrap();
            }
        } else if !flushed {
            flushed = poll_once(near.flush()).is_ready();
        } else if !closed {
            closed = poll_once(near.close()).is_ready();
        }
        if let Poll::Ready(count) = poll_once(far.read(&mut buffer)) {
            match count.unwrap() {
                0 => break,
                count => received.extend_from_slice(&buffer[..count]),
            }
        }
    }
    assert!(received == sent);
    assert!(closed || poll_once(near.close()).is_ready());
}

/// What a writer with these writes puts on the wire.
fn ciphertext(writes: &[&[u8]], goodbye: bool) -> Vec<u8> {
    let (write, mut read) = pipe(100_000);
    let mut writer = SecureWriter::new(write, sealer(1));
    let mut wire = Vec::new();
    block_on(async {
        for bytes in writes {
            writer.write_all(bytes).await.unwrap();
        }
        if goodbye {
            writer.close().await.unwrap();
        } else {
            writer.flush().await.unwrap();
        }
        drop(writer);
        read.read_to_end(&mut wire).await.unwrap();
    });
    wire
}

/// What a reader makes of these bytes on the wire and the end after them.
fn plaintext(wire: &[u8]) -> (Vec<u8>, std::io::Result<usize>, SecureReader<support::PipeReader>) {
    let (mut write, read) = pipe(100_000);
    block_on(async {
        write.write_all(wire).await.unwrap();
        write.close().await.unwrap();
    });
    let mut reader = SecureReader::new(read, opener(1));
    let mut plaintext = Vec::new();
    let end = block_on(reader.read_to_end(&mut plaintext));
    (plaintext, end, reader)
}

#[test]
fn an_end_without_goodbye_is_an_error_at_every_byte() {
    let wire = ciphertext(&[b"hello", b"you"], true);
    let frames = [34 + 5, 34 + 5 + 34 + 3];
    for length in 0..wire.len() {
        let (text, end, mut reader) = plaintext(&wire[..length]);
        let whole = frames.iter().filter(|&&end| end <= length).count();
        assert_eq!(text, [&b""[..], b"hello", b"helloyou"][whole], "cut at {length}");
        assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof, "cut at {length}");
        assert!(block_on(reader.read(&mut [0; 8])).is_err(), "no later read takes the cut for a clean end");
    }
    let (text, end, mut reader) = plaintext(&wire);
    assert_eq!((text.as_slice(), end.unwrap()), (&b"helloyou"[..], 8));
    assert_eq!(block_on(reader.read(&mut [0; 8])).unwrap(), 0);
}

#[test]
fn altered_bytes_are_invalid_data() {
    let wire = ciphertext(&[b"hello"], true);
    for index in 0..wire.len() {
        let mut wire = wire.clone();
        wire[index] ^= 1;
        let (text, end, _) = plaintext(&wire);
        assert_eq!(end.unwrap_err().kind(), ErrorKind::InvalidData, "byte {index}");
        assert_eq!(text, if index < 39 { &b""[..] } else { b"hello" });
    }
}

#[test]
fn closing_ends_one_direction_and_the_other_goes_on() {
    let (mut near, mut far) = streams(4096);
    block_on(async {
        near.close().await.unwrap();
        near.close().await.unwrap();
        assert_eq!(near.write(b"late").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);

        far.write_all(b"still here").await.unwrap();
        far.close().await.unwrap();
        let mut rest = Vec::new();
        near.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"still here");
    });
}

/// A stream to a peer that is gone.
struct Gone;

impl AsyncWrite for Gone {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(ErrorKind::ConnectionReset.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn probe(mut writer: impl WriteStream + Unpin) -> io::Result<bool> {
    match Pin::new(&mut writer).poll_probe(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(probed) => probed,
        Poll::Pending => panic!("a probe waits for nothing"),
    }
}

#[test]
fn a_probe_is_not_seen_and_fails_when_the_peer_is_gone() {
    let (write, read) = pipe(40);
    let (mut writer, mut reader) = (SecureWriter::new(write, sealer(1)), SecureReader::new(read, opener(1)));
    for _ in 0..3 {
        assert!(probe(Pin::new(&mut writer)).unwrap());
    }
    assert!(poll_once(writer.write(b"hello")).is_ready());
    let mut received = [0; 8];
    let (flushed, count) = block_on(join(writer.flush(), reader.read(&mut received)));
    flushed.unwrap();
    assert_eq!(&received[..count.unwrap()], b"hello");
    block_on(writer.close()).unwrap();
    assert_eq!(probe(writer).unwrap_err().kind(), ErrorKind::BrokenPipe, "nothing follows the goodbye");

    assert_eq!(probe(SecureWriter::new(Gone, sealer(1))).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn closing_leaves_the_stream_below_open() {
    let (mut write, _read) = pipe(100);
    block_on(SecureWriter::new(&mut write, sealer(1)).close()).unwrap();
    assert!(!write.is_closed());
}

#[test]
fn dropping_sends_nothing_so_that_the_peer_sees_a_cut() {
    let (near, mut far) = streams(4096);
    drop(near);
    assert_eq!(block_on(far.read(&mut [0; 8])).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn one_poll_takes_many_frames_and_holds_no_more_than_its_buffer() {
    let (write, _read) = pipe(10);
    let mut writer = SecureWriter::new(write, sealer(1));
    let bytes = vec![7; 1_000_000];
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(first)) = Pin::new(&mut writer).poll_write(&mut cx, &bytes) else {
        panic!("an empty buffer takes bytes at once");
    };
    assert_eq!(first, 65_536);
    assert!(Pin::new(&mut writer).poll_write(&mut cx, &bytes).is_pending());
}

#[test]
fn a_flush_ends_only_when_the_stream_below_has_everything() {
    let (write, mut read) = pipe(10);
    let mut writer = SecureWriter::new(write, sealer(1));
    assert!(poll_once(writer.write(b"hello")).is_ready());
    let mut wire = Vec::new();
    let mut polls = 0;
    while poll_once(writer.flush()).is_pending() {
        polls += 1;
        let mut buffer = [0; 10];
        if let Poll::Ready(count) = poll_once(read.read(&mut buffer)) {
            wire.extend_from_slice(&buffer[..count.unwrap()]);
        }
    }
    assert!(polls > 1);
    let mut buffer = [0; 10];
    if let Poll::Ready(count) = poll_once(read.read(&mut buffer)) {
        wire.extend_from_slice(&buffer[..count.unwrap()]);
    }
    assert_eq!(wire.len(), 39);
}

/// A stream that has all of its frames ready and yields one for each read.
struct Frames(std::vec::IntoIter<Vec<u8>>);

impl AsyncRead for Frames {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let frame = self.0.next().unwrap_or_default();
        buffer[..frame.len()].copy_from_slice(&frame);
        Poll::Ready(Ok(frame.len()))
    }
}

/// This many frames with a valid, empty body, and one that says hello.
fn empty_frames_and_hello(count: u8) -> Vec<Vec<u8>> {
    let key = [1; 32];
    let nonce = |number: u8| {
        let mut nonce = [1; 24];
        nonce[23] += number;
        nonce
    };
    let empty = |index: u8| {
        let mut content = [0; 18];
        content[2..].copy_from_slice(&multiserver_secretbox::seal(&key, &nonce(2 * index + 1), &mut []));
        let tag = multiserver_secretbox::seal(&key, &nonce(2 * index), &mut content);
        [&tag[..], &content].concat()
    };
    let mut body = *b"hello";
    let header = Sealer::new(key, nonce(2 * count)).seal(&mut body).unwrap();
    (0..count).map(empty).chain([[&header[..], &body].concat()]).collect()
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_peer_that_sends_empty_frames_only_does_not_hold_the_thread() {
    let mut reader = SecureReader::new(Frames(empty_frames_and_hello(100).into_iter()), opener(1));
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut buffer = [0; 8];
    let mut poll = || Pin::new(&mut reader).poll_read(&mut Context::from_waker(&waker), &mut buffer);
    for polls in 1..=3 {
        assert!(poll().is_pending());
        assert_eq!(wakes.0.load(Ordering::Relaxed), polls, "it asks to be polled again");
    }
    assert!(matches!(poll(), Poll::Ready(Ok(5))), "nothing is lost");
    assert_eq!(&buffer[..5], b"hello");
}
