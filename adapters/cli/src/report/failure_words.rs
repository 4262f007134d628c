//! Network errors in words for the user.

use crate::options::dial::TRANSPORTS;
use crate::report::exit::{Class, Failure, without_error_numbers};
use crate::streams::pipe::Broken;
use multiserver_tokio::ws::Untrusted;
use multiserver_tokio::{ConnectError, FailedAttempt, Failure as AttemptFailure, LayerError, Stage};
use std::io::{self, ErrorKind};

/// Why there is no connection, in one line.
pub(crate) fn no_connection(error: &ConnectError) -> Failure {
    match error {
        ConnectError::NoSuite(address) => {
            Failure::new(class(error), format_args!("cannot connect to {address}: {}", reasons(error)))
        }
        ConnectError::Failed(attempts) => {
            let reasons = attempts.iter().map(|FailedAttempt { address, failure, .. }| {
                let words = Reason::of(failure).words;
                format!("to {address}: {words}")
            });
            Failure::new(class(error), format_args!("cannot connect {}", reasons.collect::<Vec<_>>().join("; nor ")))
        }
        other => Failure::failed(other),
    }
}

/// The class of the failure; of several attempts, the greatest class.
pub(crate) fn class(error: &ConnectError) -> Class {
    match error {
        ConnectError::NoSuite(_) => Class::Usage,
        ConnectError::Failed(attempts) => {
            attempts.iter().map(|attempt| Reason::of(&attempt.failure).class).max().unwrap_or(Class::Failed)
        }
        _ => Class::Failed,
    }
}

/// The reasons for a single address, without repeating the address.
pub(crate) fn reasons(error: &ConnectError) -> String {
    match error {
        ConnectError::NoSuite(_) => format!("this program only knows {TRANSPORTS}"),
        ConnectError::Failed(attempts) => {
            attempts.iter().map(|attempt| Reason::of(&attempt.failure).words).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

/// Why nothing more comes from the peer.
pub(crate) fn not_received(error: &io::Error) -> Failure {
    if is_gone(error) {
        Failure::failed("the peer went away without saying goodbye: what it sent may be incomplete")
    } else {
        Failure::failed(format_args!("cannot receive from the peer: {error}"))
    }
}

/// Why nothing more goes to the peer.
pub(crate) fn not_sent(error: &io::Error) -> Failure {
    if is_gone(error) {
        Failure::failed("the peer went away before everything was sent")
    } else {
        Failure::failed(format_args!("cannot send to the peer: {error}"))
    }
}

/// Why the bytes between a peer and a program here do not flow to the end.
pub(crate) fn not_carried(broken: &Broken) -> String {
    match broken {
        Broken::Receive(error) => not_received(error).to_string(),
        Broken::Send(error) => not_sent(error).to_string(),
        Broken::Deliver(error) => format!("the program here took nothing more: {error}"),
        Broken::Collect(error) => format!("cannot read from the program here: {error}"),
    }
}

/// Why one attempt failed.
struct Reason {
    class: Class,
    words: String,
}

impl Reason {
    fn new(class: Class, words: impl Into<String>) -> Self {
        Self { class, words: without_error_numbers(words.into()) }
    }

    fn of(failure: &AttemptFailure) -> Self {
        let unreachable = |words: String| Self::new(Class::Unreachable, words);
        let refused = |words: String| Self::new(Class::Refused, words);
        match failure {
            AttemptFailure::Layer { stage, error } => Self::of_layer(*stage, error),
            AttemptFailure::Deadline { stage: Stage::Resolve | Stage::Connect | Stage::Proxy, limit } => {
                unreachable(format!("no answer within {limit:?}"))
            }
            AttemptFailure::Deadline { limit, .. } => refused(format!(
                "connected, but the handshake was not over within {limit:?}: the peer may not speak this protocol"
            )),
            AttemptFailure::Downgrade { offered, seen } => refused(format!(
                "not tried by {offered}, since the server has proven its key by {seen} before, and somebody may be blocking \
                 that; --allow-downgrade takes {offered} all the same"
            )),
            AttemptFailure::OtherPeer | AttemptFailure::UsedUp | _ => Self::new(Class::Failed, failure.to_string()),
        }
    }

    fn of_layer(stage: Stage, error: &LayerError) -> Self {
        match error {
            LayerError::Io(error) => Self::of_stream(stage, error),
            LayerError::Refused(_) => Self::new(
                Class::Refused,
                "refused, busy or cut off: the peer does not want to talk to us, has another key than the address says, or \
                 serves too many others",
            ),
            LayerError::WrongPeer(_) => Self::new(Class::Impostor, "the peer is not who the address says"),
            LayerError::PeerMisbehaved(error) => {
                Self::new(Class::Refused, format!("the peer does not keep to the protocol: {error}"))
            }
            LayerError::Unusable(error) => Self::new(Class::Usage, error.to_string()),
            other @ (LayerError::Answered(_) | _) => Self::new(Class::Failed, other.to_string()),
        }
    }

    fn of_stream(stage: Stage, error: &io::Error) -> Self {
        let unreachable = |words: String| Self::new(Class::Unreachable, words);
        let refused = |words: String| Self::new(Class::Refused, words);
        match (stage, error.kind()) {
            (Stage::Resolve, _) => unreachable(format!("the host is not found: {error}")),
            (Stage::Connect, ErrorKind::ConnectionRefused) => unreachable(format!("nobody listens there: {error}")),
            (Stage::Connect, ErrorKind::NotFound) => unreachable("there is no such socket".to_owned()),
            (Stage::Connect, _) => unreachable(format!("the host cannot be reached: {error}")),
            (Stage::Proxy, _) => unreachable(format!("the proxy did not get us there: {error}")),
            (Stage::Tls, _) if is_untrusted(error) => {
                refused(format!("no TLS with that host: {error} (--ca FILE trusts it)"))
            }
            (Stage::Tls, _) => refused(format!("no TLS with that host: {error}")),
            (Stage::WebSocket, _) => refused(format!("no WebSocket there: {error}")),
            _ if is_gone(error) => {
                refused("the peer is busy, has another network key or not the key of the address, or does not speak this protocol".to_owned())
            }
            _ => Self::new(Class::Failed, format!("the handshake failed: {error}")),
        }
    }
}

/// Whether the server's certificate is from no trusted authority.
fn is_untrusted(error: &io::Error) -> bool {
    error.get_ref().and_then(|source| source.downcast_ref()) == Some(&Untrusted::Issuer)
}

/// Whether the stream below just ended.
fn is_gone(error: &io::Error) -> bool {
    [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted, ErrorKind::BrokenPipe]
        .contains(&error.kind())
}
