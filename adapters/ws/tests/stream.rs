//! Bytes over WebSocket messages, with pipes of every size, futures dropped after every poll, and streams cut at every
//! byte.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../io/tests/support/mod.rs"]
mod pipes;
mod support;

use futures_executor::block_on;
use futures_util::future::join;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_ws::{Config, Error};
use pipes::{ends, pipe, poll_once};
use std::io::ErrorKind;
use std::task::Poll;
use std::time::Duration;
use support::{Clock, Raw, frame, pair, request, server, text};

#[test]
fn every_length_comes_back_over_every_pipe() {
    for capacity in [1, 3, 64, 200, 70_000] {
        for length in [0, 1, 34, 4130, 100_000, 400_000] {
            if length > 400 * capacity && length > 5000 {
                continue;
            }
            let (near, far) = pair(ends(capacity), &Clock::default());
            let ((mut near_read, mut near_write), (mut far_read, mut far_write)) =
                (near.into_split(), far.into_split());
            let sent = text(length);
            let mut back = Vec::new();
            let near = async {
                let send = async {
                    near_write.write_all(&sent).await.unwrap();
                    near_write.flush().await.unwrap();
                };
                join(send, near_read.read_to_end(&mut back)).await.1.unwrap();
                near_write.close().await.unwrap();
            };
            let far = async {
                let mut bytes = vec![0; length];
                far_read.read_exact(&mut bytes).await.unwrap();
                far_write.write_all(&bytes).await.unwrap();
                far_write.close().await.unwrap();
                far_read.read(&mut [0; 1]).await.unwrap()
            };
            let ((), rest) = block_on(join(near, far));
            assert!(back == sent, "{length} bytes over pipes of {capacity}");
            assert_eq!(rest, 0);
        }
    }
}

#[test]
fn futures_dropped_at_every_poll_lose_and_repeat_nothing() {
    let (near, far) = pair(ends(1), &Clock::default());
    let ((_near_read, mut near_write), (mut far_read, _far_write)) = (near.into_split(), far.into_split());
    let sent = text(3000);
    let (mut written, mut closed) = (0, false);
    let mut received = Vec::new();
    let mut buffer = [0; 700];
    loop {
        if written < sent.len() {
            let next = &sent[written..sent.len().min(written + 100)];
            if let Poll::Ready(count) = poll_once(near_write.write(next)) {
                written += count.unwrap();
            }
        } else if !closed {
            closed = poll_once(near_write.close()).is_ready();
        }
        if let Poll::Ready(count) = poll_once(far_read.read(&mut buffer)) {
            match count.unwrap() {
                0 => break,
                count => received.extend_from_slice(&buffer[..count]),
            }
        }
    }
    assert!(received == sent);
}

#[test]
fn an_end_without_a_close_frame_is_an_error_at_every_byte() {
    let wire = [frame(0x82, b"hello"), frame(0x02, b"yo"), frame(0x80, b"u"), frame(0x88, b"")].concat();
    let whole = frame(0x82, b"hello").len();
    let fragments = wire.len() - frame(0x88, b"").len();
    for length in 0..=wire.len() {
        let mut raw = Raw::client(4096);
        let socket = server(&mut raw, &Clock::default());
        let (mut read, _write) = socket.into_split();
        let mut received = Vec::new();
        let end = block_on(async {
            raw.write(&wire[..length]).await;
            drop(raw);
            read.read_to_end(&mut received).await
        });
        let expected = match length {
            length if length >= fragments => &b"helloyou"[..],
            length if length >= whole => b"hello",
            _ => b"",
        };
        assert_eq!(received, expected, "cut at {length}");
        if length == wire.len() {
            assert_eq!(end.unwrap(), 8);
            assert_eq!(block_on(read.read(&mut [0; 8])).unwrap(), 0);
        } else {
            assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof, "cut at {length}");
            assert!(block_on(read.read(&mut [0; 8])).is_err(), "no later read takes the cut for a clean end");
        }
    }
}

#[test]
fn behind_the_peers_close_frame_writing_goes_on_until_this_side_ends() {
    let code = [3, 232];
    for is_dropped in [false, true] {
        let mut raw = Raw::client(4096);
        let (mut read, mut write) = server(&mut raw, &Clock::default()).into_split();
        block_on(async {
            raw.write(&[frame(0x82, b"question"), frame(0x88, &code), frame(0x82, b"unheard")].concat()).await;
            let mut question = Vec::new();
            read.read_to_end(&mut question).await.unwrap();
            assert_eq!(question, b"question");
            for answer in [b"one", b"two"] {
                write.write_all(answer).await.unwrap();
                write.flush().await.unwrap();
                assert_eq!(raw.frame().await, (0x82, answer.to_vec()));
            }
            if is_dropped {
                drop((read, write));
            } else {
                write.close().await.unwrap();
                assert_eq!(read.read(&mut [0; 1]).await.unwrap(), 0);
            }
            assert_eq!(raw.frame().await, (0x88, code.to_vec()), "the answer to it");
        });
    }
}

