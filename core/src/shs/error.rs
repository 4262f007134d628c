//! Why a secret handshake failed.

use core::fmt;

/// Why a secret handshake failed.
///
/// The protocol answers every failure with silence: close the stream and send nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer ended its bytes before this message was complete.
    #[error("the peer closed the stream before its {0} was complete: {why}", why = why_closed(*.0))]
    Closed(Message),
    /// A hello is not authenticated by our network key.
    #[error("the {0} is not made with our network key: the peer is of another network or does not speak shs")]
    NetworkKey(Message),
    /// The ephemeral key in a hello is of low order or not canonical, or is our own, sent back to us.
    #[error("the {0} holds an ephemeral key that no honest peer makes")]
    EphemeralKey(Message),
    /// A sealed message does not open: it was made with another key, or altered.
    #[error("the {0} does not open: {why}", why = why_sealed(*.0))]
    Sealed(Message),
    /// The client's long-term key is not on the curve, of low order or not canonical.
    #[error("the client's long-term key is not one that can be trusted")]
    ClientKey,
    /// A signature does not hold: the peer does not have the key it names.
    #[error("the signature in the {0} does not hold: the peer is not who it claims to be")]
    Signature(Message),
    /// The server key we were given is not on the curve, of low order or not canonical: the caller's error.
    #[error("the server key is not a usable Ed25519 key; check the address for a typing error")]
    ServerKey,
    /// The machine was stepped after it had ended: the caller's error.
    #[error("the handshake is over and cannot be driven further")]
    Finished,
}

impl Error {
    /// Whether the peer is to blame; otherwise the caller is, or, where the bytes just ended, perhaps nobody.
    #[must_use]
    pub const fn is_peers_fault(&self) -> bool {
        match self {
            Self::NetworkKey(_) | Self::EphemeralKey(_) | Self::Sealed(_) | Self::ClientKey | Self::Signature(_) => {
                true
            }
            Self::Closed(_) | Self::ServerKey | Self::Finished => false,
        }
    }
}

/// One of the four messages of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message {
    /// Message 1, from the client.
    ClientHello,
    /// Message 2, from the server.
    ServerHello,
    /// Message 3, from the client.
    ClientAuth,
    /// Message 4, from the server.
    ServerAccept,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientHello => "client hello",
            Self::ServerHello => "server hello",
            Self::ClientAuth => "client authenticate",
            Self::ServerAccept => "server accept",
        })
    }
}

/// What it means to a person that the peer closed when this message was due.
const fn why_closed(due: Message) -> &'static str {
    match due {
        Message::ClientHello => "it opened a connection and said nothing of use",
        Message::ServerHello => "it does not speak shs, or is of another network",
        Message::ClientAuth => "it gave up, or took us for a server of another network",
        Message::ServerAccept => "its key is not the one we were given, or it does not want to talk to us",
    }
}

/// What it means to a person that this message does not open.
const fn why_sealed(message: Message) -> &'static str {
    match message {
        Message::ServerAccept => "the peer is not who it claims to be, or it was altered on its way",
        Message::ClientHello | Message::ServerHello | Message::ClientAuth => {
            "it was made for another server key, or altered on its way"
        }
    }
}
