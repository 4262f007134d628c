//! Sending to a peer that has said goodbye: it may still read, or be gone.

use super::pump::{PumpError, Pumped, pump_until};
use multiserver_tokio::WriteHalf;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::time::{Instant, Sleep};

/// How long to wait after the first probe of a peer, and at most after a later one: each pause is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Carries the input to the peer and then says goodbye; ends before that when the peer is gone, after its own goodbye.
///
/// When `closed` ends well, the peer is probed from then on, whenever there is nothing else to send. A connection that has
/// no probes belongs to a protocol whose peers are gone then.
pub(super) async fn carry(
    input: &mut (impl AsyncRead + Unpin),
    to_peer: &mut WriteHalf,
    closed: impl Future<Output = io::Result<()>>,
) -> Result<(), PumpError> {
    let closed = pin!(closed);
    let mut doubts = Doubts { closed: Some(closed), pause: FIRST_PAUSE, timer: None };
    loop {
        let doubt = match pump_until(input, to_peer, |cx| doubts.poll_next(cx)).await? {
            Pumped::All(_) => return to_peer.close().await.map_err(PumpError::Write),
            Pumped::Until(doubt) => doubt,
        };
        let is_probed = match doubt {
            Ok(()) => to_peer.probe().await,
            Err(error) => Err(error),
        };
        match is_probed {
            Ok(true) => doubts.pause(),
            Ok(false) => return Ok(()),
            Err(error) => {
                tracing::debug!("the peer is gone: {error}");
                return Ok(());
            }
        }
    }
}

/// The times at which to find out whether the peer is there.
struct Doubts<C> {
    /// `None` once it has ended.
    closed: Option<C>,
    pause: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<C: Future<Output = io::Result<()>> + Unpin> Doubts<C> {
    /// Ready when it is time for a probe, or with an error when the peer is gone.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(closed) = &mut self.closed {
            ready!(Pin::new(closed).poll(cx))?;
            self.closed = None;
        }
        if let Some(timer) = &mut self.timer {
            ready!(timer.as_mut().poll(cx));
        }
        Poll::Ready(Ok(()))
    }

    /// Waits before the next one.
    fn pause(&mut self) {
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::ZERO)));
        timer.as_mut().reset(Instant::now() + self.pause);
        self.pause = (2 * self.pause).min(LONGEST_PAUSE);
    }
}
