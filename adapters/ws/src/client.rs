//! The client's side: asks a server for a WebSocket.

use crate::http_head::{Head, has_word};
use crate::{Config, Error, Timer, WebSocket};
use async_tungstenite::tungstenite::handshake::client::generate_key;
use async_tungstenite::tungstenite::handshake::derive_accept_key;
use async_tungstenite::tungstenite::protocol::Role;
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::AsyncWriteExt;
use std::io;

use crate::http::{HeaderMap, StatusCode};

/// The target of a client's request.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The host, with the port unless it is the default one, as the header `Host` has it.
    pub host: &'a str,
    /// The path, and the query if there is one; it starts with `/`.
    pub path: &'a str,
}

/// Asks the server at the other end of the stream for a WebSocket.
///
/// # Errors
/// The stream failed, or the server did not [agree](Error) to a WebSocket.
///
/// # Cancel safety
/// Dropping the future drops the stream in it.
pub async fn connect<S>(mut io: S, target: Target<'_>, config: &Config, timer: &Timer) -> io::Result<WebSocket<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Target { host, path } = target;
    let key = generate_key();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    );
    io.write_all(request.as_bytes()).await?;
    io.flush().await?;
    let head = Head::read(&mut io, config.longest_head).await?;
    let (status, headers) = head.response()?;
    check(status, &headers, &key)?;
    Ok(WebSocket::new(io, head.into_rest(), Role::Client, config, timer).await)
}

/// The client's checks of the response (RFC 6455, section 4.1), for a request without extensions and subprotocols.
fn check(status: StatusCode, headers: &HeaderMap, key: &str) -> Result<(), Error> {
    if status != StatusCode::SWITCHING_PROTOCOLS {
        return Err(Error::Refused(status));
    }
    if !has_word(headers, "Upgrade", "websocket") {
        return Err(Error::WrongUpgrade("Upgrade"));
    }
    if !has_word(headers, "Connection", "upgrade") {
        return Err(Error::WrongUpgrade("Connection"));
    }
    if headers.get("Sec-WebSocket-Accept").is_none_or(|value| value != derive_accept_key(key.as_bytes()).as_str()) {
        return Err(Error::WrongUpgrade("Sec-WebSocket-Accept"));
    }
    let unexpected = ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"];
    match unexpected.into_iter().find(|name| headers.contains_key(*name)) {
        Some(name) => Err(Error::WrongUpgrade(name)),
        None => Ok(()),
    }
}
