//! The measurements, from both ends.

use crate::report::exit::Failure;
use crate::report::failure_words::{no_connection, not_received, not_sent};
use crate::streams::parting::part;
use crate::streams::pump::{discard, echo};
use multiserver_tokio::{Connection, MultiAddress, Multiserver};
use serde::Serialize;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::task::JoinSet;

/// How many connections a measurement opens at most: the side that closes a TCP connection first cannot use its port
/// again for about a minute, and systems have some 16 000 such ports.
const MOST: usize = 10_000;

/// How many handshakes run at once.
pub(super) const AT_ONCE: usize = 32;

/// How many bytes are written at once.
const CHUNK: usize = 64 * 1024;
const CHUNKS_IN_A_MIB: f64 = 16.0;

/// A measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Measure {
    /// Connections that are opened and closed one after the other.
    #[serde(rename = "handshakes_per_second")]
    Handshakes,
    /// Connections that are opened and closed many at once.
    #[serde(rename = "handshakes_per_second_32_at_once")]
    HandshakesAtOnce,
    /// Bytes that the client sends and the server discards.
    #[serde(rename = "one_way_mib_per_second")]
    OneWay,
    /// Bytes that the server sends back, each counted once.
    #[serde(rename = "echo_mib_per_second")]
    Echo,
}

/// How the client reaches the server of a measurement.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) multiserver: Multiserver,
    pub(super) address: Arc<MultiAddress>,
}

impl Measure {
    pub(super) const ALL: [Self; 4] = [Self::Handshakes, Self::HandshakesAtOnce, Self::OneWay, Self::Echo];

    /// Its title in a table.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Handshakes => "handshakes/s",
            Self::HandshakesAtOnce => "32 at once/s",
            Self::OneWay => "one way MiB/s",
            Self::Echo => "echo MiB/s",
        }
    }

    /// The value as it is shown in a table.
    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Handshakes | Self::HandshakesAtOnce => format!("{value:.0}"),
            Self::OneWay | Self::Echo => format!("{value:.1}"),
        }
    }

    /// The client's end: works for about this long, and returns the value per second.
    pub(super) async fn run(self, peer: &Peer, time: Duration) -> Result<f64, Failure> {
        let begun = Instant::now();
        let count = match self {
            Self::Handshakes => handshakes(peer, 1, time).await,
            Self::HandshakesAtOnce => handshakes(peer, AT_ONCE, time).await,
            Self::OneWay => one_way(peer, time).await,
            Self::Echo => there_and_back(peer, time).await,
        };
        Ok(count? / begun.elapsed().as_secs_f64())
    }

    /// The server's end of a connection.
    pub(super) async fn serve(self, mut connection: Connection) -> io::Result<u64> {
        match self {
            Self::Handshakes | Self::HandshakesAtOnce | Self::OneWay => {
                let count = discard(&mut connection).await?;
                connection.shutdown().await.map(|()| count)
            }
            Self::Echo => echo(connection).await,
        }
    }
}

impl Peer {
    pub(super) async fn connect(&self) -> Result<Connection, Failure> {
        self.multiserver.connect(&self.address).await.map_err(|error| no_connection(&error))
    }
}

/// Opens and closes connections for this long, and returns how many.
async fn handshakes(peer: &Peer, at_once: usize, time: Duration) -> Result<f64, Failure> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..at_once {
        let peer = peer.clone();
        tasks.spawn(async move {
            let mut count = 0_u32;
            for _ in 0..MOST / at_once {
                let mut connection = peer.connect().await?;
                part(&mut connection).await.map_err(|error| not_received(&error))?;
                count += 1;
                if begun.elapsed() >= time {
                    break;
                }
            }
            Ok::<_, Failure>(count)
        });
    }
    let mut sum = 0.0;
    while let Some(ended) = tasks.join_next().await {
        sum += f64::from(ended.map_err(Failure::failed)??);
    }
    Ok(sum)
}

/// Sends, and returns how many MiB the server has received.
async fn one_way(peer: &Peer, time: Duration) -> Result<f64, Failure> {
    let mut connection = peer.connect().await?;
    let chunks = send(&mut connection, time).await.map_err(|error| not_sent(&error))?;
    part(&mut connection).await.map_err(|error| not_received(&error))?;
    Ok(f64::from(chunks) / CHUNKS_IN_A_MIB)
}

/// Sends, and returns how many MiB have come back.
async fn there_and_back(peer: &Peer, time: Duration) -> Result<f64, Failure> {
    let (mut read, mut write) = peer.connect().await?.into_split();
    // In a task of its own, so that both directions are encrypted and decrypted in parallel; the task ends when the set
    // is dropped.
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let chunks = send(&mut write, time).await?;
        write.shutdown().await.map(|()| chunks)
    });
    let received = discard(&mut read).await.map_err(|error| not_received(&error))?;
    let sent = tasks.join_next().await.unwrap_or(Ok(Ok(0)));
    let chunks = sent.map_err(Failure::failed)?.map_err(|error| not_sent(&error))?;
    let sent = u64::from(chunks) * u64::try_from(CHUNK).unwrap_or_default();
    if received != sent {
        return Err(Failure::failed(format_args!("{received} bytes came back of {sent}")));
    }
    Ok(f64::from(chunks) / CHUNKS_IN_A_MIB)
}

/// Sends for this long, and returns how many chunks were sent.
async fn send(to: &mut (impl AsyncWrite + Unpin), time: Duration) -> io::Result<u32> {
    let (begun, chunk) = (Instant::now(), vec![0; CHUNK]);
    let mut count = 0_u32;
    loop {
        to.write_all(&chunk).await?;
        count = count.saturating_add(1);
        if begun.elapsed() >= time {
            return Ok(count);
        }
    }
}
