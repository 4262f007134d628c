//! The errors of a WebSocket's peer.

use async_tungstenite::tungstenite;
use std::io::{self, ErrorKind};
use tungstenite::http::StatusCode;
use tungstenite::protocol::frame::coding::CloseCode;

/// An error of a WebSocket's peer; it is the source of an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The head of the peer's request or response is too long.
    #[error("the peer's HTTP head is longer than {0} bytes")]
    HeadTooLong(
        /// The longest that is accepted.
        usize,
    ),
    /// What the peer sent is not HTTP.
    #[error("the peer does not speak HTTP: {0}")]
    NotHttp(httparse::Error),
    /// The client's request did not ask for a WebSocket, or for one that it may not have; it was turned down with this
    /// status.
    #[error("an HTTP request that gets no WebSocket, answered with {0}")]
    Denied(StatusCode),
    /// The client's request did not ask for a WebSocket; the [handler](crate::Handler) answered it with this status.
    #[error("an HTTP request, answered with {0}")]
    Answered(StatusCode),
    /// The server did not agree to a WebSocket, and answered with this status.
    #[error("the server offers no WebSocket there: it answered {0}")]
    Refused(StatusCode),
    /// The server agreed to another upgrade than the one it was asked for.
    #[error("the server's upgrade is not the one asked for: wrong or unexpected {0}")]
    WrongUpgrade(
        /// The header that shows it.
        &'static str,
    ),
    /// The peer sent a text message, and only binary ones carry bytes.
    #[error("the peer sent a text message, where bytes come in binary ones")]
    TextMessage,
    /// Before it was proven, the peer sent a longer message than a handshake needs.
    #[error("the peer sent a message of more than {0} bytes before its handshake was through")]
    LongBeforeProof(
        /// The longest that is accepted until then, in bytes.
        u64,
    ),
    /// The peer closed the WebSocket after a part of a message.
    #[error("the peer closed the WebSocket within a message")]
    AmidMessage,
    /// The peer was silent for too long after this side's Close frame.
    #[error("the peer did not close the WebSocket in time")]
    Lingering,
    /// The peer closed the WebSocket with a code that says that something went wrong (RFC 6455, section 7.4.1).
    #[error("the peer closed the WebSocket with code {0}, which is no normal end")]
    Abnormal(
        /// The code: neither 1000 (normal) nor 1001 (going away).
        u16,
    ),
    /// The peer violates the WebSocket protocol.
    #[error("the peer violates the WebSocket protocol: {0}")]
    Protocol(
        /// In the words of the library.
        String,
    ),
}

impl Error {
    const fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(_) => ErrorKind::ConnectionRefused,
            Self::Lingering => ErrorKind::TimedOut,
            Self::Abnormal(_) | Self::AmidMessage => ErrorKind::ConnectionAborted,
            Self::HeadTooLong(_)
            | Self::NotHttp(_)
            | Self::Denied(_)
            | Self::Answered(_)
            | Self::WrongUpgrade(_)
            | Self::TextMessage
            | Self::LongBeforeProof(_)
            | Self::Protocol(_) => ErrorKind::InvalidData,
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}

/// The code for the Close frame that tells the peer of its error: 1009 for a message that is too long, 1002 for other
/// violations of the protocol (RFC 6455, section 7.4.1). `None` for errors that are not the peer's, and when the peer
/// cannot be told.
pub(crate) fn code_for(error: &tungstenite::Error) -> Option<CloseCode> {
    use tungstenite::error::{Error as Library, ProtocolError};
    if matches!(error, Library::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing))
    {
        return None;
    }
    if matches!(error, Library::Capacity(_)) {
        return Some(CloseCode::Size);
    }
    matches!(error, Library::Protocol(_)).then_some(CloseCode::Protocol)
}

/// Converts the library's error into an [`io::Error`].
pub(crate) fn into_io(error: tungstenite::Error) -> io::Error {
    use tungstenite::error::{Error as Library, ProtocolError};
    if let Library::Io(error) = error {
        return error;
    }
    if matches!(error, Library::Protocol(ProtocolError::ResetWithoutClosingHandshake)) {
        return io::Error::new(ErrorKind::UnexpectedEof, "the stream below ended without a Close frame");
    }
    let is_closed = matches!(
        error,
        Library::ConnectionClosed | Library::AlreadyClosed | Library::Protocol(ProtocolError::SendAfterClosing)
    );
    if is_closed {
        return io::Error::new(ErrorKind::BrokenPipe, "the WebSocket is closed");
    }
    // The library's error may contain a message of the peer, which its text leaves out.
    Error::Protocol(error.to_string()).into()
}
