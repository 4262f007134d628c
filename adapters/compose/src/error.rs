//! Why connecting, listening or accepting a peer failed.

use crate::{LayerError, Stage};
use multiserver_core::address::Address;
use std::fmt;
use std::io;
use std::time::Duration;

/// Why one attempt to connect, or the handshake of one incoming peer, failed.
///
/// The messages of this and of the other errors here are complete: the cause is part of the message and is a field to
/// match on, so it is not returned as [`source`](std::error::Error::source) as well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A layer reported an error.
    #[error("{stage} failed: {error}")]
    Layer {
        /// How far it had come.
        stage: Stage,
        /// What went wrong.
        error: LayerError,
    },
    /// The attempt took too long.
    #[error("{stage} had not ended after {limit:?}, which is the limit for all of an attempt")]
    Deadline {
        /// How far it had come.
        stage: Stage,
        /// The time limit for the whole attempt.
        limit: Duration,
    },
    /// Its slot among the handshakes under way went to a newcomer: see [`Limits::pending`](crate::Limits::pending).
    #[error("{stage} was ended to make room for others: too many handshakes are under way")]
    Evicted {
        /// How far it had come.
        stage: Stage,
    },
    /// The address was not tried: it proves another key than the one that the addresses ask for, or it proves no key
    /// and an address before it asks for a proof.
    #[error("not tried: it does not prove the key that is asked for first")]
    OtherPeer,
    /// The address was not tried: its protocol is weaker than one by which the same key was proven before. Whoever blocks
    /// the stronger one would otherwise choose the weaker for us.
    #[error(
        "not tried: {offered} is weaker than {seen}, by which this key was proven before; where the server has really gone \
         back to it, allow the downgrade"
    )]
    Downgrade {
        /// The name of the protocol that the address offers.
        offered: String,
        /// The name of the protocol by which the key was proven before.
        seen: String,
    },
    /// The address was not tried: what is remembered of its key cannot be read, so that it may be a downgrade.
    #[error("not tried: cannot read by which protocols this key was proven before: {0}")]
    Memory(io::Error),
    /// The address was not tried: it holds something for a single use, such as a seed, and an earlier attempt may have
    /// used that up.
    #[error("not tried: its seed serves once, and an attempt before may have used it up")]
    UsedUp,
}

impl Failure {
    /// The stage that the attempt had reached; `None` when the address was not tried.
    #[must_use]
    pub const fn stage(&self) -> Option<Stage> {
        match self {
            Self::Layer { stage, .. } | Self::Deadline { stage, .. } | Self::Evicted { stage } => Some(*stage),
            Self::OtherPeer | Self::UsedUp | Self::Downgrade { .. } | Self::Memory(_) => None,
        }
    }

    /// Whether the peer may have refused us: it closed the stream at the point where it decides about us.
    ///
    /// A server of `shs` refuses by closing the stream instead of sending the handshake's last message, and nothing
    /// proves that the server did so on purpose: a server that is full, that crashes there, or whose connection is cut
    /// by a third party looks the same. So it makes sense to try again, but with long pauses and not for ever.
    #[must_use]
    pub const fn may_be_refusal(&self) -> bool {
        matches!(self, Self::Layer { error: LayerError::Refused(_), .. })
    }

    /// Whether the same attempt may succeed at another time, with nothing changed on this side.
    ///
    /// A peer that is away, too busy or cut off may come back; so may one that seems to have [refused
    /// us](Self::may_be_refusal). A peer that proved another key or violates the protocol will do so again, and what
    /// this side does not permit or support stays that way.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::OtherPeer | Self::UsedUp | Self::Downgrade { .. } => false,
            Self::Memory(error) => error.kind() != io::ErrorKind::InvalidData,
            Self::Layer { error, .. } => error.is_retryable(),
            Self::Deadline { .. } | Self::Evicted { .. } => true,
        }
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No suite fits all layers of any of the addresses.
    #[error("no suite here fits {0}")]
    NoSuite(
        /// The addresses, without what may be secret.
        String,
    ),
    /// Every address that fits a suite failed.
    #[error("no address could be reached: {}", List(.0))]
    Failed(
        /// The attempts, in the order of the addresses, preferred ones first.
        Vec<FailedAttempt>,
    ),
}

impl ConnectError {
    /// Whether the peer [may have refused us](Failure::may_be_refusal) in one of the attempts.
    #[must_use]
    pub fn may_be_refusal(&self) -> bool {
        match self {
            Self::NoSuite(_) => false,
            Self::Failed(attempts) => attempts.iter().any(|attempt| attempt.failure.may_be_refusal()),
        }
    }

    /// Whether [one of the attempts](Failure::is_retryable) may succeed at another time.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NoSuite(_) => false,
            Self::Failed(attempts) => attempts.iter().any(|attempt| attempt.failure.is_retryable()),
        }
    }
}

/// One address that could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("{address}: {failure}")]
#[non_exhaustive]
pub struct FailedAttempt {
    /// The address, without secrets.
    pub address: String,
    /// The name of the suite it was tried through.
    pub suite: String,
    /// Why it failed.
    pub failure: Failure,
}

/// Why a multiserver does not listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// None of the suites is made for listening.
    #[error("none of the suites listens: each of them can only connect")]
    NothingToListen,
    /// Some suites could not listen.
    #[error("could not listen: {}", List(.0))]
    Failed(
        /// Each suite that could not listen, and why.
        Vec<FailedListen>,
    ),
}

/// One suite that could not listen.
#[derive(Debug, thiserror::Error)]
#[error("{suite}: {error}")]
#[non_exhaustive]
pub struct FailedListen {
    /// The suite's name.
    pub suite: String,
    /// Why it could not.
    pub error: io::Error,
}

/// Why an incoming peer was not connected.
#[derive(Debug, thiserror::Error)]
#[error("{suite}: {}: {failure}", PeerAddress(address))]
#[non_exhaustive]
pub struct IncomingError {
    /// The name of the suite it came through.
    pub suite: String,
    /// The peer's address, as far as it was known; boxed to keep results small.
    pub address: Option<Box<Address>>,
    /// Why it was not connected.
    pub failure: Failure,
}

/// Prints several errors in one line.
struct List<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

/// Prints the peer's address, where it is known.
struct PeerAddress<'a>(&'a Option<Box<Address>>);

impl fmt::Display for PeerAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.redacted().fmt(f),
            None => f.write_str("a peer"),
        }
    }
}
