//! Ways to end a connection: which side ends first, how, and what the other side sees.

use crate::support::{accept, client, listen, run, serving};
use crate::{Tested, Way};
use futures_util::future::{join, select};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_compose::{Connection, WriteHalf};
use multiserver_model::protocol::Protocol;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// The last bytes of the side that ends first.
const LAST_WORDS: &[u8] = b"last words";

/// How one side ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It sends its goodbye and goes on reading.
    HalfClose,
    /// It sends its goodbye and drops the connection.
    GoodbyeAndGone,
    /// It drops the connection without a goodbye.
    Cut,
}

/// What the other side sees.
#[derive(Debug)]
struct Seen {
    heard: Vec<u8>,
    /// How reading ended.
    read: io::Result<usize>,
}

/// The side that stays learns of the end; the test ends only when it has.
///
/// The cases: which side ends first × half-close, goodbye and drop, or cut × with and without bytes in transit to the
/// side that ends.
pub fn whoever_ends_first_the_other_knows<R: Tested, W: Way>() {
    run::<R>(async {
        for end in [End::HalfClose, End::GoodbyeAndGone, End::Cut] {
            for is_client_first in [true, false] {
                for is_under_way in [false, true] {
                    let case = format!("{end:?}, client first: {is_client_first}, under way: {is_under_way}");
                    let way = W::default();
                    let (mut server, address) = listen::<R>(serving(&way, false)).await;
                    let client = client::<R, W>();
                    let (near, far) = join(client.connect(&address), accept(&mut server)).await;
                    let (near, far) = (near.unwrap().into(), far);
                    let (leaver, other) = if is_client_first { (near, far) } else { (far, near) };
                    check(end, is_under_way, leaver, other, &case).await;
                }
            }
        }
    });
}

/// A probe changes nothing for a peer that still reads after its goodbye, and fails when nobody does.
pub fn a_probe_tells_who_reads_from_who_is_gone<R: Tested, W: Way>() {
    run::<R>(async {
        let has_probes = <W::Security as Protocol>::NAME == "shs";
        for is_gone in [false, true] {
            let way = W::default();
            let (mut server, address) = listen::<R>(serving(&way, false)).await;
            let client = client::<R, W>();
            let (near, mut far) = join(client.connect(&address), accept(&mut server)).await;
            let near: Connection = near.unwrap().into();
            far.close().await.unwrap();
            let (mut read, mut write) = near.into_split();
            assert_eq!(read.read(&mut [0]).await.unwrap(), 0);
            if is_gone {
                drop(far);
                // The peer's system answers some time.
                while has_probes && write.probe().await.is_ok_and(|is_probed| is_probed) {
                    R::default().sleep(Duration::from_millis(5)).await;
                }
                continue;
            }
            for _ in 0..3 {
                assert_eq!(write.probe().await.unwrap(), has_probes);
            }
            write.write_all(LAST_WORDS).await.unwrap();
            assert_eq!(write.probe().await.unwrap(), has_probes);
            write.close().await.unwrap();
            assert_eq!(write.probe().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
            let mut heard = Vec::new();
            far.read_to_end(&mut heard).await.unwrap();
            assert_eq!(heard, LAST_WORDS);
        }
    });
}

async fn check(end: End, is_under_way: bool, mut leaver: Connection, other: Connection, case: &str) {
    let leaving = async {
        leaver.write_all(LAST_WORDS).await.unwrap();
        leaver.flush().await.unwrap();
        // What was sent before the end must have been read, or a reset could overtake it.
        leaver.read_exact(&mut [0]).await.unwrap();
        if end == End::Cut {
            return drop(leaver);
        }
        leaver.close().await.unwrap();
        if end == End::HalfClose {
            let mut answer = Vec::new();
            leaver.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer.len(), 100_000, "{case}");
        }
    };
    let (seen, ()) = join(stay(end, is_under_way, other, case), leaving).await;
    assert_eq!(seen.heard, LAST_WORDS, "{case}");
    assert_eq!(seen.read.is_ok(), end != End::Cut, "{case}: {:?}", seen.read);
}

async fn stay(end: End, is_under_way: bool, other: Connection, case: &str) -> Seen {
    let closed = other.closed();
    let (mut read, mut write) = other.into_split();
    let mut heard = vec![0; LAST_WORDS.len()];
    read.read_exact(&mut heard).await.unwrap();
    write.write_all(&[7]).await.unwrap();
    write.flush().await.unwrap();
    let mut closed = pin!(closed);
    if end == End::HalfClose {
        let read = read.read_to_end(&mut heard).await;
        write.write_all(&[7; 100_000]).await.unwrap();
        let is_open = poll_fn(|cx| Poll::Ready(closed.as_mut().poll(cx).is_pending())).await;
        assert!(is_open, "{case}: the peer is there");
        write.close().await.unwrap();
        drop(write);
        // Over a channel this is an error, since only a goodbye ends a channel properly.
        let _ = closed.await;
        return Seen { heard, read };
    }
    let writing = pin!(async {
        if is_under_way {
            while send_some(&mut write).await.is_ok() {}
            return;
        }
        std::future::pending().await
    });
    let reading = async { read.read_to_end(&mut heard).await };
    let gone = select(closed, writing);
    let (read, _) = join(reading, gone).await;
    Seen { heard, read }
}

async fn send_some(write: &mut WriteHalf) -> io::Result<()> {
    write.write_all(&[7; 4096]).await?;
    write.flush().await
}
