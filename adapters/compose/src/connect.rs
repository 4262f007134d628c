//! Reaching a peer by its addresses.

use crate::connection::About;
use crate::deadline::{Deadline, Passed};
use crate::plan::{Candidate, plan};
use crate::suite::Ready;
use crate::{ConnectError, Connection, Context, FailedAttempt, Failure, Multiserver, Native, Stage};
use multiserver_core::address::{Address, MultiAddress};
use std::io;
use std::sync::Arc;

impl<R: Native> Multiserver<R> {
    /// Connects to the first of these addresses that answers and proves what the address says.
    ///
    /// The addresses are tried in their order, through the suites that fit them. Where the first one names a key, one
    /// that names none or another is never tried in its place. A seed in an address is the client's identity on that
    /// connection; after an attempt that may have used a seed up, no other address with a seed is tried.
    ///
    /// # Errors
    /// No suite fits, or every attempt failed, each with the stage it had reached.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up and leaves no socket behind.
    pub async fn connect(&self, addresses: &MultiAddress) -> Result<R::Connection, ConnectError> {
        let candidates = plan(&self.inner.suites, addresses);
        if candidates.is_empty() {
            return Err(ConnectError::NoSuite(addresses.redacted().to_string()));
        }
        let mut failed = Vec::new();
        let mut spent = false;
        for candidate in candidates {
            let failure = if !candidate.same_peer {
                Failure::OtherPeer
            } else if spent && candidate.is_spent_by_use {
                Failure::Spent
            } else {
                match self.attempt(&candidate).await {
                    Ok(connection) => return Ok(connection.into()),
                    Err(failure) => failure,
                }
            };
            spent |= candidate.is_spent_by_use && failure.stage() >= Some(Stage::Handshake);
            failed.push(FailedAttempt {
                address: candidate.address.redacted().to_string(),
                suite: candidate.suite.name.to_string(),
                failure,
            });
        }
        Err(ConnectError::Failed(failed))
    }

    async fn attempt(&self, candidate: &Candidate<'_>) -> Result<Connection, Failure> {
        let context = Context::new(Arc::clone(&self.inner.runtime), Stage::Connect);
        let mut deadline = Deadline::new(&**context.runtime(), candidate.suite.limits.deadline);
        match deadline.before(open(candidate.suite, candidate.address, &context)).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(source)) => Err(Failure::Io { stage: context.stage(), source }),
            Err(Passed(limit)) => Err(Failure::Deadline { stage: context.stage(), limit }),
        }
    }
}

async fn open(suite: &Ready, address: &Address, context: &Context) -> io::Result<Connection> {
    let mut io = suite.transport.dial(context, address.transport()).await?;
    let mut shown = Address::new(address.transport());
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
        shown = shown.then(transform.without_secrets(layer));
    }
    let about = About { address: Some(shown), peer, channel_binding, suite: Arc::clone(&suite.name), _guard: None };
    Ok(Connection::new(io, about))
}