/// Tested before and after this side has begun to close, when the Close frame is no longer held back, and with bytes
/// behind it, which are not part of it.
#[test]
fn a_close_code_that_tells_of_a_failure_is_no_clean_end() {
    for (code, is_clean) in
        [(None, true), (Some(1000_u16), true), (Some(1001), true), (Some(1002), false), (Some(1011), false)]
    {
        for (is_closing, behind) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut raw = Raw::client(4096);
            let (mut read, mut write) = server(&mut raw, &Clock::default()).into_split();
            let end = block_on(async {
                if is_closing {
                    write.close().await.unwrap();
                }
                let payload = code.map(|code| code.to_be_bytes().to_vec()).unwrap_or_default();
                let behind = if behind { frame(0x82, b"unheard") } else { Vec::new() };
                raw.write(&[frame(0x82, b"half"), frame(0x88, &payload), behind].concat()).await;
                let mut half = [0; 4];
                read.read_exact(&mut half).await.unwrap();
                assert_eq!(&half, b"half");
                read.read(&mut [0; 1]).await
            });
            match end {
                Ok(count) => assert!(count == 0 && is_clean, "{code:?}, {is_closing}, {behind}"),
                Err(error) => {
                    assert!(!is_clean, "{code:?}, {is_closing}, {behind}: {error}");
                    assert_eq!(error.kind(), ErrorKind::ConnectionAborted, "{error}");
                    assert!(error.to_string().contains(&code.unwrap().to_string()), "{error}");
                    let again = block_on(read.read(&mut [0; 1])).unwrap_err();
                    assert_eq!(again.kind(), ErrorKind::ConnectionAborted, "no later read takes it for a clean end");
                }
            }
        }
    }
}

#[test]
fn a_close_frame_within_a_message_is_no_clean_end() {
    let mut raw = Raw::client(4096);
    let (mut read, _write) = server(&mut raw, &Clock::default()).into_split();
    block_on(async {
        let close = frame(0x88, &1000_u16.to_be_bytes());
        raw.write(&[frame(0x82, b"whole"), frame(0x02, b"cut"), close].concat()).await;
        let mut received = Vec::new();
        let error = read.read_to_end(&mut received).await.unwrap_err();
        assert_eq!((received.as_slice(), error.kind()), (&b"whole"[..], ErrorKind::ConnectionAborted));
        assert!(matches!(error.get_ref().unwrap().downcast_ref(), Some(Error::AmidMessage)), "{error}");
        assert!(read.read(&mut [0; 1]).await.is_err(), "no later read takes it for a clean end");
    });
}

#[test]
fn a_write_is_one_binary_message_and_a_long_one_several() {
    let mut raw = Raw::client(1 << 20);
    let (_read, mut write) = server(&mut raw, &Clock::default()).into_split();
    block_on(async {
        for bytes in [&b"one"[..], b"three"] {
            assert_eq!(write.write(bytes).await.unwrap(), bytes.len());
        }
        write.flush().await.unwrap();
        assert_eq!(raw.frame().await, (0x82, b"one".to_vec()));
        assert_eq!(raw.frame().await, (0x82, b"three".to_vec()));
        assert_eq!(write.write(&vec![7; 1 << 20]).await.unwrap(), 128 * 1024);
        write.flush().await.unwrap();
        assert_eq!(raw.frame().await, (0x82, vec![7; 128 * 1024]));
    });
}

