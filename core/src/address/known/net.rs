//! `net` and `onion`: a host and a port.

use super::super::error::{Expected, ParseError};
use super::super::host::{self, Host};
use super::super::layer::{Layer, LayerBuf};
use super::{Known, escape};
use alloc::borrow::Cow;
use alloc::format;
use core::net::SocketAddr;
use zeroize::Zeroizing;

/// `net:{host}:{port}`: TCP.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Net {
    /// The host; an empty one in the text means `localhost`.
    pub host: Host,
    /// The TCP port.
    pub port: u16,
}

/// `onion:{host}:{port}`: TCP through Tor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Onion {
    /// The host, whose name the proxy resolves.
    pub host: Host,
    /// The port of the onion service.
    pub port: u16,
}

impl From<SocketAddr> for Net {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().into(), port: address.port() }
    }
}

macro_rules! host_and_port {
    ($name:ident, $text:literal) => {
        impl Known for $name {
            const NAME: &'static str = $text;

            fn read(layer: Layer<'_>) -> Result<Self, ParseError> {
                let (host, port) = host_and_port(layer)?;
                Ok(Self { host: Host::of_canonical(host), port })
            }

            fn is_canonical(layer: Layer<'_>) -> Result<bool, ParseError> {
                let (host, port) = host_and_port(layer)?;
                // The text is canonical if it has this length: then there are no brackets and no leading zeros in the
                // port.
                let length = layer.data_start() + host.len() + 1 + digits(port);
                Ok(matches!(host, Cow::Borrowed(_)) && length == layer.as_str().len())
            }
        }

        impl From<$name> for LayerBuf {
            fn from(layer: $name) -> Self {
                let text = format!(concat!($text, ":{}:{}"), layer.host, layer.port);
                Self::of_known($name::NAME, Zeroizing::new(text))
            }
        }
    };
}

host_and_port!(Net, "net");
host_and_port!(Onion, "onion");

/// Reads a port: decimal digits and nothing else.
pub(in super::super) fn port(text: &str) -> Result<u16, ParseError> {
    let number = if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None };
    number.ok_or(ParseError::new(0, Expected::Port))
}

/// The canonical host, and the port.
fn host_and_port(layer: Layer<'_>) -> Result<(Cow<'_, str>, u16), ParseError> {
    let (raw, port_text) = layer
        .data()
        .and_then(escape::split_last)
        .ok_or(ParseError::new(layer.as_str().len(), Expected::HostAndPort))?;
    let host = match escape::unescape(raw) {
        Cow::Borrowed("") => Ok(Cow::Borrowed(host::LOCALHOST)),
        Cow::Borrowed(text) => host::canonical(text),
        Cow::Owned(text) => host::canonical(&text).map(|host| Cow::Owned(host.into_owned())),
    };
    let host = host.map_err(|error| error.unescaped(raw).after(layer.data_start()))?;
    let port = port(port_text).map_err(|error| error.after(layer.as_str().len() - port_text.len()))?;
    Ok((host, port))
}

/// How many digits the number has.
fn digits(number: u16) -> usize {
    match number {
        0..=9 => 1,
        10..=99 => 2,
        100..=999 => 3,
        1000..=9999 => 4,
        _ => 5,
    }
}
