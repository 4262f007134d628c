//! `ws` and `wss`: WebSocket URLs.

use super::super::error::{Expected, ParseError};
use super::super::grammar;
use super::super::host::{self, Host};
use super::super::layer::{Layer, LayerBuf};
use super::net::port;
use super::{Known, escape};
use alloc::format;
use alloc::string::String;
use zeroize::Zeroizing;

macro_rules! web_socket {
    ($(#[$doc:meta])* $name:ident, $text:literal, $default_port:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            host: Host,
            port: u16,
            path: String,
        }

        impl $name {
            /// The port of a URL that has none.
            pub const DEFAULT_PORT: u16 = $default_port;

            /// The URL with this host and port, and the path `/`.
            #[must_use]
            pub fn new(host: Host, port: u16) -> Self {
                Self { host, port, path: String::from("/") }
            }

            /// The same URL with this path, which may include a query after a `?`.
            ///
            /// # Errors
            /// The path does not start with `/`, has a `#`, or a character that is not printable ASCII.
            pub fn with_path(self, path: &str) -> Result<Self, ParseError> {
                check_path(path)?;
                Ok(Self { path: String::from(path), ..self })
            }

            /// The host.
            #[must_use]
            pub fn host(&self) -> &Host {
                &self.host
            }

            /// The port.
            #[must_use]
            pub fn port(&self) -> u16 {
                self.port
            }

            /// The path and the query for the request, at least `/`.
            #[must_use]
            pub fn path(&self) -> &str {
                &self.path
            }
        }

        impl Known for $name {
            const NAME: &'static str = $text;

            fn read(layer: Layer<'_>) -> Result<Self, ParseError> {
                let raw = layer.data().ok_or(ParseError::new(layer.as_str().len(), Expected::Url))?;
                let read = read_url(&escape::unescape(raw), $default_port);
                let (host, port, path) = read.map_err(|error| error.unescaped(raw).after(layer.data_start()))?;
                Ok(Self { host, port, path })
            }
        }

        impl From<$name> for LayerBuf {
            fn from(layer: $name) -> Self {
                let mut text = Zeroizing::new(format!(concat!($text, "://{}"), layer.host.in_url()));
                if layer.port != $default_port {
                    escape::push(&mut text, &format!(":{}", layer.port));
                }
                if layer.path != "/" {
                    escape::push_rest(&mut text, &layer.path);
                }
                Self::of_known($name::NAME, text)
            }
        }
    };
}

web_socket! {
    /// `ws://{host}[:port][/path]`: WebSocket over TCP.
    Ws, "ws", 80
}

web_socket! {
    /// `wss://{host}[:port][/path]`: WebSocket over TLS.
    Wss, "wss", 443
}

/// Reads the part of a URL after the scheme and its `:`.
fn read_url(text: &str, default_port: u16) -> Result<(Host, u16, String), ParseError> {
    let url = text.strip_prefix("//").ok_or(ParseError::new(0, Expected::Url))?;
    let host_end = url.find(['/', '?', '#']).unwrap_or(url.len());
    let (authority, path) = url.split_at(host_end);
    let bracket = if authority.starts_with('[') { authority.find(']').unwrap_or(authority.len()) } else { 0 };
    // A colon inside brackets is part of an IPv6 address.
    let (host_text, port_text) = match authority.rsplit_once(':') {
        Some((host, port)) if host.len() >= bracket => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    if bracket == 0 && host_text.contains(':') {
        return Err(ParseError::new(2, Expected::BracketedIpv6));
    }
    let host = host::canonical(host_text).map(Host::of_canonical).map_err(|error| error.after(2))?;
    let port = match port_text {
        None => default_port,
        Some(text) => port(text).map_err(|error| error.after(2 + host_end - text.len()))?,
    };
    let path = if path.starts_with('/') { String::from(path) } else { format!("/{path}") };
    check_path(&path).map_err(|error| error.after(text.len() - path.len()))?;
    Ok((host, port, path))
}

fn check_path(path: &str) -> Result<(), ParseError> {
    let wrong = if path.starts_with('/') { path.find('#') } else { Some(0) };
    wrong.map_or_else(|| grammar::printable(path), |offset| Err(ParseError::new(offset, Expected::UrlPath)))
}
