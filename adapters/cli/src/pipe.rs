//! Bytes from here to there.

mod output;

use crate::exit::Failure;
use crate::failure_words::{not_received, not_sent};
use crate::limits::idle;
use crate::text_file;
use multiserver_tokio::{Connection, ReadHalf};
pub(crate) use output::Output;
use output::Unfinished;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Sleep;

/// How much is read at once: as much as a pipe holds.
const CHUNK: usize = 64 * 1024;

/// How long bytes of a peer to whom nothing can be sent are waited for.
const LINGER: Duration = Duration::from_secs(5);

/// The side that failed.
#[derive(Debug)]
pub(crate) enum PumpError {
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
}

impl PumpError {
    /// What happened, whichever side it was.
    pub(crate) fn into_inner(self) -> io::Error {
        let (Self::Read(error) | Self::Write(error)) = self;
        error
    }
}

/// Copies to the end of what is read, flushes whenever there is nothing to read for now, and returns how many bytes it
/// was.
pub(crate) async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<u64, PumpError> {
    let mut buffer = vec![0; CHUNK];
    let mut total = 0;
    let mut is_flushed = true;
    loop {
        let mut chunk = ReadBuf::new(&mut buffer);
        poll_fn(|cx| {
            if let Poll::Ready(result) = Pin::new(&mut *from).poll_read(cx, &mut chunk) {
                return Poll::Ready(result.map_err(PumpError::Read));
            }
            if !is_flushed {
                ready!(Pin::new(&mut *to).poll_flush(cx)).map_err(PumpError::Write)?;
                is_flushed = true;
            }
            Poll::Pending
        })
        .await?;
        let bytes = chunk.filled();
        if bytes.is_empty() {
            to.flush().await.map_err(PumpError::Write)?;
            return Ok(total);
        }
        to.write_all(bytes).await.map_err(PumpError::Write)?;
        is_flushed = false;
        total += u64::try_from(bytes.len()).unwrap_or_default();
    }
}

/// Gives the peer all its bytes back, says goodbye when it has, and returns how many bytes it was.
pub(crate) async fn echo(connection: Connection) -> io::Result<u64> {
    let (mut read, mut write) = connection.into_split();
    let count = pump(&mut read, &mut write).await.map_err(PumpError::into_inner)?;
    write.shutdown().await.map(|()| count)
}

/// Says goodbye, and waits until the peer has said it too; what comes before that is lost.
pub(crate) async fn part(connection: &mut Connection) -> io::Result<()> {
    connection.shutdown().await?;
    discard(connection).await.map(drop)
}

/// Reads to the end, and returns how many bytes it was.
pub(crate) async fn discard(from: &mut (impl AsyncRead + Unpin)) -> io::Result<u64> {
    pump(from, &mut tokio::io::sink()).await.map_err(PumpError::into_inner)
}

/// What broke between a peer and who talks to it here.
#[derive(Debug)]
pub(crate) enum Broken {
    /// Nothing more comes from the peer.
    Receive(io::Error),
    /// What came from the peer could not be handed on.
    Deliver(io::Error),
    /// What should go to the peer could not be read.
    Collect(io::Error),
    /// Nothing more goes to the peer.
    Send(io::Error),
}

/// When both directions end, apart from their own ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// Whether the direction to the peer ends when what comes from the peer cannot be delivered any more.
    pub(crate) with_output: bool,
    /// How long the peer may be silent once the direction to it has ended; for ever when none.
    pub(crate) silence: Option<Duration>,
    /// How long nothing may come or go; for ever when none.
    pub(crate) idle: Option<Duration>,
}

impl Ends {
    /// Each direction has its own end only.
    pub(crate) const EACH_BY_ITSELF: Self = Self { with_output: false, silence: None, idle: None };

    /// Nothing more goes to the peer when nothing of it can be delivered.
    pub(crate) const WITH_OUTPUT: Self = Self { with_output: true, ..Self::EACH_BY_ITSELF };
}

