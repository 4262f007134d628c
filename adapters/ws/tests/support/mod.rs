//! WebSockets over pipes, a peer that writes frames by hand, and a clock that stands still.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, unreachable_pub)]

use crate::pipes::{End, PipeReader, PipeWriter, pipe, poll_once};
use futures_executor::block_on;
use futures_util::future::join;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_ws::{Config, Target, Timer, WebSocket, accept, connect};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

/// A clock that a test sets forward.
#[derive(Clone, Default)]
pub struct Clock(Arc<Mutex<(Duration, Vec<Waker>)>>);

impl Clock {
    pub fn timer(&self) -> Timer {
        let clock = Arc::clone(&self.0);
        Arc::new(move |duration| {
            let end = clock.lock().unwrap().0 + duration;
            let clock = Arc::clone(&clock);
            Box::pin(std::future::poll_fn(move |cx| {
                let mut clock = clock.lock().unwrap();
                if clock.0 >= end {
                    return Poll::Ready(());
                }
                clock.1.push(cx.waker().clone());
                Poll::Pending
            }))
        })
    }

    pub fn advance(&self, duration: Duration) {
        let mut clock = self.0.lock().unwrap();
        clock.0 += duration;
        let wakers = std::mem::take(&mut clock.1);
        drop(clock);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// A client and a server after the upgrade.
pub fn pair((near, far): (End, End), clock: &Clock) -> (WebSocket<End>, WebSocket<End>) {
    let (config, timer) = (Config::default(), clock.timer());
    let target = Target { host: "example.org", path: "/?query" };
    let (near, far) = block_on(join(connect(near, target, &config, &timer), accept(far, &config, None, &timer)));
    (near.unwrap(), far.unwrap())
}

/// A client that writes its own frames.
pub struct Raw {
    pub write: PipeWriter,
    pub read: PipeReader,
    server: Option<End>,
}

impl Raw {
    pub fn client(capacity: usize) -> Self {
        let (to_server, from_client) = pipe(capacity);
        let (to_client, from_server) = pipe(capacity);
        Self { write: to_server, read: from_server, server: Some(End { read: from_client, write: to_client }) }
    }

    /// The end that the server gets, once.
    pub fn far(&mut self) -> End {
        self.server.take().unwrap()
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.write.write_all(bytes).await.unwrap();
        self.write.flush().await.unwrap();
    }

    /// The server's next frame: its first byte, and its payload.
    pub async fn frame(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.read.read_exact(&mut head).await.unwrap();
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.read.read_exact(&mut length).await.unwrap();
                u64::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                self.read.read_exact(&mut length).await.unwrap();
                u64::from_be_bytes(length)
            }
            length => u64::from(length),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.read.read_exact(&mut payload).await.unwrap();
        (head[0], payload)
    }

    /// All that the server still sends, up to its end.
    pub async fn text(&mut self) -> String {
        let mut text = String::new();
        self.read.read_to_string(&mut text).await.unwrap();
        text
    }

    /// Whether the server sent something that was not read.
    pub fn has_bytes(&mut self) -> bool {
        matches!(poll_once(self.read.read(&mut [0; 1])), Poll::Ready(Ok(1)))
    }

    /// Whether the server ended its direction.
    pub fn has_ended(&mut self) -> bool {
        matches!(poll_once(self.read.read(&mut [0; 1])), Poll::Ready(Ok(0)))
    }

    /// Whether the server has not read everything that this side sent.
    pub fn has_sent_bytes(&self) -> bool {
        self.write.has_bytes()
    }
}

pub fn server(raw: &mut Raw, clock: &Clock) -> WebSocket<End> {
    server_with(raw, &Config::default(), clock)
}

pub fn server_with(raw: &mut Raw, config: &Config, clock: &Clock) -> WebSocket<End> {
    let (far, timer) = (raw.far(), clock.timer());
    let upgrade = async {
        raw.write(&request("/", "")).await;
        let mut response = Vec::new();
        while !response.ends_with(b"\r\n\r\n") {
            let mut byte = [0; 1];
            raw.read.read_exact(&mut byte).await.unwrap();
            response.extend_from_slice(&byte);
        }
        let response = String::from_utf8(response).unwrap().to_lowercase();
        assert!(response.starts_with("http/1.1 101 "), "{response}");
        assert!(response.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{response}");
    };
    let (socket, ()) = block_on(join(accept(far, config, None, &timer), upgrade));
    socket.unwrap()
}

/// The request of RFC 6455, section 1.3.
pub fn request(path: &str, headers: &str) -> Vec<u8> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    request.into_bytes()
}

/// A client's frame with this first byte.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(length) if length < 126 => frame.push(0x80 | length),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    let mask = [1, 2, 3, 4];
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Bytes that repeat only after 251.
pub fn text(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect()
}
