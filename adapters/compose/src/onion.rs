//! Tor's onion services as a transport.

use crate::{
    Attempt, BoxFuture, Dial, DialPlan, LayerError, Limits, Listener, Opened, Plan, Proxy, Runtime, SettingError,
    Transport,
};
use multiserver_core::address::{self, Layer, LayerBuf, Scope};
use std::io;
use std::time::Duration;

/// How long an attempt may take: as long as Tor itself tries by default (`SocksTimeout`).
const DEADLINE: Duration = Duration::from_secs(120);

/// `onion`: TCP through Tor, to onion services or to any other host.
///
/// It dials through the SOCKS port of a Tor process that runs already, by default [`Proxy::tor`], and does not look up
/// names itself. An attempt may take two minutes unless [`Suite::limits`](crate::Suite::limits) or
/// [`Builder::limits`](crate::Builder::limits) says otherwise: Tor has to find the service and build circuits first.
///
/// # Serving behind Tor
/// This transport only dials. A server behind Tor uses a suite of [`Net`](crate::Net) on a loopback address, to which
/// an onion service leads; for a server at 127.0.0.1:8008, Tor's `torrc` has
/// ```text
/// HiddenServiceDir /var/lib/tor/multiserver/
/// HiddenServicePort 8008 127.0.0.1:8008
/// ```
/// Once restarted, Tor has written the service's name to the file `hostname` in that directory. Given that name as an
/// external one, the suite has an `onion` address in the public scope:
/// ```
/// use multiserver_compose::{Limits, Net, Shs, Suite};
///
/// fn suite(hostname: &str, identity: multiserver_core::keys::KeyPair) -> Suite {
///     let everyone_is_tor = Limits::default().pending_per_source(256);
///     Net::bind("127.0.0.1:8008").external(hostname.trim()).then(Shs::new(identity)).limits(everyone_is_tor)
/// }
/// ```
/// - With another port in front, `HiddenServicePort 80 127.0.0.1:8008`, it is
///   [`external_at`](crate::Net::external_at) with port 80.
/// - All peers come from 127.0.0.1: only `shs` tells them apart, and the bound for one source is the bound for all.
/// - The directory holds the service's key. A thief of that key can run a service at that name, but cannot prove the
///   server's key to clients that use `shs`.
#[derive(Debug, Clone)]
pub struct Onion {
    proxy: Proxy,
}

impl Onion {
    /// Connections through Tor on this machine.
    #[must_use]
    pub fn new() -> Self {
        Self { proxy: Proxy::tor() }
    }

    /// Sets the proxy to dial through, instead of Tor on this machine.
    #[must_use]
    pub fn through(self, proxy: Proxy) -> Self {
        Self { proxy }
    }

    crate::suite::then!();
}

impl Default for Onion {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for Onion {
    fn name(&self) -> &str {
        "onion"
    }

    fn check(&self) -> Result<(), SettingError> {
        self.proxy.check()
    }

    fn default_limits(&self) -> Limits {
        Limits::default().deadline(DEADLINE)
    }

    fn max_scope(&self) -> Option<Scope> {
        None
    }

    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>> {
        let layer = address::Onion::try_from(layer).ok()?;
        Some(Plan::dial(layer.clone(), OnionDial { proxy: &self.proxy, layer }))
    }

    fn addresses(&self, _: &dyn Runtime, _: Scope) -> Vec<LayerBuf> {
        Vec::new()
    }

    fn listen<'a>(&'a self, _: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        Box::pin(async { Ok(None) })
    }
}

/// An onion service, or another host, to be dialled.
struct OnionDial<'o> {
    proxy: &'o Proxy,
    layer: address::Onion,
}

impl Dial for OnionDial<'_> {
    fn dial<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async move {
            let address::Onion { host, port } = &self.layer;
            Ok(Opened::new(self.proxy.dial(attempt, host, *port).await?))
        })
    }
}
