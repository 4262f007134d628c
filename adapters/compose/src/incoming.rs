//! Accepting a peer in two steps: its handshake, then the caller's decision.

use crate::connection::ConnectionInfo;
use crate::deadline::{Deadline, Passed};
use crate::held::Held;
use crate::limiter::Permit;
use crate::live::Guard;
use crate::served::Served;
use crate::suite::Ready;
use crate::traffic::ByteCounter;
use crate::transform::State;
use crate::transport::Opening;
#[cfg(feature = "proxy-protocol")]
use crate::transport::{Open, Proxied};
use crate::{
    Admission, Attempt, Connection, Event, Failure, IncomingError, LayerError, Native, Opened, Stage, Transform,
    Undecided,
};
use multiserver_core::address::Address;
use multiserver_core::keys::PublicKey;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tracing::{Instrument, Span, field};

/// A peer that has connected and has proven nothing yet. Dropping this closes the socket.
///
/// From its arrival until [`Request::accept`] has completed, the peer counts as a handshake under way and has one
/// [deadline](crate::Limits::deadline) for all of it. Until the peer's key is proven, its slot may go to a newcomer
/// when a bound of [`Limits`](crate::Limits) is reached. If the caller holds this for longer than the deadline, the
/// socket is closed and the slot freed while [`Server::accept`](crate::Server::accept) is awaited, a sixteenth of the
/// deadline later at the latest.
pub struct Incoming<R> {
    entry: Entry,
    opening: Held<Opening>,
    runtime: PhantomData<fn() -> R>,
}

/// A peer that waits to be accepted: its key is proven, if the suite proves keys, and it has not been let in yet.
///
/// Dropping this refuses the peer without an answer, as the secret handshake specifies; [`refuse`](Self::refuse) also
/// hides from the peer how long the decision took.
pub struct Request<R> {
    entry: Entry,
    waiting: Held<Waiting>,
    peer: Option<PublicKey>,
    refusal: Refusal,
    runtime: PhantomData<fn() -> R>,
}

/// A peer whose handshake is under way: what is known of it, its deadline and its permit.
pub(crate) struct Entry {
    served: Arc<Served>,
    span: Span,
    attempt: Attempt,
    address: Option<Address>,
    source: Option<IpAddr>,
    local: Option<SocketAddr>,
    remote: Option<SocketAddr>,
    /// Whether a load balancer has named no peer, and none was proven.
    is_balancer: bool,
    deadline: Deadline,
    permit: Permit,
    guard: Guard,
}

/// When dropped, reports a refusal unless the peer was accepted.
struct Refusal {
    served: Arc<Served>,
    address: Option<Address>,
    was_accepted: bool,
}

/// Why this side gave up the handshake with a peer.
enum Ended {
    /// The deadline passed, this long after the peer's arrival.
    Late(Duration),
    /// A newcomer took its slot.
    Evicted,
}

/// A peer that waits for the caller's decision, and how many transforms have run by then.
enum Waiting {
    /// The last of these transforms proved the peer and waits for the decision, too.
    Undecided(Box<dyn Undecided>, usize),
    /// The transport or the last of these transforms proved the peer, or no layer proves anything and all have run.
    Open(Opened, usize),
}

impl<R: Native> Incoming<R> {
    pub(crate) const fn new(entry: Entry, opening: Held<Opening>) -> Self {
        Self { entry, opening, runtime: PhantomData }
    }

    /// Where the peer comes from, as far as the transport knows: a load balancer, where one is to say who comes.
    #[must_use]
    pub const fn peer_address(&self) -> Option<&Address> {
        self.entry.address.as_ref()
    }

    /// The name of the suite it comes through.
    #[must_use]
    pub fn suite(&self) -> &str {
        &self.entry.served.suite.name
    }

    /// Runs the handshake until the peer has proven its key, if the suite proves keys, and waits to be accepted.
    ///
    /// # Errors
    /// The peer failed to prove itself, went away or took too long. The error was reported as an event as well, so the
    /// caller need not handle it.
    ///
    /// # Cancel safety
    /// Dropping the future closes the socket.
    pub async fn handshake(self) -> Result<Request<R>, IncomingError> {
        let Self { mut entry, opening, .. } = self;
        let opening = match opening.take() {
            Some(Opening::Stream(open)) => Some(open),
            #[cfg(feature = "proxy-protocol")]
            Some(Opening::Header(read)) => Some(entry.read_header(read).await?),
            None => None,
        };
        let opened = {
            let Entry { served, span, attempt, address, deadline, permit, .. } = &mut entry;
            let handshake = async {
                // What was taken away has ended the attempt.
                let Some(opening) = opening else { return std::future::pending().await };
                let opened = opening.open(attempt).await?;
                run_until_proven(&served.suite, attempt, address, opened).await
            };
            within(deadline, permit, handshake).instrument(span.clone()).await
        };
        let (waiting, peer) = entry.check(opened)?;
        entry.permit.prove();
        entry.is_balancer = false;
        let refusal =
            Refusal { served: Arc::clone(&entry.served), address: entry.address.clone(), was_accepted: false };
        let waiting = entry.permit.hold(waiting);
        Ok(Request { entry, waiting, peer, refusal, runtime: PhantomData })
    }
}

