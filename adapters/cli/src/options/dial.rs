//! Reaching peers by every transport there is.

use super::given::cannot_read;
use super::proxy::ProxyOptions;
use crate::report::exit::Failure;
use crate::report::mask::shown_path;
use clap::{Args, ValueHint};
use multiserver_tokio::compose;
use multiserver_tokio::{Multiserver, Native, Net, NoAuth, Onion, Proxy, Shs, Suite, Tokio, Transport, Unix, Ws, Wss};
use std::fs;
use std::path::PathBuf;

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

/// How peers are reached; without `Debug`, since a proxy may have a password.
#[derive(Clone, Default, Args)]
#[command(next_help_heading = "How to get there")]
pub(crate) struct DialOptions {
    #[command(flatten)]
    proxy: ProxyOptions,
    /// Trust the certificates of this authority, or this one that is self-signed, for wss addresses, besides those that
    /// the platform trusts: PEM text.
    #[arg(long = "ca", value_name = "FILE", value_hint = ValueHint::FilePath)]
    authority: Option<PathBuf>,
}

/// What reaches peers, with all read that the options name.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    proxy: Option<Proxy>,
    wss: Wss,
}

impl DialOptions {
    /// Reads the files that are named.
    pub(crate) fn read(&self) -> Result<Dialer, Failure> {
        let wss = match &self.authority {
            Some(path) => {
                let pem = fs::read(path);
                let pem = pem.map_err(|error| Failure::failed(cannot_read(path, &error)))?;
                let trusting = Wss::dial_only().root(pem);
                trusting.map_err(|error| Failure::failed(format_args!("--ca {}: {error}", shown_path(path))))?
            }
            None => Wss::dial_only(),
        };
        Ok(Dialer { proxy: self.proxy.read()?, wss })
    }
}

impl Dialer {
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
            Some(proxy) => {
                let net = secure.over(Net::dial_only().through(proxy.clone()));
                builder.suite(net).suite(secure.over(Onion::new().through(proxy.clone())))
            }
            None => builder
                .suite(secure.over(Net::dial_only()))
                .suite(secure.over(Ws::dial_only()))
                .suite(secure.over(self.wss.clone()))
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
