//! What a layer says went wrong.

use std::error::Error;
use std::io::{self, ErrorKind};

/// What a transport or a transform says went wrong, in terms that need no knowledge of its protocol.
///
/// Each has the message of what it holds; that is for people, and what to do follows from the variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The stream, or what is below it, failed: there is no way there, nobody listens, or the peer went away.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The peer went away where it decides about us: it may have refused us.
    ///
    /// Nothing proves that it did: a peer that dies there, or whose connection somebody cuts, looks the same.
    #[error(transparent)]
    Refused(Box<dyn Error + Send + Sync>),
    /// The peer has not proven to be who its address says.
    #[error(transparent)]
    WrongPeer(Box<dyn Error + Send + Sync>),
    /// The peer does not keep to the protocol: it speaks another one, or is of another network.
    #[error(transparent)]
    PeerMisbehaved(Box<dyn Error + Send + Sync>),
    /// This side cannot do what was asked for: the address or the settings are of no use.
    #[error(transparent)]
    Unusable(Box<dyn Error + Send + Sync>),
}

impl LayerError {
    /// Whether the same may succeed at another time, with nothing changed on this side.
    ///
    /// A stream that failed may work again, unless the system said that this side may not do that, or not so. So may a
    /// peer that [refused](Self::Refused) us, or that looks as if it did, but with long pauses and not for ever. A peer
    /// that is another one, or does not keep to the protocol, will do the same again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Io(error) => !matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::PermissionDenied | ErrorKind::Unsupported
            ),
            Self::Refused(_) => true,
            Self::WrongPeer(_) | Self::PeerMisbehaved(_) | Self::Unusable(_) => false,
        }
    }
}
