//! The transports and transforms of this crate, as far as their features are enabled.

/// The parts of [`Channel`]: byte streams over messages, and the messages.
#[cfg(feature = "channel")]
pub use crate::channel;
#[cfg(feature = "channel")]
pub use crate::channel::Channel;
pub use crate::net::Net;
pub use crate::noauth::NoAuth;
#[cfg(feature = "onion")]
pub use crate::onion::Onion;
#[cfg(feature = "onion")]
pub use crate::proxy::Proxy;
pub use crate::shs::Shs;
#[cfg(feature = "unix")]
pub use crate::unix::Unix;
/// The parts of [`Ws`] and `Wss`: bounds, certificates, HTTP.
#[cfg(feature = "ws")]
pub use crate::ws;
#[cfg(feature = "ws")]
pub use crate::ws::Ws;
#[cfg(feature = "tls")]
pub use crate::ws::Wss;
