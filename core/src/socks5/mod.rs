//! The client of a SOCKS5 proxy: CONNECT (RFC 1928), without authentication or by user and password (RFC 1929).
//!
//! Host names are sent to the proxy, which resolves them; they are never resolved on this side.
//!
//! [`Connect`] is a [`Handshake`](crate::handshake::Handshake). When it is done, the stream to the proxy is the stream
//! to the target, and no byte of the target's has been read.
//!
//! ```
//! use multiserver_core::handshake::{Handshake, Step};
//! use multiserver_core::socks5::{Bound, Connect, Target};
//!
//! let mut connect = Connect::new(Target::new("example.onion", 8008)?, None);
//! // What a proxy answers: no authentication; then success, from 127.0.0.1:9.
//! let mut proxy = &[5, 0, 5, 0, 0, 1, 127, 0, 0, 1, 0, 9][..];
//! let bound = loop {
//!     match connect.step()? {
//!         Step::Write(step) => {
//!             let count = step.bytes().len();
//!             step.advance(count);
//!         }
//!         Step::Flush(step) => step.done(),
//!         Step::Read(mut step) => {
//!             let (answer, rest) = proxy.split_at(step.buffer().len());
//!             step.buffer().copy_from_slice(answer);
//!             step.advance(answer.len());
//!             proxy = rest;
//!         }
//!         Step::Done(bound) => break bound,
//!     }
//! };
//! assert_eq!(bound, Bound::Ip("127.0.0.1:9".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod connect;
mod credentials;
mod error;
mod target;

pub use connect::{Bound, Connect};
pub use credentials::{Credentials, CredentialsLength};
pub use error::{Error, Refusal, Stage};
pub use target::{Target, TargetError};

/// The version byte of SOCKS5 messages.
const VERSION: u8 = 5;

/// The version byte of user/password messages (RFC 1929).
const PASSWORD_VERSION: u8 = 1;

/// The authentication methods we know, as their codes.
const NO_AUTHENTICATION: u8 = 0;
const USER_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;

/// The forms of an address, as their codes.
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