impl<R: Native> Request<R> {
    /// The peer's key; `None` when its suite proves nobody.
    #[must_use]
    pub fn peer(&self) -> Option<&PublicKey> {
        self.peer.as_ref()
    }

    /// The peer's address in full, as far as the transport knows where the peer connects from.
    #[must_use]
    pub fn peer_address(&self) -> Option<&Address> {
        self.entry.address.as_ref()
    }

    /// The IP address that the connection comes from, where there is one.
    #[must_use]
    pub const fn source(&self) -> Option<IpAddr> {
        self.entry.source
    }

    /// The name of the suite it comes through.
    #[must_use]
    pub fn suite(&self) -> &str {
        &self.entry.served.suite.name
    }

    /// Accepts the peer, and runs the transforms of the suite above the one that proved it.
    ///
    /// # Errors
    /// The peer went away, or the deadline has passed. The error was reported as an event as well, so the caller need
    /// not handle it.
    ///
    /// # Cancel safety
    /// Dropping the future closes the socket.
    pub async fn accept(mut self) -> Result<R::Connection, IncomingError> {
        self.refusal.was_accepted = true;
        let Self { mut entry, waiting, peer, .. } = self;
        let opened = {
            let Entry { served, span, attempt, address, deadline, permit, .. } = &mut entry;
            let enter = async {
                let Some(waiting) = waiting.take() else { return std::future::pending().await };
                enter(&served.suite.transforms, attempt, address, waiting).await
            };
            within(deadline, permit, enter).instrument(span.clone()).await
        };
        let opened = entry.check(opened)?;
        let Entry { served, address, local, remote, permit, guard, span, attempt, .. } = entry;
        attempt.is_accepted().store(true, Ordering::Release);
        drop(permit);
        let suite = Arc::clone(&served.suite.name);
        span.in_scope(|| served.report(&Event::Accepted { suite: &suite, address: address.as_ref() }));
        let Opened { io, channel_binding, .. } = opened;
        let (since, counter, guards) =
            (served.inner.runtime.now(), ByteCounter::new(), vec![guard, served.connected.guard()]);
        let info = ConnectionInfo { address, local, remote, peer, channel_binding, suite, since, counter, guards };
        Ok(Connection::new(io, info).into())
    }

    /// Refuses the peer without an answer, and closes its socket no sooner than that of a peer whose proof failed: the
    /// time until the close does not tell the peer whether it has the right key of this server.
    ///
    /// # Cancel safety
    /// Dropping the future closes the socket.
    pub async fn refuse(self) {
        let Self { mut entry, waiting, refusal, .. } = self;
        if let Some(Waiting::Undecided(undecided, _)) = waiting.take() {
            let _ = within(&mut entry.deadline, &entry.permit, undecided.refuse()).await;
        }
        drop(refusal);
    }

    /// Returns the caller's decision, unless the deadline passes first.
    pub(crate) async fn decide<T>(&mut self, decision: impl Future<Output = T>) -> Option<T> {
        self.entry.deadline.before(decision).await.ok()
    }
}

impl Drop for Refusal {
    fn drop(&mut self) {
        if !self.was_accepted {
            let Self { served, address, .. } = self;
            served.report(&Event::Refused { suite: &served.suite.name, address: address.as_ref() });
        }
    }
}

impl Entry {
    /// The entry of a peer that arrived through this suite, with the socket addresses of both ends.
    pub(crate) fn new(
        served: &Arc<Served>,
        address: Option<Address>,
        source: Option<IpAddr>,
        (local, remote): (Option<SocketAddr>, Option<SocketAddr>),
        deadline: Deadline,
        permit: Permit,
        guard: Guard,
    ) -> Self {
        let attempt = Attempt::new(Arc::clone(&served.inner.runtime), Stage::Connect);
        let attempt = attempt.in_the_clear(served.suite.is_in_the_clear()).with_steps(permit.steps());
        let span = span_of(served, address.as_ref());
        let (served, is_balancer) = (Arc::clone(served), false);
        Self { served, span, attempt, address, source, local, remote, is_balancer, deadline, permit, guard }
    }

    /// Reads what the load balancer says about the peer, who is the one named there from then on.
    #[cfg(feature = "proxy-protocol")]
    async fn read_header(&mut self, read: Box<dyn Open<Proxied>>) -> Result<Box<dyn Open<Opened>>, IncomingError> {
        let Self { span, attempt, deadline, permit, .. } = self;
        let proxied = within(deadline, permit, read.open(attempt)).instrument(span.clone()).await;
        let Proxied { open, peer } = self.check(proxied)?;
        self.is_balancer = peer.is_none();
        if let Some((remote, local, layer)) = peer {
            (self.remote, self.local, self.source) = (Some(remote), Some(local), Some(remote.ip()));
            self.address = Some(Address::new(layer));
            self.span = span_of(&self.served, self.address.as_ref());
            if !self.permit.comes_from(remote.ip()) {
                let (suite, address) = (&self.served.suite.name, self.address.as_ref());
                self.span.in_scope(|| self.served.report(&Event::OverSourceLimit { suite, address }));
                return Err(self.error(Failure::Evicted { stage: self.attempt.stage() }));
            }
        }
        Ok(open)
    }

