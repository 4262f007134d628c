//! Reaching peers by every transport there is.

use crate::exit::Failure;
use multiserver_tokio::{Multiserver, Net, Onion, Shs, Unix, Ws, Wss};

/// The transports that [`multiserver`] dials, for people.
pub(crate) const TRANSPORTS: &str = "net, ws, wss, unix and onion, each with shs";

/// A multiserver that reaches peers only.
pub(crate) fn multiserver(shs: Shs) -> Result<Multiserver, Failure> {
    let builder = Multiserver::builder()
        .suite(Net::dial_only().then(shs.clone()))
        .suite(Ws::dial_only().then(shs.clone()))
        .suite(Wss::dial_only().then(shs.clone()))
        .suite(Unix::dial_only().then(shs.clone()))
        .suite(Onion::new().then(shs));
    builder.build().map_err(Failure::failed)
}
