//! Races several attempts: the first one that succeeds wins.

#[cfg(test)]
mod model;

use crate::{BoxFuture, Runtime};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

/// Returns the result of the first of these attempts that succeeds; if none does, all errors, in the order in which
/// they occurred.
///
/// The next attempt starts when one before it fails or, with a delay between attempts, when that delay has passed since
/// the one before it started (RFC 8305, section 5). When an attempt has won, or the future is dropped, the other
/// attempts are dropped.
pub(crate) async fn race<'a, A, T, E>(
    runtime: &dyn Runtime,
    attempt_delay: Option<Duration>,
    attempts: impl IntoIterator<Item = A>,
    start: impl Fn(&A) -> BoxFuture<'a, Result<T, E>>,
) -> Result<T, Vec<(A, E)>> {
    let (waiting, running, failed) = (attempts.into_iter().collect(), Vec::new(), Vec::new());
    let mut race = Race { runtime, attempt_delay, start, waiting, running, next_start: None, failed };
    poll_fn(|cx| race.poll(cx)).await
}

struct Race<'r, 'a, A, T, E, S> {
    runtime: &'r dyn Runtime,
    attempt_delay: Option<Duration>,
    start: S,
    waiting: VecDeque<A>,
    running: Vec<(A, BoxFuture<'a, Result<T, E>>)>,
    next_start: Option<BoxFuture<'static, ()>>,
    failed: Vec<(A, E)>,
}

impl<'a, A, T, E, S: Fn(&A) -> BoxFuture<'a, Result<T, E>>> Race<'_, 'a, A, T, E, S> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Vec<(A, E)>>> {
        loop {
            let mut is_time = self.running.is_empty();
            if let Some(next_start) = &mut self.next_start
                && next_start.as_mut().poll(cx).is_ready()
            {
                self.next_start = None;
                is_time = true;
            }
            if is_time {
                self.start_next();
            }
            let before = self.running.len();
            if let Some(won) = self.poll_running(cx) {
                return Poll::Ready(Ok(won));
            }
            if self.running.is_empty() && self.waiting.is_empty() {
                return Poll::Ready(Err(std::mem::take(&mut self.failed)));
            }
            let failed_some = self.running.len() < before;
            if failed_some {
                // The attempt that the delay was for has failed, so the next one starts at once.
                self.start_next();
            } else if !is_time {
                return Poll::Pending;
            }
        }
    }

    fn start_next(&mut self) {
        if let Some(entrant) = self.waiting.pop_front() {
            let attempt = (self.start)(&entrant);
            self.running.push((entrant, attempt));
            let attempt_delay = self.attempt_delay.filter(|_| !self.waiting.is_empty());
            self.next_start = attempt_delay.map(|attempt_delay| self.runtime.sleep(attempt_delay));
        }
    }

    /// Polls the running attempts, and returns the result of the first that succeeds; the errors of the others are
    /// collected.
    fn poll_running(&mut self, cx: &mut Context<'_>) -> Option<T> {
        let mut index = 0;
        while let Some((_, attempt)) = self.running.get_mut(index) {
            match attempt.as_mut().poll(cx) {
                Poll::Pending => index += 1,
                Poll::Ready(Ok(won)) => return Some(won),
                Poll::Ready(Err(error)) => {
                    let (entrant, _) = self.running.remove(index);
                    self.failed.push((entrant, error));
                }
            }
        }
        None
    }
}