#[test]
fn what_is_no_binary_message_of_bounded_length_is_an_error() {
    let long = Config::default().longest_message(100);
    for (wire, text) in [
        (frame(0x81, b"hello"), "text message"),
        (frame(0x82, &[0; 101]), "too"),
        ([frame(0x02, &[0; 60]), frame(0x80, &[0; 60])].concat(), "too"),
        (frame(0xc2, b"compressed"), "violates"),
        (frame(0x83, b"reserved"), "violates"),
        (frame(0x88, &[3; 126]), "violates"),
        (frame(0x88, &[3]), "violates"),
        (frame(0x08, b""), "violates"),
        (frame(0xc8, b""), "violates"),
        (vec![0x88, 0], "violates"),
        (vec![0x82, 5, 1, 2, 3, 4, 5], "violates"),
        (vec![0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4], "too"),
    ] {
        let mut raw = Raw::client(4096);
        let (mut read, _write) = support::server_with(&mut raw, &long, &Clock::default()).into_split();
        let error = block_on(async {
            raw.write(&wire).await;
            read.read(&mut [0; 8]).await.unwrap_err()
        });
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        assert!(error.get_ref().unwrap().is::<Error>());
        assert!(error.to_string().contains(text), "{error} for {text}");
        let code: u16 = match text {
            "text message" => 1003,
            _ if error.to_string().contains("too long") => 1009,
            _ => 1002,
        };
        assert_eq!(block_on(raw.frame()), (0x88, code.to_be_bytes().to_vec()), "the peer is told: {error}");
        assert!(block_on(read.read(&mut [0; 8])).is_err());
    }
}

#[test]
fn a_text_message_is_answered_with_close_code_1003() {
    let mut raw = Raw::client(4096);
    let (mut read, _write) = server(&mut raw, &Clock::default()).into_split();
    block_on(async {
        raw.write(&frame(0x81, b"hello")).await;
        read.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(raw.frame().await, (0x88, 1003_u16.to_be_bytes().to_vec()));
    });
}

#[test]
fn pings_are_answered_and_sent_when_nothing_else_came_or_went() {
    let clock = Clock::default();
    let mut raw = Raw::client(4096);
    let (mut read, mut write) = server(&mut raw, &clock).into_split();
    block_on(async {
        raw.write(&frame(0x89, b"are you there")).await;
        assert!(poll_once(read.read(&mut [0; 8])).is_pending());
        assert_eq!(raw.frame().await, (0x8a, b"are you there".to_vec()));

        clock.advance(Duration::from_secs(16));
        assert!(poll_once(read.read(&mut [0; 8])).is_pending());
        assert!(!raw.has_bytes(), "a ping was received not long ago");
        clock.advance(Duration::from_secs(15));
        assert!(poll_once(read.read(&mut [0; 8])).is_pending());
        assert_eq!(raw.frame().await, (0x89, Vec::new()));

        write.write_all(b"busy").await.unwrap();
        write.flush().await.unwrap();
        assert_eq!(raw.frame().await.0, 0x82);
        clock.advance(Duration::from_secs(15));
        assert!(poll_once(read.read(&mut [0; 8])).is_pending());
        assert!(!raw.has_bytes(), "a message was sent not long ago");
        clock.advance(Duration::from_secs(15));
        assert!(poll_once(read.read(&mut [0; 8])).is_pending());
        assert_eq!(raw.frame().await, (0x89, Vec::new()), "30 seconds after the message at the latest");
    });
}

/// Whoever has sent all may be gone already, and its system would answer a ping with a reset.
#[test]
fn no_ping_goes_out_while_a_long_message_comes_in_pieces() {
    let clock = Clock::default();
    let mut raw = Raw::client(4096);
    let (mut read, _write) = server(&mut raw, &clock).into_split();
    block_on(async {
        for piece in frame(0x82, &[7; 8]).chunks(1) {
            raw.write(piece).await;
            clock.advance(Duration::from_secs(14));
            let _ = poll_once(read.read(&mut [0; 8]));
            assert!(!raw.has_bytes());
        }
        for _ in 0..2 {
            clock.advance(Duration::from_secs(15));
            assert!(poll_once(read.read(&mut [0; 8])).is_pending());
        }
        assert_eq!(raw.frame().await, (0x89, Vec::new()));
    });
}

#[test]
fn messages_without_bytes_hold_no_task_up() {
    let mut raw = Raw::client(1 << 16);
    let (mut read, _write) = server(&mut raw, &Clock::default()).into_split();
    block_on(raw.write(&frame(0x82, b"").repeat(100)));
    block_on(raw.write(&frame(0x82, b"x")));
    let polls = (0..).find(|_| poll_once(read.read(&mut [0; 8])).is_ready());
    assert_eq!(polls, Some(3), "32 messages at a time");
}

