//! Connects to a peer again each time the connection to it has ended.

use crate::connect::reach;
use crate::connection::ConnectionInfo;
use crate::exclusive::Exclusive;
use crate::live::Live;
use crate::multiserver::Inner;
use crate::{BoxFuture, ConnectError, ConnectOptions, Connection, Event, Multiserver, Native, Runtime};
use multiserver_core::address::MultiAddress;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// How many times in a row the peer may look as if it refused us before that is final.
const REFUSALS: u32 = 5;

/// Hands out a connection to a peer, and a new one each time the last has ended.
///
/// It has no task of its own: it connects while [`next`](Self::next) is awaited, and there is one connection at most.
/// Before each attempt but the first it pauses. Each pause is twice as long as the one before, up to a bound, less a
/// random part of up to half, so that the clients of a server that was down do not all come back at once. After a
/// connection that lasted as long as the longest pause, the pauses start from the shortest again.
pub struct Reconnector<R> {
    inner: Arc<Inner>,
    addresses: Arc<MultiAddress>,
    options: ConnectOptions,
    /// The first and the longest pause.
    pauses: (Duration, Duration),
    next_pause: Duration,
    /// How many times in a row the peer looked as if it refused us.
    refusals: u32,
    /// Whether a seed may have been used up.
    used_up: bool,
    /// Counts the connection that was handed out.
    live: Live,
    state: Exclusive<State>,
    runtime: PhantomData<fn() -> R>,
}

enum State {
    /// The next attempt begins with the next poll.
    Idle,
    /// An attempt is under way; it yields whether a seed may have been used up as well.
    Connecting(BoxFuture<'static, (Result<Connection, ConnectError>, bool)>),
    /// A connection was handed out; when this timer ends, the connection has lasted long enough to reset the pauses.
    Connected(BoxFuture<'static, ()>),
    Pausing(BoxFuture<'static, ()>),
}

impl<R: Native> Multiserver<R> {
    /// Returns a reconnector for the peer at these addresses: it connects again each time the connection has ended.
    ///
    /// ```
    /// # async fn run<R: multiserver_compose::Native>(
    /// #     multiserver: multiserver_compose::Multiserver<R>,
    /// #     addresses: multiserver_core::address::MultiAddress,
    /// #     talk: impl AsyncFn(R::Connection),
    /// # ) -> Result<(), multiserver_compose::ConnectError> {
    /// let mut reconnector = multiserver.reconnector(addresses);
    /// loop {
    ///     let connection = reconnector.next().await?;
    ///     talk(connection).await;
    /// }
    /// # }
    /// ```
    pub fn reconnector(&self, addresses: MultiAddress) -> Reconnector<R> {
        let pauses = (Duration::from_millis(500), Duration::from_secs(60));
        Reconnector {
            inner: Arc::clone(&self.inner),
            addresses: Arc::new(addresses),
            options: ConnectOptions::new(),
            pauses,
            next_pause: pauses.0,
            refusals: 0,
            used_up: false,
            live: Live::default(),
            state: Exclusive::new(State::Idle),
            runtime: PhantomData,
        }
    }
}

impl<R: Native> Reconnector<R> {
    /// Sets how it tries several addresses, from the next attempt on.
    #[must_use]
    pub fn options(mut self, options: ConnectOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the first and the longest pause between attempts; 500 ms and a minute by default.
    #[must_use]
    pub const fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.pauses = (first, longest);
        self.next_pause = first;
        self
    }

    /// The next connection, once the one before it has been dropped with both its halves.
    ///
    /// It tries again as long as that may help, and [reports](crate::Builder::report) each failure.
    ///
    /// # Errors
    /// Every attempt failed, and [none of them can succeed](ConnectError::is_retryable) at another time: the peer has
    /// another key, or the address holds a seed, which is for a single use. Or the peer [may have refused
    /// us](ConnectError::may_be_refusal) five times in a row, with the longest pause after each. Calling this again
    /// tries again, after a pause.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the next call continues where it stopped. Dropping the reconnector gives up
    /// the attempt that is under way and leaves no socket behind; the connection that was handed out stays open.
    pub async fn next(&mut self) -> Result<R::Connection, ConnectError> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The same as [`next`](Self::next), as a poll function.
    ///
    /// # Errors
    /// Those of [`next`](Self::next).
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<R::Connection, ConnectError>> {
        loop {
            match self.state.get_mut() {
                State::Idle => {
                    let attempt = self.attempt();
                    *self.state.get_mut() = State::Connecting(attempt);
                }
                State::Connecting(attempt) => {
                    let (result, used_up) = ready!(attempt.as_mut().poll(cx));
                    self.used_up = used_up;
                    match result {
                        Ok(connection) => {
                            self.refusals = 0;
                            let lasted = self.inner.runtime.sleep(self.pauses.1);
                            *self.state.get_mut() = State::Connected(lasted);
                            return Poll::Ready(Ok(connection.into()));
                        }
                        Err(error) => {
                            let is_final = self.is_final(&error);
                            let pause = self.pause();
                            self.inner.reporter.report(&Event::Unreachable { error: &error, pause });
                            if is_final {
                                return Poll::Ready(Err(error));
                            }
                        }
                    }
                }
                State::Connected(lasted) => {
                    ready!(self.live.poll_none(cx));
                    if lasted.as_mut().poll(cx).is_ready() {
                        self.next_pause = self.pauses.0;
                    }
                    self.pause();
                }
                State::Pausing(pause) => {
                    ready!(pause.as_mut().poll(cx));
                    *self.state.get_mut() = State::Idle;
                }
            }
        }
    }

    fn attempt(&self) -> BoxFuture<'static, (Result<Connection, ConnectError>, bool)> {
        let (inner, addresses) = (Arc::clone(&self.inner), Arc::clone(&self.addresses));
        let (options, live, mut used_up) = (self.options.clone(), self.live.clone(), self.used_up);
        Box::pin(async move {
            let reached = reach(&inner, &addresses, &options, &mut used_up).await;
            let connection = reached.map(|(io, info)| {
                let guards = vec![live.guard()];
                Connection::new(io, ConnectionInfo { guards, ..info })
            });
            (connection, used_up)
        })
    }

    /// Whether there is no point in trying again. A peer that may have refused us is tried again after the longest
    /// pause.
    fn is_final(&mut self, error: &ConnectError) -> bool {
        if !error.may_be_refusal() {
            self.refusals = 0;
            return !error.is_retryable();
        }
        self.next_pause = self.pauses.1;
        self.refusals += 1;
        let is_final = self.refusals >= REFUSALS;
        if is_final {
            self.refusals = 0;
        }
        is_final
    }

    /// Begins a pause and returns how long it is.
    fn pause(&mut self) -> Duration {
        let pause = jitter(&*self.inner.runtime, self.next_pause);
        self.next_pause = self.next_pause.saturating_mul(2).min(self.pauses.1);
        *self.state.get_mut() = State::Pausing(self.inner.runtime.sleep(pause));
        pause
    }
}

/// This pause, less a random part of up to half.
fn jitter(runtime: &dyn Runtime, pause: Duration) -> Duration {
    // Without randomness the pause has its full length. The error is not reported here, since the next attempt to
    // connect reports it.
    let [a, b, ..] = runtime.random().unwrap_or([0; 32]);
    pause - (pause / 2).saturating_mul(u16::from_le_bytes([a, b]).into()) / u32::from(u16::MAX)
}

impl<R> fmt::Debug for Reconnector<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnector")
            .field("addresses", &self.addresses)
            .field("connected", &(self.live.count() > 0))
            .finish_non_exhaustive()
    }
}
