//! After a layer above has read its goodbye, it reads no more, and the WebSocket still answers the peer.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../io/tests/support/mod.rs"]
mod pipes;
mod support;

use futures_executor::block_on;
use futures_util::AsyncWriteExt;
use multiserver_io::ReadStream;
use multiserver_ws::ReadHalf;
use pipes::{End, poll_once};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use support::{Clock, Raw, frame, server};

async fn closed(read: &mut ReadHalf<End>) -> io::Result<()> {
    poll_fn(|cx| Pin::new(&mut *read).poll_closed(cx)).await
}

#[test]
fn pings_are_answered_and_sent_as_ever() {
    let clock = Clock::default();
    let mut raw = Raw::client(4096);
    let (mut read, _write) = server(&mut raw, &clock).into_split();
    block_on(async {
        raw.write(&frame(0x89, b"are you there")).await;
        assert!(poll_once(closed(&mut read)).is_pending());
        assert_eq!(raw.frame().await, (0x8a, b"are you there".to_vec()));
        for _ in 0..2 {
            clock.advance(Duration::from_secs(16));
            assert!(poll_once(closed(&mut read)).is_pending());
        }
        assert_eq!(raw.frame().await, (0x89, Vec::new()));
    });
}

#[test]
fn a_close_frame_is_answered_when_nothing_was_sent_for_a_while() {
    let clock = Clock::default();
    let code = [3, 232];
    let mut raw = Raw::client(4096);
    let (mut read, mut write) = server(&mut raw, &clock).into_split();
    block_on(async {
        raw.write(&frame(0x88, &code)).await;
        assert!(poll_once(closed(&mut read)).is_pending());
        clock.advance(Duration::from_secs(9));
        write.write_all(b"more").await.unwrap();
        write.flush().await.unwrap();
        assert_eq!(raw.frame().await, (0x82, b"more".to_vec()), "the peer may still take it");
        clock.advance(Duration::from_secs(9));
        assert!(poll_once(closed(&mut read)).is_pending());
        assert!(!raw.has_bytes());
        clock.advance(Duration::from_secs(10));
        closed(&mut read).await.unwrap();
        assert_eq!(raw.frame().await, (0x88, code.to_vec()), "the answer");
        assert!(raw.has_ended());
        assert_eq!(write.write(b"late").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn the_end_of_the_stream_behind_a_close_frame_is_seen_at_once() {
    let mut raw = Raw::client(4096);
    let (mut read, _write) = server(&mut raw, &Clock::default()).into_split();
    block_on(async {
        raw.write(&frame(0x88, &[3, 232])).await;
        assert!(poll_once(closed(&mut read)).is_pending());
        drop(raw);
        closed(&mut read).await.unwrap();
    });
}

#[test]
fn an_end_without_a_close_frame_and_bytes_that_nobody_waits_for_are_errors() {
    for bytes in [frame(0x82, b"more"), Vec::new()] {
        let mut raw = Raw::client(4096);
        let (mut read, _write) = server(&mut raw, &Clock::default()).into_split();
        block_on(async {
            assert!(poll_once(closed(&mut read)).is_pending());
            raw.write(&bytes).await;
            drop(raw);
            let expected = if bytes.is_empty() { ErrorKind::UnexpectedEof } else { ErrorKind::InvalidData };
            assert_eq!(closed(&mut read).await.unwrap_err().kind(), expected);
            assert!(matches!(poll_once(closed(&mut read)), Poll::Ready(_)));
        });
    }
}
