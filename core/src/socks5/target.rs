use super::{IPV4, IPV6, NAME};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

/// The target that a proxy connects to: a host name or IP address, and a port.
///
/// Its `Display` is `host:port`, with brackets around IPv6.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target(Inner);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Inner {
    Name(String, u16),
    Ip(SocketAddr),
}

impl Target {
    /// The target with this host: an IP address in its usual text form, or else a name, which the proxy resolves.
    ///
    /// # Errors
    /// The name is empty, over 255 bytes, or has other characters than letters, digits, `-`, `.` and `_`.
    pub fn new(host: &str, port: u16) -> Result<Self, TargetError> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(SocketAddr::new(ip, port).into());
        }
        if host.is_empty() || host.len() > 255 {
            return Err(TargetError::Length(host.len()));
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        match host.char_indices().find(|(_, c)| !legal(*c)) {
            Some((offset, found)) => Err(TargetError::Character { found, offset }),
            None => Ok(Self(Inner::Name(host.to_owned(), port))),
        }
    }

    /// Appends the address as a request carries it: its form, the host, the port.
    pub(super) fn write(&self, message: &mut Vec<u8>) {
        let port = match &self.0 {
            Inner::Name(name, port) => {
                message.push(NAME);
                message.extend(u8::try_from(name.len()));
                message.extend_from_slice(name.as_bytes());
                *port
            }
            Inner::Ip(SocketAddr::V4(address)) => {
                message.push(IPV4);
                message.extend_from_slice(&address.ip().octets());
                address.port()
            }
            Inner::Ip(SocketAddr::V6(address)) => {
                message.push(IPV6);
                message.extend_from_slice(&address.ip().octets());
                address.port()
            }
        };
        message.extend_from_slice(&port.to_be_bytes());
    }
}

impl From<SocketAddr> for Target {
    /// The target at this IP address and port; the scope of an IPv6 address means nothing to a proxy and is left out.
    fn from(address: SocketAddr) -> Self {
        Self(Inner::Ip(SocketAddr::new(address.ip(), address.port())))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Name(name, port) => write!(f, "{name}:{port}"),
            Inner::Ip(address) => address.fmt(f),
        }
    }
}

/// The caller's mistake: a host that cannot be sent to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The name is empty or too long; holds its length in bytes.
    #[error("a host name for a SOCKS5 proxy has 1 to 255 bytes, not {0}")]
    Length(usize),
    /// The name has a character that host names do not have.
    #[error(
        "the host name has {found:?} at byte {offset}; only letters, digits, '-', '.' and '_' can stand there \
         (write other scripts in their xn-- form, and an IP address without brackets, port or zone)"
    )]
    Character {
        /// The first such character.
        found: char,
        /// Its offset in bytes.
        offset: usize,
    },
}
