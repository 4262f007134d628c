//! Parse errors of addresses.

use super::escape;
use crate::keys::ParseKeyError;

/// Where a text stops being an address, and what was expected there.
///
/// The message never repeats the text, which may hold a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: expected {expected}")]
pub struct ParseError {
    offset: usize,
    expected: Expected,
}

/// What was expected where a text stopped being an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Expected {
    /// A layer, of which the name comes first.
    #[error("the name of a layer, which starts with a letter from a to z")]
    Name,
    /// More of a layer's name.
    #[error("a letter from a to z, a digit or `-`: the name of a layer has two characters at least")]
    LongerName,
    /// What may follow a layer's name.
    #[error(
        "more of the layer's name (a to z, 0 to 9, `-`), or `:` and data, or `~` and a layer, or `;` and an address, or the end"
    )]
    AfterName,
    /// What may stand in a layer's data.
    #[error("a printable ASCII character other than a space, or the end")]
    Data,
    /// The second half of an escape.
    #[error("one of `!` `~` `:` `;` after the escape character `!` (write `!!` for a `!`)")]
    Escaped,
    /// A text that the grammar can print.
    #[error("a printable ASCII character other than a space")]
    Printable,
    /// The end of the text, where only one address is allowed and another follows.
    #[error("the end: `;` separates the addresses of a multi-address, and this is a place for one address")]
    OneAddress,
    /// The end of one layer.
    #[error("the end: this is a place for one layer")]
    OneLayer,
    /// The end of a layer that has all its fields.
    #[error("the end of the layer, which has all its fields")]
    EndOfLayer,
    /// A layer of the name that was asked for.
    #[error("the layer `{0}`")]
    Layer(&'static str),
    /// A host and a port.
    #[error("a host, `:` and a port")]
    HostAndPort,
    /// A host.
    #[error("a host: a name of 255 letters, digits, `.`, `-` and `_` at most, an IPv4 address or an IPv6 address")]
    Host,
    /// An IPv6 address.
    #[error("an IPv6 address")]
    Ipv6,
    /// The end of an IPv6 address in brackets.
    #[error("`]`, which closes the brackets of an IPv6 address")]
    ClosingBracket,
    /// An IPv6 address in brackets, as in URLs.
    #[error("a host with its IPv6 address in brackets")]
    BracketedIpv6,
    /// A port.
    #[error("a port: a number from 0 to 65535, in decimal digits")]
    Port,
    /// The rest of a URL.
    #[error("`//`, a host and, if need be, `:port` and `/path`")]
    Url,
    /// A path in a URL.
    #[error("a path, which starts with `/` and has no `#`")]
    UrlPath,
    /// The path of a Unix domain socket.
    #[error("the path of a socket")]
    SocketPath,
    /// A public key.
    #[error("a public key of 32 bytes in base64: {0}")]
    Key(ParseKeyError),
    /// A seed.
    #[error("a seed of 32 bytes in base64: {0}")]
    Seed(ParseKeyError),
    /// The name of a tunnel's instance.
    #[error("the name of an instance, which is not empty")]
    Instance,
    /// A legacy address.
    #[error("a legacy address: host:port:@KEY.ed25519")]
    LegacyAddress,
    /// The seed of a legacy invite.
    #[error("`~` and the seed of an invite")]
    InviteSeed,
    /// An ssb URI that holds an address.
    #[error("ssb:address/multiserver?multiserverAddress=...")]
    SsbUri,
    /// The parameter of an ssb URI that holds an address.
    #[error("the parameter multiserverAddress=...")]
    SsbUriParameter,
    /// The rest of a percent escape.
    #[error("two hexadecimal digits after `%`, for a byte of ASCII")]
    PercentDigits,
}

impl ParseError {
    pub(super) const fn new(offset: usize, expected: Expected) -> Self {
        Self { offset, expected }
    }

    /// The same error in the whole text, when this one is for the text without its first `before` bytes.
    pub(super) fn after(self, before: usize) -> Self {
        self.moved(|offset| before + offset)
    }

    /// The same error at another offset, which `place` computes from this one's.
    pub(super) fn moved(self, place: impl FnOnce(usize) -> usize) -> Self {
        Self { offset: place(self.offset), expected: self.expected }
    }

    /// The same error in the text `escaped`, when this one is for that text without its escapes.
    pub(super) fn unescaped(self, escaped: &str) -> Self {
        self.moved(|offset| escape::escaped_offset(escaped, offset))
    }

    /// The error in a key that starts at offset `start`.
    pub(super) fn at_key(start: usize, error: ParseKeyError, expected: fn(ParseKeyError) -> Expected) -> Self {
        let inside = if let ParseKeyError::Character { offset } = error { offset } else { 0 };
        Self { offset: start + inside, expected: expected(error) }
    }

    /// The offset in bytes from the start of the text; the text's length when something was expected after its end.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What was expected there.
    #[must_use]
    pub const fn expected(&self) -> Expected {
        self.expected
    }
}
