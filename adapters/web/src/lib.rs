//! Multi-protocol addresses and the secret handshake in a web page: a runtime like the others, over the browser's own
//! WebSockets.
//!
//! `.ci/web` builds the npm package of it, with TypeScript types: `npm/` has the part of it that is JavaScript, and a
//! page that shows it. A page dials `ws` and `wss` addresses with `shs` or `noise`; it cannot listen.
//!
//! Backpressure: where the browser has `WebSocketStream`, each side waits while the other does not read. Elsewhere writing
//! waits while the browser has more than 1 MiB to send, and a page cannot ask a WebSocket to wait, so what has come and is not
//! read is bounded by 16 MiB; a connection whose peer sends more than that ahead is closed, and reading ends with an error
//! that says so.
#![cfg(target_family = "wasm")]

mod api;
mod browser;
mod socket;
mod socket_stream;
mod transport;

pub use api::{Identity, Pipe, dial, parse_address};
pub use browser::Browser;
pub use transport::WebSockets;
