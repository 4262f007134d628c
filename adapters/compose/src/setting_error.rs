//! What is wrong with a transport's settings.

use multiserver_core::address::ParseError;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// What is wrong with a transport's settings.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// The text is not a `HOST:PORT` to listen at.
    #[error("cannot listen on `{0}`: expected a host, `:` and a port, such as 127.0.0.1:8008 or [::]:8008")]
    Bind(String),
    /// The socket that was given is not one of TCP.
    #[error("cannot listen on the socket that is open already: it has no address of TCP: {0}")]
    Socket(Arc<io::Error>),
    /// The path cannot be written in an address.
    #[error("cannot listen on the path `{}`: {error}", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// Which part of the path an address cannot hold.
        error: ParseError,
    },
    /// The Unix socket that was given has no path that others could connect to.
    #[error("cannot listen on the socket that is open already: it has no path")]
    NoPath,
    /// A text is no network of load balancers.
    #[error("`{0}` is no network: expected an IP address, or one with the length of its prefix, such as 192.0.2.0/24")]
    Network(String),
    /// A text is no external host name.
    #[error("the external host `{text}` is none: {error}")]
    ExternalHost {
        /// The text.
        text: String,
        /// What is wrong with it.
        error: ParseError,
    },
    /// The external URL with this number, counted from 1, is not a WebSocket URL. The text is left out, since a URL may
    /// hold a password.
    #[error("external address {0} is not a URL such as wss://example.org/path")]
    ExternalUrl(usize),
    /// The proxy with this number, counted from 1, is not a `HOST:PORT`. The text is left out, since a URL given by
    /// mistake may hold a password.
    #[error("proxy address {0} is not HOST:PORT, such as 127.0.0.1:9050 or [::1]:9050")]
    Proxy(usize),
    /// The list of proxies is empty.
    #[error("a proxy needs an address, such as 127.0.0.1:9050")]
    NoProxy,
    /// An error of the application's own transport.
    #[error("{0}")]
    Other(Arc<dyn Error + Send + Sync>),
}