/// Carries the input to the peer and the peer's bytes to the output, until both have ended.
///
/// The end of the input says goodbye to the peer, whose goodbye shuts the output down; the other direction goes on. A
/// failure or a drop ends both and cuts the output. When nothing can be sent to the peer any more, what it still sends is
/// waited for, but not long.
pub(crate) async fn both_ways(
    connection: Connection,
    mut input: impl AsyncRead + Unpin + Send + 'static,
    output: Box<dyn Output>,
    ends: Ends,
) -> Result<(), Broken> {
    let meter = connection.meter();
    let too_long = || async {
        idle(&meter, ends.idle).await;
        io::Error::new(ErrorKind::TimedOut, TooLong(ends.idle.unwrap_or_default()))
    };
    let (from_peer, mut to_peer) = connection.into_split();
    let is_over = Arc::<AtomicBool>::default();
    let mut from_peer = Listened { from_peer, is_over: Arc::clone(&is_over), silence: ends.silence, limit: None };
    let mut output = Unfinished::new(output);
    let silent = too_long();
    let receiving = async move {
        let received = tokio::select! {
            received = pump(&mut from_peer, &mut output) => received,
            error = silent => Err(PumpError::Read(error)),
        };
        match received {
            Ok(_) => output.shutdown().await.map_err(Broken::Deliver),
            Err(PumpError::Read(error)) => Err(Broken::Receive(error)),
            Err(PumpError::Write(error)) => Err(Broken::Deliver(error)),
        }
    };
    let mut receiving = pin!(receiving);
    // In a task of its own, so that both directions are sealed and opened at the same time; it ends with the set.
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let sent = match pump(&mut input, &mut to_peer).await {
            Ok(_) => to_peer.shutdown().await.map_err(PumpError::Write),
            Err(error) => Err(error),
        };
        sent.map_err(|error| match error {
            PumpError::Read(error) => Broken::Collect(error),
            PumpError::Write(error) => Broken::Send(error),
        })
    });
    let mut sending = pin!(async { tasks.join_next().await.map_or(Ok(()), |sent| sent.unwrap_or_else(lost)) });
    tokio::select! {
        received = &mut receiving => {
            let goes_on = match received {
                Ok(()) => true,
                Err(Broken::Deliver(_)) => !ends.with_output,
                Err(_) => false,
            };
            if !goes_on {
                return received;
            }
            tokio::select! {
                sent = sending => sent.and(received),
                error = too_long() => Err(Broken::Send(error)),
            }
        }
        sent = &mut sending => match sent {
            Ok(()) => {
                is_over.store(true, Ordering::Relaxed);
                receiving.await
            }
            Err(Broken::Send(error)) => {
                // What comes from the peer may tell why, and may be of use.
                let received = tokio::time::timeout(LINGER, receiving).await;
                Err(received.ok().and_then(Result::err).unwrap_or(Broken::Send(error)))
            }
            Err(broken) => Err(broken),
        },
    }
}

/// Pipes standard input to the peer and the peer to standard output, until both have ended.
///
/// The end of standard input says goodbye to the peer, who may go on sending. A
/// failure ends both, and standard input with them, even while nothing comes from it: the caller's runtime must be shut
/// down without waiting for it.
pub(crate) async fn standard_streams(connection: Connection, ends: Ends) -> Result<(), Failure> {
    let (input, output) = (standard_input()?, standard_output()?);
    both_ways(connection, input, Box::new(output), ends).await.map_err(|broken| match broken {
        Broken::Receive(error) => not_received(&error),
        Broken::Deliver(error) => not_printed(&error),
        Broken::Collect(error) => not_typed(&error),
        Broken::Send(error) => not_sent(&error),
    })
}

/// Sends the peer to standard output until it has said goodbye, and only then says goodbye too.
pub(crate) async fn receive_only(mut connection: Connection) -> Result<(), Failure> {
    let mut output = standard_output()?;
    pump(&mut connection, &mut output).await.map_err(|error| match error {
        PumpError::Read(error) => not_received(&error),
        PumpError::Write(error) => not_printed(&error),
    })?;
    if let Err(error) = connection.shutdown().await {
        tracing::debug!("the peer went away after its goodbye: {error}");
    }
    Ok(())
}

/// The peer, whose silence is an end once the direction to it is over.
struct Listened {
    from_peer: ReadHalf,
    is_over: Arc<AtomicBool>,
    silence: Option<Duration>,
    /// The end of the silence that lasts.
    limit: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Listened {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(result) = Pin::new(&mut self.from_peer).poll_read(cx, buffer) {
            self.limit = None;
            return Poll::Ready(result);
        }
        match self.silence {
            Some(silence) if self.is_over.load(Ordering::Relaxed) => {
                let limit = self.limit.get_or_insert_with(|| Box::pin(tokio::time::sleep(silence)));
                limit.as_mut().poll(cx).map(Ok)
            }
            Some(_) | None => Poll::Pending,
        }
    }
}

/// Nothing came or went for this long.
#[derive(Debug)]
struct TooLong(Duration);

impl std::error::Error for TooLong {}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing came or went for {:?}, which is --idle-timeout", self.0)
    }
}

/// The end of a task that did not come to its own end.
fn lost(error: JoinError) -> Result<(), Broken> {
    Err(Broken::Collect(io::Error::other(error)))
}

fn not_typed(error: &io::Error) -> Failure {
    Failure::failed(format_args!("cannot read standard input: {error}"))
}

fn not_printed(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        Failure::failed("standard output was closed before the peer had sent everything")
    } else {
        Failure::failed(format_args!("cannot write to standard output: {error}"))
    }
}

/// Standard input and output as plain files, without the buffer by lines that the standard library puts between.
#[cfg(unix)]
pub(crate) fn standard_input() -> Result<tokio::fs::File, Failure> {
    let file = text_file::standard_input().map_err(|error| not_typed(&error))?;
    Ok(tokio::fs::File::from_std(file))
}

#[cfg(unix)]
fn standard_output() -> Result<tokio::fs::File, Failure> {
    use std::os::fd::AsFd;

    let descriptor = io::stdout().as_fd().try_clone_to_owned().map_err(|error| not_printed(&error))?;
    Ok(tokio::fs::File::from_std(descriptor.into()))
}

#[cfg(not(unix))]
pub(crate) fn standard_input() -> Result<tokio::io::Stdin, Failure> {
    Ok(tokio::io::stdin())
}

#[cfg(not(unix))]
fn standard_output() -> Result<tokio::io::Stdout, Failure> {
    Ok(tokio::io::stdout())
}
