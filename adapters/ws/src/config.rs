//! The bounds of a WebSocket.

use async_tungstenite::tungstenite::protocol::WebSocketConfig;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// How many bytes of small messages are collected before they are written without a flush.
const WRITE_BUFFER: usize = 16 * 1024;

/// How much the library has room for while nothing comes, in bytes.
pub(crate) const SMALL_BUFFER: usize = 4096;

/// The longest message that is sent, in bytes; a longer write is taken in part.
pub(crate) const LONGEST_SENT: usize = 128 * 1024;

/// Room for frame headers and for control frames between messages, in bytes.
const CONTROL: usize = 1024;

/// Makes a future that ends after this time: the runtime's timer.
pub type Timer = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The bounds of a WebSocket.
///
/// A connection holds 4 KiB while nothing comes or goes. Otherwise it holds at most 16 KiB that are read ahead, one message of
/// the peer that is read and one that is not whole yet, and at most 145 KiB to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The longest message, and the longest frame of one, that is accepted, in bytes; 1 MiB by default.
    pub longest_message: usize,
    /// The longest head of an HTTP request or response, in bytes; 8 KiB by default.
    pub longest_head: usize,
    /// The longest time in which nothing is sent or received; after it, a ping is sent. 30 seconds by default, since
    /// reverse proxies cut a connection after 60.
    ///
    /// Whoever receives sends no pings: the peer may have sent all and be gone, and its system would answer a ping with a
    /// reset that overtakes what is still on its way.
    pub ping_every: Duration,
    /// How long a peer may be silent once this side has sent its Close frame; 10 seconds by default.
    pub linger: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            longest_message: 1024 * 1024,
            longest_head: 8 * 1024,
            ping_every: Duration::from_secs(30),
            linger: Duration::from_secs(10),
        }
    }
}

impl Config {
    /// The same with this value of [`longest_message`](Self::longest_message).
    #[must_use]
    pub const fn longest_message(self, longest_message: usize) -> Self {
        Self { longest_message, ..self }
    }

    /// The same with this value of [`longest_head`](Self::longest_head).
    #[must_use]
    pub const fn longest_head(self, longest_head: usize) -> Self {
        Self { longest_head, ..self }
    }

    /// The same with this value of [`ping_every`](Self::ping_every).
    #[must_use]
    pub const fn ping_every(self, ping_every: Duration) -> Self {
        Self { ping_every, ..self }
    }

    /// The same with this value of [`linger`](Self::linger).
    #[must_use]
    pub const fn linger(self, linger: Duration) -> Self {
        Self { linger, ..self }
    }

    /// The configuration of the WebSocket library.
    pub(crate) fn of_messages(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(SMALL_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(WRITE_BUFFER + LONGEST_SENT + CONTROL)
            .max_message_size(Some(self.longest_message))
            .max_frame_size(Some(self.longest_message))
    }
}
