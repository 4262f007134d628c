//! After this side's Close frame, the peer is still read, as long as it is not silent for too long.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../io/tests/support/mod.rs"]
mod pipes;
mod support;

use futures_executor::block_on;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_ws::{Error, ReadHalf, WriteHalf};
use pipes::{End, poll_once};
use std::io;
use std::time::Duration;
use support::{Clock, Raw, frame, server};

const NORMAL: [u8; 2] = 1000_u16.to_be_bytes();

/// A server that has closed, and a client.
fn closed(clock: &Clock) -> (Raw, ReadHalf<End>, WriteHalf<End>) {
    let mut raw = Raw::client(4096);
    let (read, mut write) = server(&mut raw, clock).into_split();
    block_on(write.close()).unwrap();
    (raw, read, write)
}

async fn read_all(read: &mut ReadHalf<End>) -> (Vec<u8>, io::Result<usize>) {
    let mut received = Vec::new();
    let end = read.read_to_end(&mut received).await;
    (received, end)
}

#[test]
fn what_has_come_is_read_however_late() {
    let clock = Clock::default();
    let (mut raw, mut read, _write) = closed(&clock);
    block_on(async {
        raw.write(&[frame(0x82, b"answer"), frame(0x88, &NORMAL)].concat()).await;
        clock.advance(Duration::from_secs(60));
        let (received, end) = read_all(&mut read).await;
        assert_eq!((received.as_slice(), end.unwrap()), (&b"answer"[..], 6));
    });
}

#[test]
fn a_long_message_that_comes_slowly_is_no_silence() {
    let clock = Clock::default();
    let (mut raw, mut read, _write) = closed(&clock);
    block_on(async {
        for byte in frame(0x82, b"answer") {
            assert!(poll_once(read.read(&mut [0; 8])).is_pending());
            clock.advance(Duration::from_secs(9));
            raw.write(&[byte]).await;
        }
        let mut received = [0; 8];
        assert_eq!(read.read(&mut received).await.unwrap(), 6);
        assert_eq!(&received[..6], b"answer");
    });
}

#[test]
fn a_close_frame_within_a_message_is_no_clean_end_here_either() {
    let (mut raw, mut read, _write) = closed(&Clock::default());
    block_on(async {
        raw.write(&[frame(0x82, b"whole"), frame(0x02, b"cut"), frame(0x88, &NORMAL)].concat()).await;
        let (received, end) = read_all(&mut read).await;
        let error = end.unwrap_err();
        assert_eq!(received, b"whole");
        assert!(matches!(error.get_ref().unwrap().downcast_ref(), Some(Error::AmidMessage)), "{error}");
    });
}

#[test]
fn a_message_that_began_before_is_whole_with_its_last_fragment() {
    let mut raw = Raw::client(4096);
    let (mut read, mut write) = server(&mut raw, &Clock::default()).into_split();
    block_on(async {
        raw.write(&frame(0x02, b"one")).await;
        assert!(poll_once(read.read(&mut [0; 8])).is_pending());
        write.close().await.unwrap();
        raw.write(&[frame(0x80, b"two"), frame(0x88, &NORMAL), frame(0x02, b"unheard")].concat()).await;
        let (received, end) = read_all(&mut read).await;
        assert_eq!((received.as_slice(), end.unwrap()), (&b"onetwo"[..], 6));
    });
}
