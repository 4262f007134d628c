//! Dialling through a SOCKS5 proxy.

use crate::tcp::{Endpoint, connect_to_any};
use crate::{Attempt, SettingError, Stage};
use multiserver_core::address::Host;
use multiserver_core::socks5::{Credentials, Target};
use multiserver_io::Duplex;
use std::io::{self, ErrorKind};
use std::sync::Arc;

/// Where Tor's own SOCKS port is by default, and that of Tor Browser.
const TOR: [&str; 2] = ["127.0.0.1:9050", "127.0.0.1:9150"];

/// A SOCKS5 proxy that connections are dialled through: Tor on this machine, or another.
///
/// The proxy looks up the host names that it is asked for; only the proxy's own host name is looked up here. An attempt
/// that fails at the proxy is at [`Stage::Proxy`], and the source of its [`io::Error`] is the
/// [`socks5::Error`](multiserver_core::socks5::Error) that says what the proxy answered.
///
/// ```
/// # fn suites(identity: fn() -> multiserver_core::keys::KeyPair) -> Result<(), multiserver_core::socks5::CredentialsLength> {
/// use multiserver_compose::{Net, Onion, Proxy, Shs};
/// use multiserver_core::socks5::Credentials;
///
/// let isolated = Proxy::tor().credentials(Credentials::new("this program", "first circuit")?);
/// let onion = Onion::new().through(isolated.clone()).then(Shs::new(identity()));
/// let hidden = Net::dial_only().through(isolated).then(Shs::new(identity()));
/// let office = Net::dial_only().through(Proxy::at(["proxy.example:1080"])).then(Shs::new(identity()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Proxy {
    endpoints: Vec<Result<Endpoint, SettingError>>,
    credentials: Option<Arc<Credentials>>,
}

impl Proxy {
    /// Tor on this machine: its SOCKS port at 127.0.0.1:9050, or that of Tor Browser at 127.0.0.1:9150.
    #[must_use]
    pub fn tor() -> Self {
        Self::at(TOR)
    }

    /// The proxy at the first of these `HOST:PORT` that can be reached; IPv6 addresses stand in brackets.
    ///
    /// They are tried in this order; the next one is tried as well after a short delay. Only a proxy that cannot be
    /// reached is passed over, not one that refuses.
    #[must_use]
    pub fn at<T: Into<String>>(addresses: impl IntoIterator<Item = T>) -> Self {
        let endpoint =
            |(number, address): (usize, T)| Endpoint::parse(&address.into()).ok_or(SettingError::Proxy(number));
        Self { endpoints: (1..).zip(addresses).map(endpoint).collect(), credentials: None }
    }

    /// Sets the user name and password that are sent to the proxy.
    ///
    /// With Tor they separate streams: streams with different credentials never share a circuit, so no relay can tell
    /// that they have the same origin.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(Arc::new(credentials));
        self
    }

    pub(crate) fn check(&self) -> Result<(), SettingError> {
        match self.endpoints.iter().find_map(|endpoint| endpoint.as_ref().err()) {
            Some(error) => Err(error.clone()),
            None if self.endpoints.is_empty() => Err(SettingError::NoProxy),
            None => Ok(()),
        }
    }

    /// Opens a connection to this host and port through the proxy; the name is sent to the proxy alone.
    pub(crate) async fn dial(&self, attempt: &Attempt, host: &Host, port: u16) -> io::Result<Duplex> {
        attempt.enter(Stage::Proxy);
        let target =
            Target::new(host.as_str(), port).map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        let mut io = self.reach(attempt).await?;
        multiserver_socks::connect(&mut io, target, self.credentials.as_deref()).await?;
        Ok(io)
    }

    async fn reach(&self, attempt: &Attempt) -> io::Result<Duplex> {
        let endpoints = || self.endpoints.iter().flatten();
        connect_to_any(&**attempt.runtime(), endpoints()).await.map_err(|error| {
            let endpoints = endpoints().map(|endpoint| format!("{}:{}", endpoint.host.in_url(), endpoint.port));
            let endpoints = endpoints.collect::<Vec<_>>().join(" or ");
            io::Error::new(error.kind(), Unreachable { endpoints, error })
        })
    }
}

/// No proxy answers.
#[derive(Debug, thiserror::Error)]
#[error("there is no proxy at {endpoints}; is it running? ({error})")]
struct Unreachable {
    endpoints: String,
    error: io::Error,
}
