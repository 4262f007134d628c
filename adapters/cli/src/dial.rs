//! Reaching peers by every transport there is.

use crate::exit::Failure;
use crate::pipe;
use multiserver_compose as compose;
use multiserver_tokio::{Connection, Multiserver, Native, Net, Onion, Shs, Suite, Tokio, Transport, Unix, Ws, Wss};
use std::time::Duration;

/// The transports that [`multiserver`] dials, for people.
pub(crate) const TRANSPORTS: &str = "net, ws, wss, unix and onion, each with shs";

/// How long a peer's goodbye is waited for.
const PARTING: Duration = Duration::from_secs(1);

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
    multiserver_on(Tokio, secure)
}

/// The same on another runtime.
pub(crate) fn multiserver_on<R: Native>(runtime: R, secure: &impl Secure) -> Result<compose::Multiserver<R>, Failure> {
    let builder = compose::Multiserver::builder_on(runtime)
        .suite(secure.over(Net::dial_only()))
        .suite(secure.over(Ws::dial_only()))
        .suite(secure.over(Wss::dial_only()))
        .suite(secure.over(Unix::dial_only()))
        .suite(secure.over(Onion::new()));
    builder.build().map_err(Failure::failed)
}

/// Parts from a peer that was to be reached and no more, and that may not want to wait for it.
pub(crate) async fn part(mut connection: Connection) {
    match tokio::time::timeout(PARTING, pipe::part(&mut connection)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("no goodbye: {error}"),
        Err(_) => tracing::debug!("no goodbye within {PARTING:?}"),
    }
}
