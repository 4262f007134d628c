//! Why a Noise handshake failed.

use multiserver_core::shs::Message;

/// Why a Noise handshake failed.
///
/// The protocol answers every failure with silence: close the stream and send nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer ended its bytes before this message was complete.
    #[error("the peer closed the stream before its {0} was complete: {why}", why = why_closed(*.0))]
    Closed(Message),
    /// A message does not open: it was made with another network key or for another key, or altered.
    #[error("the {0} does not open: {why}", why = why_sealed(*.0))]
    Sealed(Message),
    /// A message holds an X25519 key of low order, or one that is not canonical.
    #[error("the {0} holds an X25519 key that no honest peer makes")]
    WeakKey(Message),
    /// The Ed25519 key that the client names is not the one whose secret it has shown, or is one that no seed has.
    #[error("the client names an Ed25519 key that is not its own, or is not one that can be trusted")]
    ClientKey,
    /// The server key we were given is not that of any seed: the caller's error.
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
            Self::Sealed(_) | Self::WeakKey(_) | Self::ClientKey => true,
            Self::Closed(_) | Self::ServerKey | Self::Finished => false,
        }
    }
}

/// What it means to a person that the peer closed when this message was due.
const fn why_closed(due: Message) -> &'static str {
    match due {
        Message::ClientHello => "it opened a connection and said nothing of use",
        Message::ServerHello => {
            "its key is not the one we were given, it does not speak noise, or is of another network"
        }
        Message::ClientAuth => "it gave up",
        Message::ServerAccept => "it does not want to talk to us",
    }
}

/// What it means to a person that this message does not open.
const fn why_sealed(message: Message) -> &'static str {
    match message {
        Message::ClientHello => "it was made for another server key or another network, or altered on its way",
        Message::ServerHello | Message::ServerAccept => {
            "the peer is not who it claims to be, or it was altered on its way"
        }
        Message::ClientAuth => "the client does not have the key it shows, or it was altered on its way",
    }
}
