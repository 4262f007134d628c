//! Multi-protocol addresses: one line of text says how to reach a peer, and which key it proves.
//!
//! A [`MultiAddress`] is one or more [`Address`]es, best first, with `;` between. An address is a transport and the
//! transforms over it, with `~` between, and each of these is a [`Layer`]: a name and fields of data, with `:` between.
//! In a field, the characters `;`, `~`, `:` and `!` are escaped by a `!` before them.
//!
//! ```
//! use multiserver_core::address::{MultiAddress, Net, Shs};
//!
//! let multi: MultiAddress = "net:example.com:8008~shs:DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=".parse()?;
//! for address in multi.addresses() {
//!     let net = Net::try_from(address.transport())?;
//!     assert_eq!((net.host.as_str(), net.port), ("example.com", 8008));
//!     for layer in address.transforms() {
//!         assert!(Shs::try_from(layer)?.seed.is_none());
//!     }
//! }
//! # Ok::<(), multiserver_core::address::ParseError>(())
//! ```
//!
//! Layers of unknown names are kept and printed unchanged. A layer of a known name must have valid data; otherwise the
//! [`ParseError`] says where the data is wrong and what was expected. Reading an address does not resolve host names,
//! and does not check that keys are points of the curve.
//!
//! Each address has one canonical text, which is the one that is printed; other accepted spellings, such as
//! `net:[::1]:8008` or a key without its padding, are converted to it.

mod error;
mod escape;
mod expected_peer;
mod grammar;
mod host;
mod known;
mod layer;
pub mod legacy;
mod multi;
mod scope;
mod single;
mod ssb_uri;

pub use error::{Expected, ParseError};
pub use expected_peer::ExpectedPeer;
pub use host::Host;
pub use known::{Channel, Net, NoAuth, Onion, Shs, Tunnel, Unix, Ws, Wss, is_known};
pub use layer::{Layer, LayerBuf};
pub use multi::MultiAddress;
pub use scope::{ParseScopeError, Scope};
pub use single::Address;
