//! The server's side: upgrades a client that asks for a WebSocket, and answers other requests.

use crate::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING, UPGRADE};
use crate::http::{HeaderValue, Method, Request, Response, StatusCode};
use crate::http_head::{Head, has_word};
use crate::origin::is_local;
use crate::{Config, Error, Timer, WebSocket};
use async_tungstenite::tungstenite::handshake::server::create_response;
use async_tungstenite::tungstenite::protocol::Role;
use bytes::Bytes;
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use std::io;
use std::pin::Pin;
use std::sync::Arc;

/// Answers an HTTP request that does not ask for a WebSocket.
///
/// The body of the request is not read, and the connection is closed after the answer.
pub type Handler = Arc<dyn Fn(Request<()>) -> Pin<Box<dyn Future<Output = Response<Bytes>> + Send>> + Send + Sync>;

/// How many bytes that a client still sends are read after an answer, so that a reset does not destroy the answer.
const TAKEN_AFTER_ANSWER: u64 = 64 * 1024;

/// Reads the client's request, and upgrades the stream when that is what it asks for.
///
/// Any path is accepted. A request for something else is answered by the handler or, without one, with 426 (Upgrade
/// Required); an invalid one with 400 or 431.
///
/// # Errors
/// The stream failed; or the client asked for something else, and was [answered](Error::Answered) by the handler or
/// [turned down](Error::Denied).
///
/// # Cancel safety
/// Dropping the future drops the stream in it. There is no deadline here: set one around it.
pub async fn accept<S>(io: S, config: &Config, handler: Option<&Handler>, timer: &Timer) -> io::Result<WebSocket<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    upgrade(io, config, handler, |_| true, timer).await
}

/// Does what [`accept`] does, for a server whose clients prove nothing and that is for this device alone: an upgrade is
/// answered with 403 (Forbidden) when its `Host` is not a loopback host, or when its `Origin` is neither that host nor
/// one of these origins, such as `https://example.org`. So no web page reaches the server through its visitor's
/// browser.
///
/// # Errors
/// As [`accept`].
///
/// # Cancel safety
/// As [`accept`].
pub async fn accept_local<S>(
    io: S,
    config: &Config,
    handler: Option<&Handler>,
    origins: &[String],
    timer: &Timer,
) -> io::Result<WebSocket<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    upgrade(io, config, handler, |request| is_local(request, origins), timer).await
}

async fn upgrade<S>(
    mut io: S,
    config: &Config,
    handler: Option<&Handler>,
    admits: impl Fn(&Request<()>) -> bool,
    timer: &Timer,
) -> io::Result<WebSocket<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let head = Head::read(&mut io, config.longest_head).await;
    let request = head.and_then(|head| head.request().map(|request| (head, request)));
    let (head, request) = match request {
        Ok(request) => request,
        Err(error) => {
            if let Some(status) = status_of(&error) {
                answer(&mut io, plain(status), false).await?;
            }
            return Err(error);
        }
    };
    let upgrade =
        if has_word(request.headers(), "Upgrade", "websocket") { create_response(&request).ok() } else { None };
    if upgrade.is_some() && !admits(&request) {
        answer(&mut io, plain(StatusCode::FORBIDDEN), false).await?;
        return Err(Error::Denied(StatusCode::FORBIDDEN).into());
    }
    if let Some(response) = upgrade {
        io.write_all(&head_of(&response)).await?;
        io.flush().await?;
        return Ok(WebSocket::new(io, head.into_rest(), Role::Server, config, timer).await);
    }
    let without_body = request.method() == Method::HEAD;
    let (response, outcome): (_, fn(_) -> _) = match handler {
        Some(handler) => (handler(request).await, Error::Answered),
        None => (upgrade_required(), Error::Denied),
    };
    let status = response.status();
    answer(&mut io, response, without_body).await?;
    Err(outcome(status).into())
}

/// Sends a response, then ends the stream.
async fn answer<S>(io: &mut S, response: Response<Bytes>, without_body: bool) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(TRANSFER_ENCODING);
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    parts.headers.append(CONNECTION, HeaderValue::from_static("close"));
    io.write_all(&head_of(&Response::from_parts(parts, ()))).await?;
    if !without_body {
        // Not copied, since many clients may take the same body slowly.
        io.write_all(&body).await?;
    }
    io.close().await?;
    futures_util::io::copy(io.take(TAKEN_AFTER_ANSWER), &mut futures_util::io::sink()).await?;
    Ok(())
}

fn head_of(response: &Response<()>) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// The response to a request that asks for no upgrade (RFC 9110, section 15.5.22).
fn upgrade_required() -> Response<Bytes> {
    let mut response = plain(StatusCode::UPGRADE_REQUIRED);
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert("sec-websocket-version", HeaderValue::from_static("13"));
    response
}

fn plain(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(format!("{status}\n").into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// The status for a request that could not be read.
fn status_of(error: &io::Error) -> Option<StatusCode> {
    let error = error.get_ref()?.downcast_ref()?;
    match error {
        Error::HeadTooLong(_) => Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        Error::NotHttp(_) => Some(StatusCode::BAD_REQUEST),
        Error::Denied(_)
        | Error::Answered(_)
        | Error::Refused(_)
        | Error::WrongUpgrade(_)
        | Error::TextMessage
        | Error::LongBeforeProof(_)
        | Error::Lingering
        | Error::Abnormal(_)
        | Error::AmidMessage
        | Error::Protocol(_) => None,
    }
}
