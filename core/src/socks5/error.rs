use core::fmt;

/// Why connecting through a proxy failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The proxy closed the connection before this answer was complete.
    #[error("the proxy closed the connection before {0} was complete")]
    Closed(Stage),
    /// The answer has another version byte than the protocol's.
    #[error("{stage} starts with byte {found:#04x}, not {expected:#04x}: is this a SOCKS5 proxy?")]
    Version {
        /// The answer.
        stage: Stage,
        /// Its first byte.
        found: u8,
        /// What its first byte has to be.
        expected: u8,
    },
    /// The proxy accepts no method that was offered, and no user name and password were given.
    #[error("the proxy wants authentication: give a user and a password")]
    AuthenticationRequired,
    /// The proxy accepts no method that was offered, although a user name and a password were given.
    #[error("the proxy takes no user and password: leave them out, or use a proxy that does")]
    AuthenticationUnsupported,
    /// The proxy chose a method that it was not offered; holds its code.
    #[error("the proxy chose authentication method {0:#04x}, which it was not offered")]
    UnofferedMethod(u8),
    /// The proxy refused the user name and password; holds its status code.
    #[error("the proxy refused the user and password (status {0})")]
    WrongCredentials(u8),
    /// The proxy did not connect to the target.
    #[error("the proxy did not connect: {0}")]
    Refused(Refusal),
    /// The reserved byte of the reply is not zero; holds it.
    #[error("the proxy's reply has {0:#04x} for the reserved byte, which has to be zero")]
    Reserved(u8),
    /// The address in the reply has a form that does not exist; holds its code.
    #[error("the proxy's reply has an address of the unknown form {0:#04x}")]
    AddressForm(u8),
    /// The address in the reply is a name with something else than visible ASCII characters.
    #[error("the proxy's reply names itself by something else than visible ASCII characters")]
    BoundName,
    /// The machine was stepped after its end, which is the caller's mistake.
    #[error("the dialogue with the proxy is over and cannot be driven further")]
    Finished,
}

impl Error {
    /// Whether the proxy or the target is to blame; otherwise the caller is.
    #[must_use]
    pub const fn is_peers_fault(&self) -> bool {
        match self {
            Self::Closed(_)
            | Self::Version { .. }
            | Self::UnofferedMethod(_)
            | Self::Refused(_)
            | Self::Reserved(_)
            | Self::AddressForm(_)
            | Self::BoundName => true,
            Self::AuthenticationRequired
            | Self::AuthenticationUnsupported
            | Self::WrongCredentials(_)
            | Self::Finished => false,
        }
    }
}

/// An answer that a proxy gives, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// It chooses a method of authentication.
    Method,
    /// It accepts or refuses the user and password.
    Authentication,
    /// It says whether it has connected.
    Reply,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "the proxy's choice of an authentication method",
            Self::Authentication => "the proxy's answer to the user and password",
            Self::Reply => "the proxy's reply to the request",
        })
    }
}

/// The reason that a proxy gives for not connecting: the reply codes of RFC 1928, and those of Tor for onion services
/// (Tor's proposal 304, sent where the proxy is configured with `ExtendedErrors`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// 1
    #[error("general failure of the proxy")]
    GeneralFailure,
    /// 2
    #[error("the proxy's rules do not allow this connection")]
    NotAllowed,
    /// 3
    #[error("the network cannot be reached")]
    NetworkUnreachable,
    /// 4
    #[error("the host cannot be reached, or its name not be resolved")]
    HostUnreachable,
    /// 5
    #[error("the host refused the connection")]
    ConnectionRefused,
    /// 6
    #[error("the connection took too long")]
    TtlExpired,
    /// 7
    #[error("the proxy does not know the CONNECT command")]
    CommandNotSupported,
    /// 8
    #[error("the proxy does not know this form of address")]
    AddressNotSupported,
    /// 0xf0
    #[error("the onion service is not known: its descriptor was not found")]
    OnionNotFound,
    /// 0xf1
    #[error("the descriptor of the onion service is invalid")]
    OnionInvalid,
    /// 0xf2
    #[error("no introduction point of the onion service answers")]
    OnionIntroductionFailed,
    /// 0xf3
    #[error("the onion service did not come to the rendezvous")]
    OnionRendezvousFailed,
    /// 0xf4
    #[error("the onion service wants client authorization: give the key to Tor")]
    OnionAuthorizationMissing,
    /// 0xf5
    #[error("the onion service refused the client authorization that Tor has")]
    OnionAuthorizationWrong,
    /// 0xf6
    #[error("the onion address is invalid; check it for a typing error")]
    OnionAddressInvalid,
    /// 0xf7
    #[error("the introduction to the onion service timed out")]
    OnionIntroductionTimedOut,
    /// Any other code but 0; holds it.
    #[error("unknown reply code {0:#04x}")]
    Unknown(u8),
}

impl Refusal {
    /// What a reply code means; `None` for 0, which is success.
    pub(super) const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => return None,
            1 => Self::GeneralFailure,
            2 => Self::NotAllowed,
            3 => Self::NetworkUnreachable,
            4 => Self::HostUnreachable,
            5 => Self::ConnectionRefused,
            6 => Self::TtlExpired,
            7 => Self::CommandNotSupported,
            8 => Self::AddressNotSupported,
            0xf0 => Self::OnionNotFound,
            0xf1 => Self::OnionInvalid,
            0xf2 => Self::OnionIntroductionFailed,
            0xf3 => Self::OnionRendezvousFailed,
            0xf4 => Self::OnionAuthorizationMissing,
            0xf5 => Self::OnionAuthorizationWrong,
            0xf6 => Self::OnionAddressInvalid,
            0xf7 => Self::OnionIntroductionTimedOut,
            _ => Self::Unknown(code),
        })
    }
}
