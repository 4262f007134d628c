//! What connections cost that are open and carry nothing.

use super::Measured;
use super::child::Child;
use super::measure::{AT_ONCE, Peer};
use super::memory::resident;
use super::suite_name::SuiteName;
use crate::process::descriptors;
use crate::report::exit::Failure;
use crate::report::failure_words::{not_received, not_sent};
use crate::report::progress::Progress;
use crate::report::table::{Cell, Column, Table};
use crate::streams::parting::part;
use multiserver_tokio::Connection;
use serde::Serialize;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::task::JoinSet;

/// How many bytes each connection carries each way.
const CARRIED: u64 = 100_000;

/// How many bytes some of them do.
const CARRIED_BY_SOME: u64 = 100_000_000;

/// Of how many connections one is such a one.
const SOME: usize = 1000;

/// How much is written at once.
const CHUNK: u64 = 50_000;

/// How long both processes have to finish what they were at before they are measured.
const SETTLING: Duration = Duration::from_secs(1);

/// How long the allocator has to give back what the connections had, and how often is looked whether it has.
const GIVING_BACK: (Duration, Duration) = (Duration::from_secs(25), Duration::from_millis(500));

/// How many bytes a process may have more than before when it has given back what it will.
const NEAR: u64 = 2 * 1024 * 1024;

/// How long one step may take, and how much longer for each connection.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_millis(50));

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IdleMeasure {
    /// How many connections are opened in a second.
    OpenedPerSecond,
    /// Bytes of the server for each connection that has carried nothing.
    ServerBytesWhenNew,
    /// Bytes of the server for each connection that has carried something.
    ServerBytesWhenUsed,
    /// Bytes that the server has more than before when all are gone.
    ServerBytesLeft,
    /// Bytes of the client for each connection that has carried nothing.
    ClientBytesWhenNew,
    /// Bytes of the client for each connection that has carried something.
    ClientBytesWhenUsed,
    /// Bytes that the client has more than before when all are gone.
    ClientBytesLeft,
}

/// The sizes of both processes, in bytes.
struct Sizes {
    server: u64,
    client: u64,
}

impl IdleMeasure {
    const ALL: [Self; 7] = [
        Self::OpenedPerSecond,
        Self::ServerBytesWhenNew,
        Self::ServerBytesWhenUsed,
        Self::ServerBytesLeft,
        Self::ClientBytesWhenNew,
        Self::ClientBytesWhenUsed,
        Self::ClientBytesLeft,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::OpenedPerSecond => "opened/s",
            Self::ServerBytesWhenNew => "server B, new",
            Self::ServerBytesWhenUsed => "used",
            Self::ServerBytesLeft => "all gone, MiB",
            Self::ClientBytesWhenNew => "client B, new",
            Self::ClientBytesWhenUsed => "used",
            Self::ClientBytesLeft => "all gone, MiB",
        }
    }

    fn show(self, value: f64) -> String {
        match self {
            Self::ServerBytesLeft | Self::ClientBytesLeft => format!("{:.1}", value / (1024.0 * 1024.0)),
            Self::OpenedPerSecond
            | Self::ServerBytesWhenNew
            | Self::ServerBytesWhenUsed
            | Self::ClientBytesWhenNew
            | Self::ClientBytesWhenUsed => format!("{value:.0}"),
        }
    }

    /// A row for each suite.
    pub(super) fn table(measured: &[Measured<Self>]) -> Table {
        let columns = Self::ALL.map(|measure| Column::Number(measure.title()));
        let mut table = Table::new([Column::Word("suite")].into_iter().chain(columns));
        for measured in measured.chunks(Self::ALL.len()) {
            let suite = measured.first().map(|measured| measured.suite.to_owned());
            let values = measured.iter().map(|measured| measured.measure.show(measured.value));
            table.add(suite.into_iter().chain(values).map(Cell::Plain));
        }
        table
    }
}

/// Measures each suite with this many connections.
pub(super) async fn measure_all(suites: &[SuiteName], count: usize) -> Result<Vec<Measured<IdleMeasure>>, Failure> {
    descriptors::allow_for(count);
    // All of them are looked at before the first is measured.
    suites.iter().try_for_each(|suite| suite.option().map(drop))?;
    let progress = Progress::spinner();
    let mut measured = Vec::new();
    for suite in suites {
        progress.say(format!("{suite}: starting the server"));
        let (mut server, root) = Child::start(*suite, &["--idle", &(count + 1).to_string()]).await?;
        let root: String = serde_json::from_str(&root).map_err(Failure::failed)?;
        let address = server.line().await?.trim_end().to_owned();
        let id = server.id();
        for peer in server.peers(&root, &[address])? {
            let values = server.attend(measure(&peer, id, count, &progress)).await?;
            let named = IdleMeasure::ALL.into_iter().zip(values);
            measured.extend(named.map(|(measure, value)| Measured { suite: suite.name(), measure, value }));
        }
        server.stop().await?;
    }
    Ok(measured)
}

