//! The errors of transports and transforms.

use std::error::Error;
use std::io::{self, ErrorKind};

/// What went wrong in a transport or a transform, in terms that need no knowledge of its protocol.
///
/// Each variant prints the message of the error that it holds. The message is for people; a program decides by the
/// variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The stream, or what is below it, failed: there is no way there, nobody listens, or the peer went away.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The peer went away at the point where it decides about us: it may have refused us.
    ///
    /// Nothing proves that it refused us: a peer that crashes there, or whose connection is cut by a third party, looks
    /// the same.
    #[error(transparent)]
    Refused(Box<dyn Error + Send + Sync>),
    /// The peer has not proven to be who its address says.
    #[error(transparent)]
    WrongPeer(Box<dyn Error + Send + Sync>),
    /// The peer violates the protocol: it speaks another one, or belongs to another network.
    #[error(transparent)]
    PeerMisbehaved(Box<dyn Error + Send + Sync>),
    /// The peer wanted no connection, such as a browser that asks for a page, and was given what it wanted.
    #[error(transparent)]
    Answered(Box<dyn Error + Send + Sync>),
    /// This side cannot do what was asked for, because of the address or the settings.
    #[error(transparent)]
    Unusable(Box<dyn Error + Send + Sync>),
}

impl LayerError {
    /// Whether the same attempt may succeed at another time, with nothing changed on this side.
    ///
    /// A stream that failed may work again, unless the system does not permit or support the operation. A peer that
    /// [refused](Self::Refused) us, or seems to have, may accept us later: try again, but with long pauses and not for
    /// ever. A peer that has another key or violates the protocol will do so again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Io(error) => !matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::PermissionDenied | ErrorKind::Unsupported
            ),
            Self::Refused(_) => true,
            Self::WrongPeer(_) | Self::PeerMisbehaved(_) | Self::Answered(_) | Self::Unusable(_) => false,
        }
    }
}
