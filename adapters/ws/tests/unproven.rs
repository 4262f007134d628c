//! A peer that is not proven yet cannot make this side assemble long messages.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../io/tests/support/mod.rs"]
mod pipes;
mod support;

use futures_executor::block_on;
use futures_util::AsyncReadExt;
use multiserver_ws::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{Clock, Raw, frame, server};

/// Reads this many bytes from these frames, with a peer that is proven or not.
fn read(wire: &[u8], count: usize, is_proven: bool) -> io::Result<Vec<u8>> {
    let mut raw = Raw::client(1 << 20);
    let socket = server(&mut raw, &Clock::default());
    socket.bound_until(Arc::new(AtomicBool::new(is_proven)));
    let (mut reader, _writer) = socket.into_split();
    block_on(async {
        raw.write(wire).await;
        let mut bytes = vec![0; count];
        reader.read_exact(&mut bytes).await.map(|()| bytes)
    })
}

#[test]
fn messages_are_short_until_the_peer_is_proven() {
    let (half, rest) = (frame(0x02, &[7; 2049]), frame(0x80, &[7; 2048]));
    let ping = frame(0x89, &[7; 100]);
    for wire in [frame(0x82, &[7; 4097]), [half.clone(), rest.clone()].concat(), [half, ping.clone(), rest].concat()] {
        assert_eq!(read(&wire, 4097, true).unwrap(), [7; 4097]);
        let error = read(&wire, 4097, false).unwrap_err();
        let error = error.get_ref().unwrap().downcast_ref::<Error>();
        assert!(matches!(error, Some(Error::LongBeforeProof(4096))), "{error:?}");
    }
    // Only the first frame's header has arrived: the error comes before the message is assembled.
    assert!(read(&frame(0x02, &[7; 65_000])[..100], 1, false).is_err());
    let short = [frame(0x82, &[7; 4096]), frame(0x02, &[7; 4000]), ping, frame(0x80, &[7; 96])].concat();
    assert_eq!(read(&short, 8192, false).unwrap(), [7; 8192]);
}

#[test]
fn messages_are_long_from_the_proof_on() {
    let is_proven = Arc::<AtomicBool>::default();
    let mut raw = Raw::client(1 << 20);
    let socket = server(&mut raw, &Clock::default());
    socket.bound_until(Arc::clone(&is_proven));
    let (mut reader, _writer) = socket.into_split();
    block_on(async {
        raw.write(&frame(0x82, &[1; 112])).await;
        reader.read_exact(&mut [0; 112]).await.unwrap();
        is_proven.store(true, Ordering::Release);
        raw.write(&frame(0x82, &[2; 60_000])).await;
        let mut bytes = vec![0; 60_000];
        reader.read_exact(&mut bytes).await.unwrap();
        assert!(bytes == [2; 60_000]);
    });
}
