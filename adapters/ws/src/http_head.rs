//! The heads of HTTP/1.1 requests and responses, within a bound.

use crate::Error;
use crate::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use futures_io::AsyncRead;
use httparse::{EMPTY_HEADER, Status};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;

/// How many headers a head may have.
const MOST_HEADERS: usize = 100;

/// How many bytes are read at once.
const CHUNK: usize = 1024;

/// A head, and the bytes that came after it.
pub(crate) struct Head {
    bytes: Vec<u8>,
    end: usize,
}

impl Head {
    /// Reads up to the empty line, and no more than `longest` bytes and one chunk.
    pub(crate) async fn read<S: AsyncRead + Unpin>(io: &mut S, longest: usize) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let mut chunk = [0; CHUNK];
        loop {
            let count = poll_fn(|cx| Pin::new(&mut *io).poll_read(cx, &mut chunk)).await?;
            if count == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let known = bytes.len();
            bytes.extend(chunk.iter().take(count));
            let end = end_of_head(&bytes, known);
            let of_head = bytes.get(known..end.unwrap_or(bytes.len())).unwrap_or_default();
            // A control character, such as the first byte of TLS, means that this is not HTTP: the empty line may never
            // come.
            if of_head.iter().any(|byte| byte.is_ascii_control() && !b"\r\n\t".contains(byte)) {
                return Err(not_http());
            }
            if end.unwrap_or(bytes.len()) > longest {
                return Err(Error::HeadTooLong(longest).into());
            }
            if let Some(end) = end {
                return Ok(Self { bytes, end });
            }
        }
    }

    /// The head as a request.
    pub(crate) fn request(&self) -> io::Result<Request<()>> {
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        complete(parsed.parse(self.bytes()))?;
        let mut request = Request::new(());
        *request.method_mut() = parsed.method.and_then(|text| Method::try_from(text).ok()).ok_or_else(not_http)?;
        *request.uri_mut() = parsed.path.and_then(|text| Uri::try_from(text).ok()).ok_or_else(not_http)?;
        if parsed.version == Some(0) {
            *request.version_mut() = crate::http::Version::HTTP_10;
        }
        *request.headers_mut() = header_map(parsed.headers)?;
        Ok(request)
    }

    /// The head as a response.
    pub(crate) fn response(&self) -> io::Result<(StatusCode, HeaderMap)> {
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Response::new(&mut headers);
        complete(parsed.parse(self.bytes()))?;
        let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or_else(not_http)?;
        Ok((status, header_map(parsed.headers)?))
    }

    /// What came after the head.
    pub(crate) fn into_rest(mut self) -> Vec<u8> {
        self.bytes.split_off(self.end)
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or(&self.bytes)
    }
}

/// Whether one of the header's comma-separated words is this one, in whatever case.
pub(crate) fn has_word(headers: &HeaderMap, name: &str, word: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|other| other.trim().eq_ignore_ascii_case(word))
}

/// Where the head ends, if its end is there; `known` bytes were searched before.
fn end_of_head(bytes: &[u8], known: usize) -> Option<usize> {
    const END: &[u8] = b"\r\n\r\n";
    let from = known.saturating_sub(END.len() - 1);
    let found = bytes.get(from..)?.windows(END.len()).position(|window| window == END)?;
    Some(from + found + END.len())
}

fn complete(parsed: httparse::Result<usize>) -> io::Result<()> {
    match parsed.map_err(Error::NotHttp)? {
        Status::Complete(_) => Ok(()),
        Status::Partial => Err(not_http()),
    }
}

fn header_map(headers: &[httparse::Header<'_>]) -> io::Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for header in headers {
        let name = HeaderName::try_from(header.name).map_err(|_| not_http())?;
        let value = HeaderValue::from_bytes(header.value).map_err(|_| not_http())?;
        map.append(name, value);
    }
    Ok(map)
}

fn not_http() -> io::Error {
    Error::NotHttp(httparse::Error::Token).into()
}
