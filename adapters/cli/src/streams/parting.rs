//! Ending a connection without losing what was sent last: the system resets a socket that is closed with unread bytes
//! in it, and the reset overtakes what was sent last. So the side that is done reads on for a while, and drops what
//! arrives.

use multiserver_tokio::Connection;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How long the bytes of a sender are still read when they are not needed any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many bytes of a sender are still read when they are not needed any more.
const MOST: u64 = 64 * 1024 * 1024;

/// How long to wait for a peer's goodbye when nothing else is wanted from it.
const PARTING: Duration = Duration::from_secs(1);

/// Reads and drops what still arrives, up to its end or to the bounds on time and bytes.
pub(crate) async fn hear_out(from: &mut (impl AsyncRead + Unpin)) {
    heard_out(PATIENCE, drain(from)).await;
}

/// Sends the goodbye, and waits for the peer's; bytes that arrive before it are dropped.
pub(crate) async fn part(connection: &mut Connection) -> io::Result<()> {
    if connection.finish(MOST).await? { Ok(()) } else { Err(too_much()) }
}

/// Parts from a peer from which nothing more is wanted, without waiting for it for long.
pub(crate) async fn part_soon(mut connection: Connection) {
    heard_out(PARTING, part(&mut connection)).await;
}

async fn heard_out(patience: Duration, parting: impl Future<Output = io::Result<()>>) {
    match tokio::time::timeout(patience, parting).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("no end of what comes: {error}"),
        Err(_) => tracing::debug!("no end of what comes within {patience:?}"),
    }
}

/// Reads to the end; fails if the end does not come within this many bytes.
async fn drain(from: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut from = from.take(MOST);
    tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
    if from.limit() > 0 { Ok(()) } else { Err(too_much()) }
}

fn too_much() -> io::Error {
    io::Error::other(format!("{MOST} bytes have come, and no end"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::pump::{PumpError, one_way_heard_out};
    use std::future::{pending, ready};
    use tokio::io::{AsyncWriteExt, empty, repeat};
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test(start_paused = true)]
    async fn nobody_is_heard_out_for_ever() {
        hear_out(&mut repeat(0)).await;
        let begun = tokio::time::Instant::now();
        let (mut silent, _far) = tokio::io::duplex(1);
        hear_out(&mut silent).await;
        assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test]
    async fn the_end_within_the_bound_is_an_end() {
        drain(&mut empty()).await.unwrap();
        drain(&mut repeat(0).take(MOST - 1)).await.unwrap();
        drain(&mut repeat(0).take(MOST)).await.unwrap_err();
    }

    /// The peer reads nothing before it has sent everything; without this it would see a reset instead of the answer.
    #[tokio::test]
    async fn who_sends_what_cannot_be_passed_on_still_has_its_answer() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (input, mut output) = listener.accept().await.unwrap().0.into_split();
        let peer = tokio::spawn(async move {
            peer.write_all(&vec![0; 3_000_000]).await?;
            peer.shutdown().await?;
            let mut answer = Vec::new();
            peer.read_to_end(&mut answer).await.map(|_| answer)
        });
        output.write_all(b"answer").await.unwrap();
        drop(output);
        let (closed, _) = tokio::io::duplex(1);
        assert!(matches!(one_way_heard_out(input, closed, pending()).await, Err(PumpError::Write(_))));
        assert_eq!(peer.await.unwrap().unwrap(), b"answer");
    }

    #[tokio::test]
    async fn when_a_peer_is_gone_the_other_side_is_heard_out() {
        let (input, mut other) = tokio::io::duplex(16);
        let (output, _unread) = tokio::io::duplex(1);
        let sending = tokio::spawn(async move { other.write_all(&[0; 1000]).await });
        one_way_heard_out(input, output, ready(Ok(()))).await.unwrap();
        sending.await.unwrap().unwrap();
    }
}