    /// Turns a failure into an error, and reports it.
    fn check<T>(&self, result: Result<Result<T, LayerError>, Ended>) -> Result<T, IncomingError> {
        let stage = self.attempt.stage();
        let failure = match result {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => Failure::Layer { stage, error },
            Err(Ended::Late(limit)) => Failure::Deadline { stage, limit },
            Err(Ended::Evicted) => Failure::Evicted { stage },
        };
        let error = self.error(failure);
        let (suite, address) = (&*self.served.suite.name, self.address.as_ref());
        let event = if let Failure::Layer { error: LayerError::Answered(answer), .. } = &error.failure {
            Event::Answered { suite, address, answer: &**answer }
        } else if self.is_balancer && matches!(error.failure, Failure::Layer { .. }) {
            Event::HealthCheck { suite, address }
        } else {
            Event::Failed(&error)
        };
        self.span.in_scope(|| self.served.report(&event));
        Err(error)
    }

    fn error(&self, failure: Failure) -> IncomingError {
        let address = self.address.clone().map(Box::new);
        IncomingError { suite: self.served.suite.name.to_string(), address, failure }
    }
}

/// Returns what the work returns, unless the deadline passes or the slot goes to a newcomer first.
async fn within<T>(deadline: &mut Deadline, permit: &Permit, work: impl Future<Output = T>) -> Result<T, Ended> {
    let mut evicted = pin!(permit.evicted());
    let mut work = pin!(work);
    let work = poll_fn(|cx| {
        if evicted.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(Ended::Evicted));
        }
        work.as_mut().poll(cx).map(Ok)
    });
    deadline.before(work).await.unwrap_or_else(|Passed(limit)| Err(Ended::Late(limit)))
}

/// What is traced of a peer on its way in.
fn span_of(served: &Served, address: Option<&Address>) -> Span {
    let span = tracing::debug_span!("incoming", suite = %served.suite.name, address = field::Empty);
    if let Some(address) = address {
        span.record("address", field::display(address.redacted()));
    }
    span
}

/// Runs the transforms up to the one that proves the peer, or all of them when none does.
async fn run_until_proven(
    suite: &Ready,
    attempt: &Attempt,
    address: &mut Option<Address>,
    mut opened: Opened,
) -> Result<(Waiting, Option<PublicKey>), LayerError> {
    if suite.transport.proves_peer() && opened.peer.is_none() {
        return Err(broken_promise(suite.transport.name(), "did not prove the peer"));
    }
    for (index, transform) in suite.transforms.iter().enumerate() {
        if let Some(peer) = opened.peer {
            return Ok((Waiting::Open(opened, index), Some(peer)));
        }
        attempt.enter(Stage::Handshake);
        let Opened { io, channel_binding, .. } = opened;
        let Admission { layer, state } = transform.server(attempt, io).await?;
        *address = address.take().map(|address| address.then(layer));
        opened = match state {
            State::Undecided(peer, undecided) => return Ok((Waiting::Undecided(undecided, index + 1), Some(peer))),
            State::Open(next) if transform.proves_peer() && next.peer.is_none() => {
                return Err(broken_promise(transform.name(), "did not prove the peer"));
            }
            State::Open(next) => next.over(None, channel_binding),
        };
    }
    let peer = opened.peer;
    Ok((Waiting::Open(opened, suite.transforms.len()), peer))
}

/// Accepts the peer, and runs the remaining transforms.
async fn enter(
    transforms: &[Arc<dyn Transform>],
    attempt: &Attempt,
    address: &mut Option<Address>,
    waiting: Waiting,
) -> Result<Opened, LayerError> {
    let (mut opened, done) = match waiting {
        Waiting::Open(opened, done) => (opened, done),
        Waiting::Undecided(undecided, done) => (undecided.accept().await?, done),
    };
    for transform in transforms.iter().skip(done) {
        let Opened { io, peer, channel_binding } = opened;
        let Admission { layer, state } = transform.server(attempt, io).await?;
        *address = address.take().map(|address| address.then(layer));
        opened = match state {
            State::Open(next) if next.peer.is_none() => next.over(peer, channel_binding),
            State::Open(_) | State::Undecided(..) => {
                return Err(broken_promise(transform.name(), "proved the peer a second time"));
            }
        };
    }
    Ok(opened)
}

fn broken_promise(layer: &str, what: &'static str) -> LayerError {
    LayerError::Unusable(Box::new(BrokenPromise { layer: layer.to_owned(), what }))
}

/// A transport or transform of the application does not keep what it promises.
#[derive(Debug, thiserror::Error)]
#[error("the layer {layer} {what}, which is not what it announces")]
struct BrokenPromise {
    layer: String,
    what: &'static str,
}

impl<R> fmt::Debug for Incoming<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("address", &self.entry.address).finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for Request<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("address", &self.entry.address)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}
