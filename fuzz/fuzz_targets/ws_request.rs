//! A WebSocket server's clients may send anything, in any pieces, before the upgrade and after it: the server ends with
//! a WebSocket or an error, waits for nothing that never comes, and writes no more than a short answer to each. It reads
//! what a plain reader of all frames reads.
#![no_main]

#[path = "../../adapters/io/tests/support/mod.rs"]
mod pipes;
#[path = "../../adapters/ws/tests/support/mod.rs"]
mod support;
mod ws_peer;

use arbitrary::Arbitrary;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use libfuzzer_sys::fuzz_target;
use multiserver_ws::http::{Request, Response};
use multiserver_ws::{Config, Handler, accept, accept_local};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use support::{Clock, frame, request};
use ws_peer::{Peer, frames, run};

/// The longest answer to a request, in bytes.
const LONGEST_ANSWER: usize = 256;
const LONGEST_MESSAGE: usize = 2048;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    head: Head<'a>,
    parts: Vec<Part<'a>>,
    /// Exclusive-ors a byte: where, with what.
    altered: Option<(u16, u8)>,
    server: Server,
    /// How many bytes are read, and written, at once, used cyclically; for 0 the server has to wait.
    pieces: Vec<u8>,
}

#[derive(Debug, Arbitrary)]
enum Head<'a> {
    Any(&'a [u8]),
    Honest,
    Upgrade { path: &'a str, headers: &'a str },
}

#[derive(Debug, Arbitrary)]
enum Part<'a> {
    Message(&'a [u8]),
    /// A frame with any first byte: its kind, and whether it is the last of a message.
    Frame {
        first: u8,
        payload: &'a [u8],
    },
    Any(&'a [u8]),
}

#[derive(Debug, Arbitrary)]
struct Server {
    is_local: bool,
    has_handler: bool,
    is_unproven: bool,
}

/// What became of a connection. Of two mistakes in the same bytes, the pieces decide which one is told.
#[derive(Debug)]
struct Outcome {
    /// Why there is no WebSocket.
    refused: Option<String>,
    received: Vec<u8>,
    /// How reading ended.
    end: Option<String>,
}

fuzz_target!(|input: Input<'_>| {
    let sent = input.sent();
    let (outcome, written) = serve(&input.server, &sent, &input.pieces);
    let (at_once, _) = serve(&input.server, &sent, &[]);
    // A long message of an unproven client ends it once its head is there, also when earlier ones were not read yet.
    if !(input.server.is_unproven && outcome.end.is_some()) {
        assert_eq!(outcome.received, at_once.received, "{outcome:?} {at_once:?}");
    }
    assert_eq!(outcome.refused.is_some(), at_once.refused.is_some(), "{outcome:?} {at_once:?}");
    assert_eq!(outcome.end.is_some(), at_once.end.is_some(), "{outcome:?} {at_once:?}");
    if let Some(bytes) = input.frames(&sent) {
        assert_eq!(outcome.refused, None);
        let (received, is_clean) = frames::read(bytes, LONGEST_MESSAGE);
        assert_eq!((&at_once.received, at_once.end.is_none()), (&received, is_clean), "{at_once:?}");
    }
    match &outcome.refused {
        None => {
            assert!(written.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
            assert!(written.len() <= LONGEST_ANSWER + sent.len(), "{} bytes for {}", written.len(), sent.len());
        }
        Some(error) => assert!(written.len() <= LONGEST_ANSWER, "{} bytes: {error}", written.len()),
    }
});

impl Input<'_> {
    fn sent(&self) -> Vec<u8> {
        let mut sent = match self.head {
            Head::Any(bytes) => bytes.to_vec(),
            Head::Honest => request("/", ""),
            Head::Upgrade { path, headers } => request(path, headers),
        };
        for part in &self.parts {
            match part {
                Part::Message(payload) => sent.extend(frame(0x82, payload)),
                Part::Frame { first, payload } => sent.extend(frame(*first, payload)),
                Part::Any(bytes) => sent.extend_from_slice(bytes),
            }
        }
        if let Some((at, with)) = self.altered
            && let Some(byte) = sent.get_mut(usize::from(at))
        {
            *byte ^= with;
        }
        sent
    }

    /// The frames behind an honest request; `None` where the request is another one, or the server another for it.
    fn frames<'s>(&self, sent: &'s [u8]) -> Option<&'s [u8]> {
        let is_honest = matches!(self.head, Head::Honest) && !self.server.is_local && !self.server.is_unproven;
        is_honest.then(|| sent.strip_prefix(&*request("/", ""))).flatten()
    }
}

/// What becomes of a client that sends these bytes and then ends, and all that is written to it.
fn serve(server: &Server, sent: &[u8], pieces: &[u8]) -> (Outcome, Vec<u8>) {
    let (peer, written) = Peer::new(sent, pieces);
    // A clock that stands still: nothing here waits for time to pass.
    let clock = Clock::default();
    let outcome = run(async {
        let config = Config::default().longest_head(1024).longest_message(LONGEST_MESSAGE);
        let (timer, handler) = (clock.timer(), server.has_handler.then(handler));
        let socket = if server.is_local {
            accept_local(peer, &config, handler.as_ref(), &["https://example.org".to_owned()], &timer).await
        } else {
            accept(peer, &config, handler.as_ref(), &timer).await
        };
        let mut outcome = Outcome { refused: None, received: Vec::new(), end: None };
        let mut socket = match socket {
            Ok(socket) => socket,
            Err(error) => {
                outcome.refused = Some(error.to_string());
                return outcome;
            }
        };
        if server.is_unproven {
            socket.bound_until(Arc::new(AtomicBool::new(false)));
        }
        outcome.end = socket.read_to_end(&mut outcome.received).await.err().map(|error| error.to_string());
        // Whether this is an error depends on what the client was told before.
        let _ = socket.close().await;
        outcome
    });
    (outcome, written.take())
}

fn handler() -> Handler {
    Arc::new(|request: Request<()>| {
        let length = request.uri().path().len();
        Box::pin(async move { Response::new(vec![b'x'; length.min(64)].into()) })
    })
}
