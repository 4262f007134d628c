//! Both directions between a peer and a local input and output.

use super::idle::idle;
use super::output::Unfinished;
use super::parting::hear_out;
use super::presence::carry;
use super::pump::{PumpError, discard, flush_all, flush_last, pump};
use multiserver_tokio::{Connection, ReadHalf, WriteHalf};
use std::future::pending;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Sleep;

/// How long to wait for bytes of a peer to which nothing can be sent any more.
const LINGER: Duration = Duration::from_secs(5);

/// Which part of the way between a peer and the local streams broke.
#[derive(Debug)]
pub(crate) enum Broken {
    /// Reading from the peer failed.
    Receive(io::Error),
    /// Writing the peer's bytes to the output failed.
    Deliver(io::Error),
    /// Reading the input failed.
    Collect(io::Error),
    /// Writing to the peer failed.
    Send(io::Error),
}

/// The conditions under which one direction ends the other, and time limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// Whether the direction to the peer ends when the peer's bytes cannot be delivered any more.
    pub(crate) with_output: bool,
    /// How long the peer may be silent once the direction to it has ended; `None` for no limit.
    pub(crate) silence: Option<Duration>,
    /// How long nothing may be sent or received; `None` for no limit.
    pub(crate) idle: Option<Duration>,
    /// Whether the input is read on and dropped when nothing more can be sent to the peer: true for a connection, false
    /// for a pipe.
    pub(crate) hears_out: bool,
}

impl Ends {
    /// Each direction has its own end only.
    pub(crate) const EACH_BY_ITSELF: Self = Self { with_output: false, silence: None, idle: None, hears_out: false };

    /// The same, where input and output are a connection as well.
    pub(crate) const OF_CONNECTIONS: Self = Self { hears_out: true, ..Self::EACH_BY_ITSELF };

    /// The direction to the peer ends when the peer's bytes cannot be delivered any more.
    pub(crate) const WITH_OUTPUT: Self = Self { with_output: true, ..Self::EACH_BY_ITSELF };
}

/// Carries the input to the peer and the peer's bytes to the output, until both have ended.
///
/// The end of the input sends the goodbye to the peer; the peer's goodbye shuts the output down. Each leaves the other
/// direction open. A failure or a drop ends both directions and cuts the output. When nothing can be sent to the peer
/// any more, its last bytes are waited for, but not long. When the peer's bytes cannot be delivered any more, they are
/// still read and dropped for a while, so that the bytes that were sent to it are not lost in a reset. Nothing more is
/// sent to a peer that is gone after its goodbye.
pub(crate) async fn both_ways(
    connection: Connection,
    input: impl AsyncRead + Unpin + Send + 'static,
    output: Unfinished,
    ends: Ends,
) -> Result<(), Broken> {
    both_ways_until(connection, input, output, ends, pending()).await
}

/// Like [`both_ways`], but once our goodbye is sent and `over` has ended, nothing more of the peer is delivered.
pub(crate) async fn both_ways_until(
    connection: Connection,
    input: impl AsyncRead + Unpin + Send + 'static,
    output: Unfinished,
    ends: Ends,
    over: impl Future<Output = ()>,
) -> Result<(), Broken> {
    let (meter, closed) = (connection.counter(), connection.closed());
    let (from_peer, to_peer) = connection.into_split();
    let is_over = Arc::<AtomicBool>::default();
    let mut from_peer = Listened { from_peer, is_over: Arc::clone(&is_over), silence: ends.silence, limit: None };
    // Boxed, so that it can be dropped, which cuts the output, before the peer's last bytes are read.
    let mut receiving = Box::pin(receive(&mut from_peer, output, idle(&meter, ends.idle)));
    // In a task of its own, so that both directions are encrypted and decrypted in parallel; the task ends when the set
    // is dropped.
    let mut tasks = JoinSet::new();
    tasks.spawn(send(input, to_peer, closed, ends.hears_out));
    let mut sending = pin!(async { tasks.join_next().await.map_or(Ok(()), |sent| sent.unwrap_or_else(lost)) });
    let ends_at_once = |carried: &Result<(), Broken>| match carried {
        Err(Broken::Receive(_) | Broken::Send(_)) => true,
        Err(Broken::Deliver(_)) => ends.with_output,
        Ok(()) | Err(Broken::Collect(_)) => false,
    };
    let carried = tokio::select! {
        received = &mut receiving => {
            drop(receiving);
            if ends_at_once(&received) {
                return received;
            }
            // Bytes that cannot be delivered are read as well, so that the peer can go on; if the peer has ended, there
            // are none.
            let rest = async {
                let _ = discard(&mut from_peer).await;
                pending().await
            };
            tokio::select! {
                sent = &mut sending => sent.and(received),
                error = idle(&meter, ends.idle) => Err(Broken::Send(error)),
                never = rest => never,
            }
        }
        sent = &mut sending => {
            let carried = match sent {
                Ok(()) => {
                    is_over.store(true, Ordering::Relaxed);
                    tokio::select! {
                        received = &mut receiving => received,
                        () = over => Ok(()),
                    }
                }
                Err(Broken::Send(error)) => {
                    // The peer's last bytes may say why, so they are delivered.
                    let received = tokio::time::timeout(LINGER, &mut receiving).await;
                    Err(received.ok().and_then(Result::err).unwrap_or(Broken::Send(error)))
                }
                broken => broken,
            };
            drop(receiving);
            carried
        }
    };
    if !ends_at_once(&carried) {
        hear_out(&mut from_peer).await;
    }
    carried
}

/// Carries the peer's bytes to the output, up to their end or until `too_long` ends.
async fn receive(
    from_peer: &mut Listened,
    mut output: Unfinished,
    too_long: impl Future<Output = io::Error>,
) -> Result<(), Broken> {
    let received = tokio::select! {
        received = pump(from_peer, &mut output) => {
            flush_all(&mut output, &received).await;
            received
        }
        error = too_long => {
            flush_last(&mut output).await;
            Err(PumpError::Read(error))
        }
    };
    match received {
        Ok(_) => output.shutdown().await.map_err(Broken::Deliver),
        Err(PumpError::Read(error)) => Err(Broken::Receive(error)),
        Err(PumpError::Write(error)) => Err(Broken::Deliver(error)),
    }
}

/// Carries the input to the peer, up to its end or until the peer is gone after its goodbye.
async fn send(
    mut input: impl AsyncRead + Unpin,
    mut to_peer: WriteHalf,
    closed: impl Future<Output = io::Result<()>> + Send,
    hears_out: bool,
) -> Result<(), Broken> {
    let sent = carry(&mut input, &mut to_peer, closed).await;
    if hears_out && matches!(sent, Err(PumpError::Write(_))) {
        drop(to_peer);
        hear_out(&mut input).await;
    }
    sent.map_err(|error| match error {
        PumpError::Read(error) => Broken::Collect(error),
        PumpError::Write(error) => Broken::Send(error),
    })
}

/// The peer's bytes, which also end when the peer is silent for too long after the direction to it has ended.
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

/// The error for a task that was cancelled or panicked.
fn lost(error: JoinError) -> Result<(), Broken> {
    Err(Broken::Collect(io::Error::other(error)))
}
