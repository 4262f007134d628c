//! Why joining failed.

use core::fmt;

/// Why a dialogue about joining failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer ended its bytes before this message was complete.
    #[error("the peer closed the stream before its {0} was complete: {why}", why = why_closed(*.0))]
    Closed(Message),
    /// The client's bytes do not begin as an application does.
    #[error("the peer wants something else than to join: its first bytes are not `msjoin1` and a line feed")]
    Magic,
    /// The client's long-term key is not on the curve, of low order or not canonical.
    #[error("the key in the application is not one that can be trusted")]
    Key,
    /// The client does not have the key that it names, or signed for another connection.
    #[error(
        "the signature in the application does not hold: the peer does not have the key, or means another connection"
    )]
    Signature,
    /// The server answered with this code, which does not exist.
    #[error("the peer answered with the unknown code {0}: it may be newer than this program")]
    UnknownAnswer(u8),
    /// The machine was stepped after its end, which is the caller's mistake.
    #[error("the dialogue about joining is over and cannot be driven further")]
    Finished,
}

impl Error {
    /// Whether the peer is to blame; otherwise the caller is.
    #[must_use]
    pub const fn is_peers_fault(&self) -> bool {
        match self {
            Self::Closed(_) | Self::Magic | Self::Key | Self::Signature | Self::UnknownAnswer(_) => true,
            Self::Finished => false,
        }
    }
}

/// One of the two messages about joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message {
    /// Message 1, from the client.
    Application,
    /// Message 2, from the server.
    Answer,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "application",
            Self::Answer => "answer",
        })
    }
}

/// The explanation for a user when the peer closed the stream before this message.
const fn why_closed(due: Message) -> &'static str {
    match due {
        Message::Application => "it gave up, or came for something else than to join",
        Message::Answer => "it may not know invites; if it does, it may have stored the key all the same",
    }
}
