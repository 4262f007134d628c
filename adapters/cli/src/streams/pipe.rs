//! Both directions between a peer and who talks to it here.

use super::idle::idle;
use super::output::Unfinished;
use super::pump::{PumpError, flush_all, flush_last, one_way, pump};
use multiserver_tokio::{Connection, ReadHalf};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Sleep;

/// How long bytes of a peer to whom nothing can be sent are waited for.
const LINGER: Duration = Duration::from_secs(5);

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
    input: impl AsyncRead + Unpin + Send + 'static,
    output: Unfinished,
    ends: Ends,
) -> Result<(), Broken> {
    both_ways_until(connection, input, output, ends, std::future::pending()).await
}

/// [`both_ways`], but nothing more of the peer is waited for when this is over and the peer has heard our goodbye.
pub(crate) async fn both_ways_until(
    connection: Connection,
    mut input: impl AsyncRead + Unpin + Send + 'static,
    mut output: Unfinished,
    ends: Ends,
    over: impl Future<Output = ()>,
) -> Result<(), Broken> {
    let meter = connection.meter();
    let too_long = || idle(&meter, ends.idle);
    let (from_peer, mut to_peer) = connection.into_split();
    let is_over = Arc::<AtomicBool>::default();
    let mut from_peer = Listened { from_peer, is_over: Arc::clone(&is_over), silence: ends.silence, limit: None };
    let silent = too_long();
    let receiving = async move {
        let received = tokio::select! {
            received = pump(&mut from_peer, &mut output) => {
                flush_all(&mut output, &received).await;
                received
            }
            error = silent => {
                flush_last(&mut output).await;
                Err(PumpError::Read(error))
            }
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
        one_way(&mut input, &mut to_peer).await.map(drop).map_err(|error| match error {
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
                tokio::select! {
                    received = receiving => received,
                    () = over => Ok(()),
                }
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

/// The end of a task that did not come to its own end.
fn lost(error: JoinError) -> Result<(), Broken> {
    Err(Broken::Collect(io::Error::other(error)))
}
