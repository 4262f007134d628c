//! The host of a network address.

use super::error::{Expected, ParseError};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::net::{IpAddr, Ipv6Addr};
use core::str::FromStr;

/// The longest name of a host, in bytes: what a SOCKS5 request can carry (RFC 1928, section 5).
const LONGEST_NAME: usize = 255;

/// The host that an empty text means.
pub(super) const LOCALHOST: &str = "localhost";

/// A host: an IP address, or a name that is not resolved yet.
///
/// IPv6 addresses are read with or without brackets and written without, in the form of RFC 5952; one that is only valid
/// on a link may have a zone (`fe80::1%eth0`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);

impl Host {
    /// The host `localhost`.
    #[must_use]
    pub fn localhost() -> Self {
        Self(String::from(LOCALHOST))
    }

    /// The host's text, as a resolver or a proxy takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The IP address, if the host is one; `None` for a name, and for an address with a zone, which the operating
    /// system resolves.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }

    /// Whether it is a `.onion` name of Tor, which must not be looked up by DNS (RFC 7686).
    #[must_use]
    pub fn is_onion(&self) -> bool {
        let name = self.0.strip_suffix('.').unwrap_or(&self.0);
        name.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case("onion"))
    }

    /// Returns a value whose `Display` is the host as in URLs: IPv6 addresses in brackets.
    #[must_use]
    pub fn in_url(&self) -> impl fmt::Display + '_ {
        InUrl(&self.0)
    }

    /// The host of a text that [`canonical`] returned.
    pub(super) fn of_canonical(text: Cow<'_, str>) -> Self {
        Self(text.into_owned())
    }
}

/// The canonical text of a host, or the error in it.
pub(super) fn canonical(text: &str) -> Result<Cow<'_, str>, ParseError> {
    let Some(offset) = text.bytes().position(|byte| !is_of_name(byte)) else {
        let fits = !text.is_empty() && text.len() <= LONGEST_NAME;
        return if fits { Ok(Cow::Borrowed(text)) } else { Err(ParseError::new(0, Expected::Host)) };
    };
    if let Some(inside) = text.strip_prefix('[') {
        let address = inside.strip_suffix(']').ok_or(ParseError::new(text.len(), Expected::ClosingBracket))?;
        return canonical_ipv6(address).map_err(|error| error.after(1));
    }
    if text.contains(':') { canonical_ipv6(text) } else { Err(ParseError::new(offset, Expected::Host)) }
}

fn canonical_ipv6(text: &str) -> Result<Cow<'_, str>, ParseError> {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    let address: Ipv6Addr = address.parse().map_err(|_| ParseError::new(0, Expected::Ipv6))?;
    let canonical = match zone {
        None => address.to_string(),
        Some(zone) if !zone.is_empty() && zone.len() <= LONGEST_NAME && zone.bytes().all(is_of_name) => {
            format!("{address}%{zone}")
        }
        Some(_) => return Err(ParseError::new(0, Expected::Ipv6)),
    };
    Ok(if canonical == text { Cow::Borrowed(text) } else { Cow::Owned(canonical) })
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

impl FromStr for Host {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        canonical(text).map(Self::of_canonical)
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        Self(address.to_string())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

struct InUrl<'a>(&'a str);

impl fmt::Display for InUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}
