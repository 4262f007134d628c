//! What a multiserver reports in addition to what its functions return.

use crate::{ConnectError, IncomingError};
use multiserver_core::address::Address;
use multiserver_io::{MaybeSend, MaybeSync};
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Something that happened to a server or a reconnector, for the log and for counters; it contains no secrets.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A suite could not accept a peer. The other suites go on accepting, and so does this one, after the pause.
    AcceptFailed {
        /// The suite's name.
        suite: &'a str,
        /// Why it could not.
        error: &'a io::Error,
        /// How long the suite pauses; `None` when the error was that of a single peer.
        pause: Option<Duration>,
    },
    /// A peer was closed at once, since proven peers from the same source have all the slots that it may have.
    OverSourceLimit {
        /// The suite's name.
        suite: &'a str,
        /// Where the peer comes from.
        address: Option<&'a Address>,
    },
    /// A peer was not connected, for this reason.
    Failed(&'a IncomingError),
    /// A peer was refused: its request was dropped.
    Refused {
        /// The suite's name.
        suite: &'a str,
        /// The peer's address.
        address: Option<&'a Address>,
    },
    /// A load balancer looked whether the server is there: its PROXY header named no peer, and no peer was proven.
    HealthCheck {
        /// The suite's name.
        suite: &'a str,
        /// The balancer's address.
        address: Option<&'a Address>,
    },
    /// A peer wanted no connection and was given what it wanted, such as a browser that asked for a page.
    Answered {
        /// The suite's name.
        suite: &'a str,
        /// The peer's address.
        address: Option<&'a Address>,
        /// What it was given.
        answer: &'a (dyn Error + Send + Sync),
    },
    /// A [link](crate::Reconnector) could not be opened.
    Unreachable {
        /// Every attempt.
        error: &'a ConnectError,
        /// How long the reconnector pauses.
        pause: Duration,
    },
    /// A peer was accepted and is connected.
    Accepted {
        /// The suite's name.
        suite: &'a str,
        /// The peer's address.
        address: Option<&'a Address>,
    },
}

/// One line for a log.
impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AcceptFailed { suite, error, pause: None } => write!(f, "{suite}: a peer was lost: {error}"),
            Self::AcceptFailed { suite, error, pause: Some(pause) } => {
                write!(f, "{suite}: cannot accept, trying again in {pause:?}: {error}")
            }
            Self::OverSourceLimit { suite, address } => {
                write!(f, "{suite}: {}: closed, too many handshakes from there", Peer(*address))
            }
            Self::Failed(error) => error.fmt(f),
            Self::HealthCheck { suite, address } => write!(f, "{suite}: {}: a health check", Peer(*address)),
            Self::Answered { suite, address, answer } => write!(f, "{suite}: {}: {answer}", Peer(*address)),
            Self::Refused { suite, address } => write!(f, "{suite}: {}: refused", Peer(*address)),
            Self::Unreachable { error, pause } => {
                write!(f, "{error}; the next attempt is in {pause:?} at the earliest")
            }
            Self::Accepted { suite, address } => write!(f, "{suite}: {}: accepted", Peer(*address)),
        }
    }
}

struct Peer<'a>(Option<&'a Address>);

impl fmt::Display for Peer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.redacted().fmt(f),
            None => f.write_str("a peer"),
        }
    }
}

/// Where events go.
#[derive(Clone)]
pub(crate) struct Reporter(pub(crate) Arc<dyn Report>);

/// A function that is told of events. The trait exists because its bounds (`Send`, `Sync`) differ between systems.
pub(crate) trait Report: MaybeSend + MaybeSync {
    fn report(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + MaybeSend + MaybeSync> Report for F {
    fn report(&self, event: &Event<'_>) {
        self(event);
    }
}

impl Reporter {
    pub(crate) fn report(&self, event: &Event<'_>) {
        self.0.report(event);
    }
}

impl Default for Reporter {
    fn default() -> Self {
        Self(Arc::new(|_: &Event<'_>| ()))
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reporter")
    }
}
