//! Reaching a peer by its addresses.

use crate::candidate::{Candidate, candidates};
use crate::connection::ConnectionInfo;
use crate::deadline::{Deadline, Passed};
use crate::multiserver::Inner;
use crate::race::race;
use crate::suite::SuitePlan;
use crate::traffic::ByteCounter;
use crate::{
    Attempt, BoxFuture, ConnectError, ConnectOptions, Connection, FailedAttempt, Failure, LayerError, Multiserver,
    Native, Opened, ProtocolMemory, Stage,
};
use multiserver_core::address::MultiAddress;
use multiserver_io::Duplex;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

impl<R: Native> Multiserver<R> {
    /// Connects to the first of these addresses that answers and proves what the address says.
    ///
    /// The addresses are tried in their order, through the suites that fit them; of those that prove a key, the ones with a
    /// stronger protocol come first, and a weaker one than the peer was seen to have is not tried: see
    /// [`ProtocolMemory`](crate::ProtocolMemory). If the first address names a key, only
    /// addresses that prove that key are tried, even if no suite fits the first. Otherwise the first fitting address that
    /// names a key fixes it for the rest. An address without a key is not tried after one that names a key, or that has a
    /// transform which no suite knows and which may ask for a proof.
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
        let (io, info) = reach(&self.inner, addresses, options, &mut false).await?;
        Ok(Connection::new(io, info).into())
    }
}

/// Connects to one of these addresses; `used_up` says whether a seed may have been used up, before and afterwards.
pub(crate) async fn reach(
    inner: &Inner,
    addresses: &MultiAddress,
    options: &ConnectOptions,
    used_up: &mut bool,
) -> Result<(Duplex, ConnectionInfo), ConnectError> {
    let candidates = candidates(&inner.suites, addresses, options);
    if candidates.is_empty() {
        return Err(ConnectError::NoSuite(addresses.redacted().to_string()));
    }
    // Another task may find a stronger protocol at any time: each attempt asks when it begins.
    let asked = inner.memory.as_deref().filter(|_| !options.allows_downgrade);
    let candidates: Vec<_> = candidates.iter().enumerate().collect();
    let mut failed = Vec::new();
    // Single-use candidates are tried one at a time; runs of others between them are raced.
    for batch in candidates.chunk_by(|(_, one), (_, next)| !one.is_single_use() && !next.is_single_use()) {
        let is_single_use = batch.iter().any(|(_, candidate)| candidate.is_single_use());
        let mut eligible = Vec::new();
        for &(index, candidate) in batch {
            match candidate.excluded(*used_up) {
                Some(failure) => failed.push(((index, candidate), failure)),
                None => eligible.push((index, candidate)),
            }
        }
        let start =
            |&(_, candidate): &_| -> BoxFuture<'_, _> { Box::pin(attempt(inner, candidate, asked, options.deadline)) };
        match race(&*inner.runtime, options.attempt_delay, eligible, start).await {
            Ok(reached) => {
                *used_up |= is_single_use;
                return Ok(reached);
            }
            Err(errors) => {
                let reached_handshake = errors.iter().any(|(_, failure)| failure.stage() >= Some(Stage::Handshake));
                *used_up |= is_single_use && reached_handshake;
                failed.extend(errors);
            }
        }
    }
    failed.sort_by_key(|((index, _), _)| *index);
    let report = |((_, candidate), failure): ((usize, &Candidate<'_>), Failure)| FailedAttempt {
        address: candidate.plan.shown().redacted().to_string(),
        suite: candidate.suite.name.to_string(),
        failure,
    };
    Err(ConnectError::Failed(failed.into_iter().map(report).collect()))
}

async fn attempt(
    inner: &Inner,
    candidate: &Candidate<'_>,
    asked: Option<&dyn ProtocolMemory>,
    deadline: Option<Duration>,
) -> Result<(Duplex, ConnectionInfo), Failure> {
    if let Some(failure) = asked.and_then(|memory| candidate.downgrade(memory)) {
        return Err(failure);
    }
    let attempt = Attempt::new(Arc::clone(&inner.runtime), Stage::Connect);
    let Candidate { suite, plan, .. } = candidate;
    let address = plan.shown();
    let mut deadline = Deadline::new(&**attempt.runtime(), deadline.unwrap_or(suite.limits.deadline));
    let span = tracing::debug_span!("attempt", suite = %suite.name, address = %address.redacted());
    let result = match deadline.before(open(plan, &attempt)).instrument(span.clone()).await {
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(error)) => Err(Failure::Layer { stage: attempt.stage(), error }),
        Err(Passed(limit)) => Err(Failure::Deadline { stage: attempt.stage(), limit }),
    };
    span.in_scope(|| match &result {
        Ok(_) => {
            tracing::debug!("connected");
            if let Some(Err(error)) = inner.memory.as_deref().map(|memory| candidate.note(memory)) {
                tracing::warn!("cannot note by which protocol the peer has proven its key: {error}");
            }
        }
        Err(failure) => tracing::debug!("{failure}"),
    });
    let Opened { io, peer, channel_binding } = result?;
    let since = attempt.runtime().now();
    let info = ConnectionInfo {
        address: Some(address),
        local: None,
        remote: None,
        peer,
        channel_binding,
        suite: Arc::clone(&suite.name),
        since,
        counter: ByteCounter::new(),
        guards: Vec::new(),
    };
    Ok((io, info))
}

/// Dials, and runs every transform over what was dialled.
async fn open(plan: &SuitePlan<'_>, attempt: &Attempt) -> Result<Opened, LayerError> {
    let mut opened = plan.dial.check(plan.dial.step.dial(attempt).await?)?;
    for wrap in &plan.wraps {
        attempt.enter(Stage::Handshake);
        let Opened { io, peer, channel_binding } = opened;
        opened = wrap.check(wrap.step.wrap(attempt, io).await?)?.over(peer, channel_binding);
    }
    Ok(opened)
}
