//! Reaching peers by every transport there is.

use crate::report::exit::Failure;
use crate::streams::place::host_and_port;
use clap::Args;
use multiserver_compose as compose;
use multiserver_tokio::{Multiserver, Native, Net, NoAuth, Onion, Proxy, Shs, Suite, Tokio, Transport, Unix, Ws, Wss};

/// The transports that can be dialled, for people.
pub(crate) const TRANSPORTS: &str = "net, ws, wss, unix and onion, each with shs, and unix with noauth";

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

/// With nothing over the transport where there is none.
impl<S: Secure> Secure for Option<S> {
    fn over(&self, transport: impl Transport) -> Suite {
        match self {
            Some(secure) => secure.over(transport),
            None => Suite::new(transport),
        }
    }
}

/// How peers are reached.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How to get there")]
pub(crate) struct DialOptions {
    /// Reach everybody through the SOCKS5 proxy there, which looks up all hosts; addresses other than net and onion are
    /// not reached then. Without this, onion addresses go through Tor on this machine, at port 9050 or 9150, and all others
    /// through none.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    proxy: Option<String>,
}

impl DialOptions {
    /// A multiserver that reaches peers only.
    pub(crate) fn multiserver(&self, secure: &impl Secure) -> Result<Multiserver, Failure> {
        self.multiserver_on(Tokio, secure)
    }

    /// The same on another runtime.
    pub(crate) fn multiserver_on<R: Native>(
        &self,
        runtime: R,
        secure: &impl Secure,
    ) -> Result<compose::Multiserver<R>, Failure> {
        let builder = compose::Multiserver::builder_on(runtime);
        let builder = match &self.proxy {
            Some(place) => {
                let proxy = Proxy::at([place]);
                let net = secure.over(Net::dial_only().through(proxy.clone()));
                builder.suite(net).suite(secure.over(Onion::new().through(proxy)))
            }
            None => builder
                .suite(secure.over(Net::dial_only()))
                .suite(secure.over(Ws::dial_only()))
                .suite(secure.over(Wss::dial_only()))
                .suite(secure.over(Unix::dial_only()))
                // Within the device nobody has to prove anything, as at the socket of an SSB server.
                .suite(Unix::dial_only().then(NoAuth))
                .suite(secure.over(Onion::new())),
        };
        builder.build().map_err(Failure::failed)
    }

    /// Whether all hosts are looked up by a proxy.
    pub(crate) const fn is_through_proxy(&self) -> bool {
        self.proxy.is_some()
    }
}
