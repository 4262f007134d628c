//! Byte streams over WebSocket messages (RFC 6455), on any futures-io stream.
//!
//! [`connect`] and [`accept`] upgrade a stream to a [`WebSocket`]; with the feature `tls`, [`tls`] puts TLS under it.
//! For addresses, listening and dialling, add the crate of a runtime, such as `multiserver-tokio`.
//!
//! ```
//! use futures_io::{AsyncRead, AsyncWrite};
//! use multiserver_ws::{Config, Target, Timer, WebSocket, connect};
//!
//! /// Upgrades a stream to `ws://example.com/path`; the timer is the runtime's.
//! async fn upgrade<S>(stream: S, timer: &Timer) -> std::io::Result<WebSocket<S>>
//! where
//!     S: AsyncRead + AsyncWrite + Unpin,
//! {
//!     let target = Target { host: "example.com", path: "/path" };
//!     connect(stream, target, &Config::default(), timer).await
//! }
//! ```
//!
//! # How the bytes travel
//! - Every write becomes one binary message. The receiver joins the messages: their boundaries have no meaning. A text
//!   message is an error, and there is no compression.
//! - Pings are answered, and are sent when nothing was sent or received for a while ([`Config::ping_every`]), both while
//!   the stream is being read.
//! - Messages, buffers and HTTP heads are bounded by the [`Config`].
//!
//! # How it ends
//! A WebSocket has no half-close: a Close frame asks for the end of both directions. A layer above that has a goodbye of
//! its own, as box streams have, ends its directions one by one while the WebSocket stays open below. The Close frame is
//! sent when the writing half is closed or dropped, whichever comes first; what the peer still sends can be read until
//! its own Close frame, or until it has been silent for [`Config::linger`]. A server ends the stream below behind its
//! Close frame, since clients wait for that.
//!
//! The peer's Close frame ends reading, and no more: it is answered when this side ends, and until then writing goes on.
//! With another code than 1000 (normal) or 1001 (going away) it is an error, [`Error::Abnormal`]: bytes may be missing.
//! So a peer that closes right behind its goodbye, as the reference does, still receives what is written, as far as it
//! looks at it.
//!
//! Dropping cannot wait. The Close frame, and with TLS its alert, go out at once if the stream below takes them, as it
//! does unless the peer stopped reading; the reading half takes over what is left to send.
#![forbid(unsafe_code)]

mod below;
mod client;
mod config;
mod error;
mod held;
mod http_head;
mod origin;
mod server;
mod socket;
mod state;
#[cfg(feature = "tls")]
pub mod tls;
mod wakers;

pub use async_tungstenite::tungstenite::http;
pub use client::{Target, connect};
pub use config::{Config, Timer};
pub use error::Error;
pub use server::{Handler, accept, accept_local};
pub use socket::{ReadHalf, WebSocket, WriteHalf};
