//! Requests and responses before there is a WebSocket.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../io/tests/support/mod.rs"]
mod pipes;
mod support;

use futures_executor::block_on;
use futures_util::future::join;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_ws::http::{Request, Response};
use multiserver_ws::{Config, Error, Handler, Target, accept, connect};
use pipes::{ends, poll_once};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use support::{Clock, Raw, request};

/// What the server sends to this client, and why there is no WebSocket.
fn refused(sent: &[u8], handler: Option<&Handler>) -> (String, io::Error) {
    let mut raw = Raw::client(64 * 1024);
    let (far, config, timer) = (raw.far(), Config::default(), Clock::default().timer());
    let client = async {
        raw.write(sent).await;
        drop(raw.write);
        let mut text = String::new();
        raw.read.read_to_string(&mut text).await.unwrap();
        text
    };
    let (socket, text) = block_on(join(accept(far, &config, handler, &timer), client));
    (text, socket.unwrap_err())
}

#[test]
fn a_plain_request_gets_426() {
    let (text, error) = refused(b"GET /page HTTP/1.1\r\nHost: example.org\r\n\r\n", None);
    assert!(text.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{text}");
    assert!(text.contains("\r\nupgrade: websocket\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\n426 Upgrade Required\n"), "{text}");
    assert!(matches!(error.get_ref().unwrap().downcast_ref(), Some(Error::Denied(status)) if *status == 426));
}

#[test]
fn a_handler_answers_plain_requests_and_no_upgrades() {
    let handler: Handler = Arc::new(|request: Request<()>| {
        let text = format!("{} {} {:?}", request.method(), request.uri(), request.headers().get("x-word"));
        Box::pin(async { Response::builder().status(201).header("content-length", "9").body(text.into()).unwrap() })
    });
    let (text, error) = refused(b"POST /a?b HTTP/1.1\r\nX-Word: hi\r\n\r\nbody", Some(&handler));
    assert!(text.starts_with("HTTP/1.1 201 Created\r\n"), "{text}");
    assert!(text.contains("\r\ncontent-length: 20\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\nPOST /a?b Some(\"hi\")"), "{text}");
    assert!(matches!(error.get_ref().unwrap().downcast_ref(), Some(Error::Answered(status)) if *status == 201));
    let (text, _) = refused(b"HEAD / HTTP/1.1\r\n\r\n", Some(&handler));
    assert!(text.contains("\r\ncontent-length: 11\r\n") && text.ends_with("\r\n\r\n"), "{text}");

    let mut raw = Raw::client(4096);
    let (far, config, timer) = (raw.far(), Config::default(), Clock::default().timer());
    block_on(raw.write(&request("/", "")));
    assert!(block_on(accept(far, &config, Some(&handler), &timer)).is_ok());
}

#[test]
fn a_broken_upgrade_is_answered_too() {
    let good = String::from_utf8(request("/", "")).unwrap();
    for (from, to) in [
        ("Version: 13", "Version: 8"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "short"),
        ("Connection: keep-alive, Upgrade", "Connection: close"),
        ("GET", "POST"),
        ("HTTP/1.1", "HTTP/1.0"),
    ] {
        let (text, _) = refused(good.replace(from, to).as_bytes(), None);
        assert!(text.starts_with("HTTP/1.1 426 "), "{to}: {text}");
        assert!(text.contains("\r\nsec-websocket-version: 13\r\n"), "{to}: {text}");
    }
}

#[test]
fn what_is_no_http_gets_400_and_a_long_head_431() {
    let (text, error) = refused(b"\x16\x03\x01\x02\x00 hello\r\n\r\n", None);
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let (text, _) = refused(b"\x16\x03", None);
    assert!(text.starts_with("HTTP/1.1 400 "), "TLS is not waited on for an empty line: {text}");
    let endless = [&b"GET / HTTP/1.1\r\nX: "[..], &[b'x'; 10_000]].concat();
    let (text, error) = refused(&endless, None);
    assert!(text.starts_with("HTTP/1.1 431 "), "{text}");
    assert!(matches!(error.get_ref().unwrap().downcast_ref(), Some(Error::HeadTooLong(8192))));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(101));
    assert!(refused(many.as_bytes(), None).0.starts_with("HTTP/1.1 400 "));
}

#[test]
fn a_head_may_be_as_long_as_the_bound_and_not_a_byte_longer() {
    let head = |length: usize| request("/", &format!("X: {}\r\n", "x".repeat(length - request("/", "").len() - 5)));
    let config = Config::default().longest_head(600);
    for (length, is_taken) in [(600, true), (601, false)] {
        let mut raw = Raw::client(4096);
        let (far, timer) = (raw.far(), Clock::default().timer());
        assert_eq!(head(length).len(), length);
        block_on(raw.write(&head(length)));
        drop(raw.write);
        assert_eq!(block_on(accept(far, &config, None, &timer)).is_ok(), is_taken, "{length} bytes");
    }
}

#[test]
fn a_client_that_stops_within_its_request_is_an_error_at_every_byte() {
    let whole = request("/", "");
    for length in 0..whole.len() {
        let mut raw = Raw::client(4096);
        let (far, config, timer) = (raw.far(), Config::default(), Clock::default().timer());
        block_on(raw.write(&whole[..length]));
        let mut accepting = Box::pin(accept(far, &config, None, &timer));
        assert!(poll_once(accepting.as_mut()).is_pending(), "waiting after {length} bytes");
        drop(raw.write);
        assert_eq!(block_on(accepting).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}

/// Why the client does not accept this response; `KEY` stands for the right answer to its key.
fn client_error(response: &str) -> io::Error {
    let (near, mut far) = ends(64 * 1024);
    let (config, timer) = (Config::default(), Clock::default().timer());
    let server = async {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0; 1];
            far.read_exact(&mut byte).await.unwrap();
            request.extend_from_slice(&byte);
        }
        let request = String::from_utf8(request).unwrap();
        assert!(request.starts_with("GET /chat?room=1 HTTP/1.1\r\nHost: example.org:8080\r\n"), "{request}");
        let _ = far.write_all(response.as_bytes()).await;
        let _ = far.close().await;
    };
    let target = Target { host: "example.org:8080", path: "/chat?room=1" };
    let (socket, ()) = block_on(join(connect(near, target, &config, &timer), server));
    socket.unwrap_err()
}

#[test]
fn a_client_takes_no_other_answer_for_an_upgrade() {
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    for (response, text) in [
        ("HTTP/1.1 404 Not Found\r\n\r\n".to_owned(), "404 Not Found"),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n".to_owned(), "Upgrade"),
        (format!("{upgrade}\r\n"), "Sec-WebSocket-Accept"),
        (format!("{upgrade}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"), "Sec-WebSocket-Accept"),
        ("SSH-2.0-server\r\n\r\n".to_owned(), "HTTP"),
        (format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(10_000)), "longer than 8192"),
        ("HTTP/1.1 101".to_owned(), "end of file"),
    ] {
        let error = client_error(&response);
        assert!(error.to_string().contains(text), "{error} for {text}");
    }
}
