//! Multi-protocol addresses: how a peer is reached, and who it is, as one line of text.
//!
//! A [`MultiAddress`] is one or more [`Address`]es, best first, with `;` between. An address is a transport and the
//! transforms over it, with `~` between, and each of these is a [`Layer`]: a name and fields of data, with `:` between.
//! `;`, `~`, `:` and `!` themselves are written in a field with a `!` before.
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
//! Layers of unknown names are kept and printed unchanged. A layer of a known name has the data it ought to, or the
//! text is no address: the [`ParseError`] says where and what was expected. Names are not resolved, and keys are not
//! checked to be points, when an address is read.
//!
//! Each address has one canonical text, which is what is printed; other accepted spellings, such as
//! `net:[::1]:8008` or a key without its padding, are read as that.

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