/// Opens this many connections, and returns the values in the order of [`IdleMeasure::ALL`].
async fn measure(
    peer: &Peer,
    server: u32,
    count: usize,
    progress: &Progress,
) -> Result<[f64; IdleMeasure::ALL.len()], Failure> {
    // What is only needed once is there from then on.
    let first = for_each(vec![0], |number| carry_over(peer.clone(), number)).await?;
    for_each(first, leave).await?;
    let before = settled(server).await?;

    progress.say(format!("opening {count} connections"));
    let begun = Instant::now();
    let connections = for_each((0..count).collect(), |_| {
        let peer = peer.clone();
        async move { peer.connect().await }
    });
    let connections = connections.await?;
    let time = begun.elapsed();
    let new = settled(server).await?;

    progress.say(format!("carrying {CARRIED} bytes each"));
    let numbered = connections.into_iter().enumerate().collect();
    let connections = for_each(numbered, |(number, connection)| carry(connection, carried(number))).await?;
    let used = settled(server).await?;

    progress.say("leaving".to_owned());
    for_each(connections, leave).await?;
    let gone = given_back(server, &before).await?;
    let each = |now: u64, before: u64| difference(now, before) / as_float(count);
    Ok([
        as_float(count) / time.as_secs_f64(),
        each(new.server, before.server),
        each(used.server, before.server),
        difference(gone.server, before.server),
        each(new.client, before.client),
        each(used.client, before.client),
        difference(gone.client, before.client),
    ])
}

/// How many bytes this one carries.
const fn carried(number: usize) -> u64 {
    if number % SOME == SOME - 1 { CARRIED_BY_SOME } else { CARRIED }
}

async fn carry_over(peer: Peer, number: usize) -> Result<Connection, Failure> {
    carry(peer.connect().await?, carried(number)).await
}

/// Sends so many bytes, and takes them back.
async fn carry(mut connection: Connection, bytes: u64) -> Result<Connection, Failure> {
    let chunk = vec![0; usize::try_from(CHUNK).unwrap_or_default()];
    let mut back = chunk.clone();
    for _ in 0..bytes.div_ceil(CHUNK) {
        connection.write_all(&chunk).await.map_err(|error| not_sent(&error))?;
        connection.flush().await.map_err(|error| not_sent(&error))?;
        connection.read_exact(&mut back).await.map_err(|error| not_received(&error))?;
    }
    waits(&mut connection).await.map(|()| connection)
}

/// Begins to wait for more, as whoever reads a connection does.
async fn waits(connection: &mut Connection) -> Result<(), Failure> {
    let begun = poll_fn(|cx| Poll::Ready(Pin::new(&mut *connection).poll_read(cx, &mut ReadBuf::new(&mut [0]))));
    match begun.await {
        Poll::Pending => Ok(()),
        Poll::Ready(Err(error)) => Err(not_received(&error)),
        Poll::Ready(Ok(())) => Err(Failure::failed("more came back than was sent")),
    }
}

async fn leave(mut connection: Connection) -> Result<(), Failure> {
    part(&mut connection).await.map_err(|error| not_received(&error))
}

/// The sizes of both processes once these have nothing to do.
async fn settled(server: u32) -> Result<Sizes, Failure> {
    tokio::time::sleep(SETTLING).await;
    Ok(Sizes { server: resident(server)?, client: resident(std::process::id())? })
}

/// The sizes of both processes once these are near what they were before, or after some time.
async fn given_back(server: u32, before: &Sizes) -> Result<Sizes, Failure> {
    let (longest, look) = GIVING_BACK;
    let begun = Instant::now();
    loop {
        tokio::time::sleep(look).await;
        let now = Sizes { server: resident(server)?, client: resident(std::process::id())? };
        let is_near = |now: u64, before: u64| now <= before.saturating_add(NEAR);
        let is_given_back = is_near(now.server, before.server) && is_near(now.client, before.client);
        if is_given_back || begun.elapsed() >= longest {
            return Ok(now);
        }
    }
}

/// Does something with each of these, with a number of them at once, and returns what became of them.
async fn for_each<T, U, F>(items: Vec<T>, work: impl Fn(T) -> F) -> Result<Vec<U>, Failure>
where
    U: Send + 'static,
    F: Future<Output = Result<U, Failure>> + Send + 'static,
{
    let count = items.len();
    let all = async {
        let (mut done, mut tasks) = (Vec::with_capacity(count), JoinSet::new());
        for item in items {
            if tasks.len() >= AT_ONCE
                && let Some(ended) = tasks.join_next().await
            {
                done.push(ended.map_err(Failure::failed)??);
            }
            tasks.spawn(work(item));
        }
        while let Some(ended) = tasks.join_next().await {
            done.push(ended.map_err(Failure::failed)??);
        }
        Ok(done)
    };
    let (all_of_them, each) = PATIENCE;
    let limit = all_of_them.saturating_add(each.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)));
    let done = tokio::time::timeout(limit, all).await;
    done.unwrap_or_else(|_| Err(Failure::failed(format_args!("{count} connections had no end within {limit:?}"))))
}

fn difference(now: u64, before: u64) -> f64 {
    let difference = i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(i64::try_from(before).unwrap_or(i64::MAX));
    // In kibibytes, which are exact as a float up to 2 TiB.
    f64::from(i32::try_from(difference / 1024).unwrap_or(i32::MAX)) * 1024.0
}

fn as_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
