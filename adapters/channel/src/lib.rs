//! Byte streams over message channels, by which the parts of an app on one device talk, such as the screen of a React
//! Native app and the Node.js inside it, or a page and its worker.
//!
//! A channel carries texts in both directions. [`duplex`] makes a byte stream of any such channel, and [`codec`] reads
//! and writes the texts alone. The other end is Rust as well, or npm `multiserver-rn-channel`.
//!
//! ```
//! use futures_channel::mpsc;
//! use futures_util::{AsyncReadExt, AsyncWriteExt};
//!
//! # futures_executor::block_on(async {
//! let (to_worker, from_screen) = mpsc::channel::<String>(8);
//! let (to_screen, from_worker) = mpsc::channel::<String>(8);
//! let mut screen = multiserver_channel::duplex(from_worker, to_worker);
//! let mut worker = multiserver_channel::duplex(from_screen, to_screen);
//!
//! screen.write_all(b"hello").await?;
//! screen.close().await?;
//! let mut heard = String::new();
//! worker.read_to_string(&mut heard).await?;
//! assert_eq!(heard, "hello");
//! # std::io::Result::Ok(())
//! # })?;
//! # std::io::Result::Ok(())
//! ```
#![forbid(unsafe_code)]

pub mod codec;
mod stream;

pub use stream::{Reader, Writer, duplex};