#[test]
fn a_dropped_writer_sends_the_close_frame_and_the_reader_reads_on() {
    let mut raw = Raw::client(4096);
    let (mut read, mut write) = server(&mut raw, &Clock::default()).into_split();
    block_on(async {
        write.write_all(b"bye").await.unwrap();
        drop(write);
        assert_eq!(raw.frame().await, (0x82, b"bye".to_vec()));
        assert_eq!(raw.frame().await, (0x88, Vec::new()));
        assert!(raw.has_ended(), "clients wait for the server's end");
        raw.write(&frame(0x82, b"and you")).await;
        raw.write(&frame(0x88, b"")).await;
        let mut rest = Vec::new();
        read.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"and you");
    });
}

#[test]
fn what_a_dropped_writer_could_not_send_the_reader_sends() {
    let mut raw = Raw::client(4);
    let (mut read, mut write) = server(&mut raw, &Clock::default()).into_split();
    block_on(async {
        write.write_all(b"more than fits").await.unwrap();
        drop(write);
        let received = async {
            assert_eq!(raw.frame().await, (0x82, b"more than fits".to_vec()));
            assert_eq!(raw.frame().await, (0x88, Vec::new()));
            raw.write(&frame(0x88, b"")).await;
        };
        let mut buffer = [0; 8];
        assert_eq!(join(read.read(&mut buffer), received).await.0.unwrap(), 0);
    });
}

#[test]
fn dropping_both_halves_ends_the_stream_behind_the_close_frame() {
    let mut raw = Raw::client(4096);
    let mut socket = server(&mut raw, &Clock::default());
    block_on(async {
        // What a peer such as npm multiserver sends when it ends; the second message is never read.
        raw.write(&[frame(0x82, b"goodbye"), frame(0x82, b"x"), frame(0x88, b"")].concat()).await;
        let mut goodbye = [0; 7];
        socket.read_exact(&mut goodbye).await.unwrap();
        socket.write_all(b"reply").await.unwrap();
        socket.flush().await.unwrap();
        assert_eq!(raw.frame().await, (0x82, b"reply".to_vec()), "the Close frame was not read ahead");
        drop(socket);
        assert_eq!(raw.frame().await, (0x88, Vec::new()));
        assert!(raw.has_ended());
    });
}

#[test]
fn what_has_come_by_then_is_taken_in_when_both_halves_are_dropped() {
    let mut raw = Raw::client(4096);
    let socket = server(&mut raw, &Clock::default());
    block_on(async {
        raw.write(&[frame(0x82, b"late"), frame(0x88, b"")].concat()).await;
        assert!(raw.has_sent_bytes());
        drop(socket);
        assert!(!raw.has_sent_bytes(), "unread bytes would reset the connection");
        assert_eq!(raw.frame().await, (0x88, Vec::new()));
    });
    // For every number of earlier reads in a row that found bytes at once.
    for reads in 28..36 {
        let mut raw = Raw::client(4096);
        let mut socket = server(&mut raw, &Clock::default());
        block_on(async {
            for _ in 0..reads {
                raw.write(&frame(0x82, b"x")).await;
                socket.read_exact(&mut [0]).await.unwrap();
            }
            raw.write(&[frame(0x82, b"late"), frame(0x88, b"")].concat()).await;
            drop(socket);
            assert!(!raw.has_sent_bytes(), "after {reads} reads");
        });
    }
}

#[test]
fn a_peer_that_is_silent_after_our_close_frame_is_not_waited_for_without_end() {
    let clock = Clock::default();
    let mut raw = Raw::client(4096);
    let (mut read, mut write) = server(&mut raw, &clock).into_split();
    block_on(async {
        write.close().await.unwrap();
        assert_eq!(write.write(b"late").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        clock.advance(Duration::from_secs(9));
        raw.write(&frame(0x82, b"slow")).await;
        assert_eq!(read.read(&mut [0; 8]).await.unwrap(), 4);
        clock.advance(Duration::from_secs(2));
        assert!(poll_once(read.read(&mut [0; 8])).is_pending(), "it was not silent");
        clock.advance(Duration::from_secs(10));
        assert_eq!(read.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn bytes_behind_the_request_belong_to_the_stream() {
    let (to_server, from_client) = pipe(4096);
    let (to_client, _from_server) = pipe(4096);
    let mut to_server = to_server;
    block_on(async {
        to_server.write_all(&[request("/", ""), frame(0x82, b"early")].concat()).await.unwrap();
        to_server.flush().await.unwrap();
        let end = pipes::End { read: from_client, write: to_client };
        let mut socket =
            multiserver_ws::accept(end, &Config::default(), None, &Clock::default().timer()).await.unwrap();
        let mut early = [0; 5];
        socket.read_exact(&mut early).await.unwrap();
        assert_eq!(&early, b"early");
    });
}
