//! Reaching peers by every transport there is.

use crate::exit::Failure;
use multiserver_tokio::{Multiserver, Net, Onion, Shs, Suite, Transport, Unix, Ws, Wss};

/// The transports that [`multiserver`] dials, for people.
pub(crate) const TRANSPORTS: &str = "net, ws, wss, unix and onion, each with shs";

/// What makes suites of transports.
pub(crate) trait Secure {
    /// The suite over this transport.
    fn over(&self, transport: impl Transport) -> Suite;
}

impl Secure for Shs {
    fn over(&self, transport: impl Transport) -> Suite {
        Suite::new(transport).then(self.clone())
    }
}

/// A multiserver that reaches peers only.
pub(crate) fn multiserver(secure: &impl Secure) -> Result<Multiserver, Failure> {
    let builder = Multiserver::builder()
        .suite(secure.over(Net::dial_only()))
        .suite(secure.over(Ws::dial_only()))
        .suite(secure.over(Wss::dial_only()))
        .suite(secure.over(Unix::dial_only()))
        .suite(secure.over(Onion::new()));
    builder.build().map_err(Failure::failed)
}
