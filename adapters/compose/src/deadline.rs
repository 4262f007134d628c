//! One deadline over several steps.

use crate::exclusive::Exclusive;
use crate::{BoxFuture, Runtime};
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A point in time, after which the work that depends on it is given up.
pub(crate) struct Deadline {
    after: Duration,
    /// `None` when it has passed.
    sleep: Exclusive<Option<BoxFuture<'static, ()>>>,
}

/// The deadline has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passed(pub(crate) Duration);

impl Deadline {
    /// The deadline that passes this much time from now.
    pub(crate) fn new(runtime: &dyn Runtime, after: Duration) -> Self {
        Self { after, sleep: Exclusive::new(Some(runtime.sleep(after))) }
    }

    /// Returns what the work returns, unless the deadline passes first; work that has not begun by then is not started.
    pub(crate) async fn before<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Passed> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if self.poll(cx).is_ready() {
                return Poll::Ready(Err(Passed(self.after)));
            }
            work.as_mut().poll(cx).map(Ok)
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_mut();
        if let Some(future) = sleep {
            ready!(future.as_mut().poll(cx));
            *sleep = None;
        }
        Poll::Ready(())
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline").field("after", &self.after).finish_non_exhaustive()
    }
}
