//! Reaching a peer by its addresses.

use crate::connection::About;
use crate::deadline::{Deadline, Passed};
use crate::live::Guard;
use crate::multiserver::Inner;
use crate::plan::{Candidate, plan};
use crate::race::race;
use crate::suite::Ready;
use crate::traffic::Meter;
use crate::{
    BoxFuture, ConnectError, ConnectOptions, Connection, Context, FailedAttempt, Failure, Multiserver, Native, Stage,
};
use multiserver_core::address::{Address, MultiAddress};
use multiserver_core::keys::PublicKey;
use multiserver_io::Duplex;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tracing::Instrument;

impl<R: Native> Multiserver<R> {
    /// Connects to the first of these addresses that answers and proves what the address says.
    ///
    /// The addresses are tried in their order, through the suites that fit them. Where the first one names a key, one
    /// that names none or another is never tried in its place, even if no suite fits the first. Where the first names
    /// none, the key of the first fitting address that names one is asked for. An address without a key is not tried
    /// after one that names a key, or that has a transform which no suite knows and which may ask for a proof.
    ///
    /// A seed in an address is the client's identity on that connection; after an attempt that may have used a seed up,
    /// no other address with a seed is tried.
    ///
    /// # Errors
    /// No suite fits, or every attempt failed, each with the stage it had reached.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up and leaves no socket behind.
    pub async fn connect(&self, addresses: &MultiAddress) -> Result<R::Connection, ConnectError> {
        self.connect_with(addresses, &ConnectOptions::new()).await
    }

    /// Connects as [`connect`](Self::connect) does, in the order and with the freedom that the options give.
    ///
    /// # Errors
    /// No suite fits, or every attempt failed, each with the stage it had reached.
    ///
    /// # Cancel safety
    /// Dropping the future gives every attempt up and leaves no socket behind.
    pub async fn connect_with(
        &self,
        addresses: &MultiAddress,
        options: &ConnectOptions,
    ) -> Result<R::Connection, ConnectError> {
        let reached = reach(&self.inner, addresses, options, &mut false).await?;
        Ok(reached.into_connection(None).into())
    }
}

/// A peer that was reached, and what is known of it.
pub(crate) struct Reached {
    io: Duplex,
    address: Address,
    peer: Option<PublicKey>,
    channel_binding: Option<[u8; 32]>,
    suite: Arc<str>,
    since: SystemTime,
}

impl Reached {
    /// The connection, which holds the guard while it lives.
    pub(crate) fn into_connection(self, guard: Option<Guard>) -> Connection {
        let Self { io, address, peer, channel_binding, suite, since } = self;
        let (address, meter) = (Some(address), Meter::new());
        Connection::new(io, About { address, local: None, peer, channel_binding, suite, since, meter, _guard: guard })
    }
}

/// Connects to one of these addresses; `spent` says whether a seed may have been used up, before and afterwards.
pub(crate) async fn reach(
    inner: &Inner,
    addresses: &MultiAddress,
    options: &ConnectOptions,
    spent: &mut bool,
) -> Result<Reached, ConnectError> {
    let candidates = plan(&inner.suites, addresses, options);
    if candidates.is_empty() {
        return Err(ConnectError::NoSuite(addresses.redacted().to_string()));
    }
    let candidates: Vec<_> = candidates.iter().enumerate().collect();
    let mut failed = Vec::new();
    // What is spent by use is tried alone, and all others between two of these together.
    for batch in candidates.chunk_by(|(_, one), (_, next)| !one.is_spent_by_use && !next.is_spent_by_use) {
        let is_spent_by_use = batch.iter().any(|(_, candidate)| candidate.is_spent_by_use);
        let mut entrants = Vec::new();
        for &(index, candidate) in batch {
            match candidate.excluded(*spent) {
                Some(failure) => failed.push(((index, candidate), failure)),
                None => entrants.push((index, candidate)),
            }
        }
        let start = |&(_, candidate): &_| -> BoxFuture<'_, _> { Box::pin(attempt(inner, candidate, options.deadline)) };
        match race(&*inner.runtime, options.head_start, entrants, start).await {
            Ok(reached) => {
                *spent |= is_spent_by_use;
                return Ok(reached);
            }
            Err(errors) => {
                let reached_handshake = errors.iter().any(|(_, failure)| failure.stage() >= Some(Stage::Handshake));
                *spent |= is_spent_by_use && reached_handshake;
                failed.extend(errors);
            }
        }
    }
    failed.sort_by_key(|((index, _), _)| *index);
    let report = |((_, candidate), failure): ((usize, &Candidate<'_>), Failure)| FailedAttempt {
        address: candidate.suite.without_secrets(candidate.address).redacted().to_string(),
        suite: candidate.suite.name.to_string(),
        failure,
    };
    Err(ConnectError::Failed(failed.into_iter().map(report).collect()))
}

async fn attempt(inner: &Inner, candidate: &Candidate<'_>, deadline: Option<Duration>) -> Result<Reached, Failure> {
    let context = Context::new(Arc::clone(&inner.runtime), Stage::Connect);
    let Candidate { suite, address, .. } = candidate;
    let mut deadline = Deadline::new(&**context.runtime(), deadline.unwrap_or(suite.limits.deadline));
    let span = tracing::debug_span!(
        "attempt",
        suite = %suite.name,
        address = %suite.without_secrets(address).redacted()
    );
    let result = match deadline.before(open(suite, address, &context)).instrument(span.clone()).await {
        Ok(Ok(reached)) => Ok(reached),
        Ok(Err(source)) => Err(Failure::Io { stage: context.stage(), source }),
        Err(Passed(limit)) => Err(Failure::Deadline { stage: context.stage(), limit }),
    };
    span.in_scope(|| match &result {
        Ok(_) => tracing::debug!("connected"),
        Err(failure) => tracing::debug!("{failure}"),
    });
    result
}

async fn open(suite: &Ready, address: &Address, context: &Context) -> io::Result<Reached> {
    let mut io = suite.transport.dial(context, address.transport()).await?;
    let (mut peer, mut channel_binding) = (None, None);
    for (transform, layer) in suite.pairs(address) {
        context.enter(Stage::Handshake);
        let transformed = transform.client(context, layer, io).await?;
        let expected = transform.expected_peer(layer);
        if expected.is_some() && transformed.peer != expected {
            let text = format!("the transform {} did not prove the key that it was to prove", transform.name());
            return Err(io::Error::other(text));
        }
        io = transformed.io;
        peer = peer.or(transformed.peer);
        channel_binding = transformed.channel_binding.or(channel_binding);
    }
    let (address, since) = (suite.without_secrets(address), context.runtime().now());
    Ok(Reached { io, address, peer, channel_binding, suite: Arc::clone(&suite.name), since })
}
