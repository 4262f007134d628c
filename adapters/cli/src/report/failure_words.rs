//! What went wrong on the network, in words for a person.

use crate::options::dial::TRANSPORTS;
use crate::report::exit::{Class, Failure, without_error_numbers};
use crate::streams::pipe::Broken;
use multiserver_tokio::core::shs::{self, Message};
use multiserver_tokio::ws::Untrusted;
use multiserver_tokio::{ConnectError, FailedAttempt, Failure as AttemptFailure, Stage};
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

/// What kind of failure it is: of several attempts the one that tells the most.
pub(crate) fn class(error: &ConnectError) -> Class {
    match error {
        ConnectError::NoSuite(_) => Class::Usage,
        ConnectError::Failed(attempts) => {
            attempts.iter().map(|attempt| Reason::of(&attempt.failure).class).max().unwrap_or(Class::Failed)
        }
        _ => Class::Failed,
    }
}

/// The same of a single address, without repeating it.
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

/// Why one attempt came to nothing.
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
            AttemptFailure::Io { stage: Stage::Resolve, source } => {
                unreachable(format!("the host is not found: {source}"))
            }
            AttemptFailure::Io { stage: Stage::Connect, source } if source.kind() == ErrorKind::ConnectionRefused => {
                unreachable(format!("nobody listens there: {source}"))
            }
            AttemptFailure::Io { stage: Stage::Connect, source } if source.kind() == ErrorKind::NotFound => {
                unreachable("there is no such socket".to_owned())
            }
            AttemptFailure::Io { stage: Stage::Connect, source } => {
                unreachable(format!("the host cannot be reached: {source}"))
            }
            AttemptFailure::Io { stage: Stage::Proxy, source } => {
                unreachable(format!("the proxy did not get us there: {source}"))
            }
            AttemptFailure::Io { stage: Stage::Tls, source } if is_untrusted(source) => {
                refused(format!("no TLS with that host: {source} (--ca FILE trusts it)"))
            }
            AttemptFailure::Io { stage: Stage::Tls, source } => refused(format!("no TLS with that host: {source}")),
            AttemptFailure::Io { stage: Stage::WebSocket, source } => refused(format!("no WebSocket there: {source}")),
            AttemptFailure::Io { source, .. } => Self::of_handshake(source),
            AttemptFailure::Deadline { stage: Stage::Resolve | Stage::Connect | Stage::Proxy, limit } => {
                unreachable(format!("no answer within {limit:?}"))
            }
            AttemptFailure::Deadline { limit, .. } => refused(format!(
                "connected, but the handshake was not over within {limit:?}: the peer may not speak shs"
            )),
            AttemptFailure::OtherPeer | AttemptFailure::Spent | _ => Self::new(Class::Failed, failure.to_string()),
        }
    }

    fn of_handshake(source: &io::Error) -> Self {
        match source.get_ref().and_then(|source| source.downcast_ref()) {
            Some(shs::Error::Closed(Message::ServerHello) | shs::Error::NetworkKey(_)) => {
                Self::new(Class::Refused, "the peer is busy, has another network key, or does not speak shs")
            }
            Some(shs::Error::Closed(Message::ServerAccept)) => Self::new(
                Class::Refused,
                "refused, busy or cut off: the peer does not want to talk to us, has another key than the address says, or \
                 serves too many others",
            ),
            Some(shs::Error::Signature(_) | shs::Error::Sealed(_) | shs::Error::EphemeralKey(_)) => {
                Self::new(Class::Impostor, "the peer is not who the address says")
            }
            Some(shs::Error::ServerKey) => {
                Self::new(Class::Usage, "the key in the address is not a usable one; it may be mistyped")
            }
            None if is_gone(source) => Self::new(
                Class::Refused,
                "the peer broke off the handshake: it may be busy, not speak shs, or refuse us",
            ),
            _ => Self::new(Class::Failed, format!("the handshake failed: {source}")),
        }
    }
}

/// Whether a server's certificate is from nobody that is trusted.
fn is_untrusted(error: &io::Error) -> bool {
    error.get_ref().and_then(|source| source.downcast_ref()) == Some(&Untrusted::Issuer)
}

/// Whether the stream below just ended.
fn is_gone(error: &io::Error) -> bool {
    [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted, ErrorKind::BrokenPipe]
        .contains(&error.kind())
}
