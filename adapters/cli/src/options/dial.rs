//! The options for connecting, by every transport.

use super::given::cannot_read;
use super::proxy::ProxyOptions;
use super::security::Secure;
use crate::report::exit::Failure;
use crate::report::mask::shown_path;
use clap::{Args, ValueHint};
use multiserver_tokio::compose;
use multiserver_tokio::{Multiserver, Native, Net, NoAuth, Onion, Proxy, Tokio, Transport, Unix, Ws, Wss};
use std::fs;
use std::path::PathBuf;

/// The transports that can be dialled, for messages.
pub(crate) const TRANSPORTS: &str = "net, ws, wss, unix and onion, each with shs or noise, and unix with noauth";

/// The options for connecting; without `Debug`, since a proxy may have a password.
#[derive(Clone, Default, Args)]
#[command(next_help_heading = "How to get there")]
pub(crate) struct DialOptions {
    #[command(flatten)]
    proxy: ProxyOptions,
    /// For wss addresses, also trust the authority with this certificate, or this self-signed certificate, in addition
    /// to those that the platform trusts; PEM text.
    #[arg(long = "ca", value_name = "FILE", value_hint = ValueHint::FilePath)]
    authority: Option<PathBuf>,
    /// Also take a weaker protocol than one by which the server has proven its key before, this time. What it has proven is
    /// in the file beside our identity whose name ends with `.protocols`.
    #[arg(long)]
    allow_downgrade: bool,
}

/// Connects to peers; the files that the options name are read.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    proxy: Option<Proxy>,
    wss: Wss,
    allows_downgrade: bool,
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
        Ok(Dialer { proxy: self.proxy.read()?, wss, allows_downgrade: self.allow_downgrade })
    }
}

impl Dialer {
    /// A multiserver that only connects.
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
                let builder = dialling(builder, secure, || Net::dial_only().through(proxy.clone()));
                dialling(builder, secure, || Onion::new().through(proxy.clone()))
            }
            None => {
                let builder = dialling(builder, secure, Net::dial_only);
                let builder = dialling(builder, secure, Ws::dial_only);
                let builder = dialling(builder, secure, || self.wss.clone());
                let builder = dialling(builder, secure, Unix::dial_only);
                // Within the device no proof is needed, as with the Unix socket of an SSB server.
                dialling(builder.suite(Unix::dial_only().then(NoAuth)), secure, Onion::new)
            }
        };
        let builder = match secure.protocols() {
            Some(protocols) => builder.protocol_memory(protocols.allowing_downgrade(self.allows_downgrade)),
            None => builder,
        };
        builder.build().map_err(Failure::failed)
    }

    /// Whether all hosts are looked up by a proxy.
    pub(crate) const fn is_through_proxy(&self) -> bool {
        self.proxy.is_some()
    }
}

/// Adds the suites over this transport, one for each protocol.
fn dialling<R: Native, T: Transport>(
    builder: compose::Builder<R>,
    secure: &impl Secure,
    transport: impl Fn() -> T,
) -> compose::Builder<R> {
    secure.over_noise(transport()).into_iter().fold(builder.suite(secure.over(transport())), compose::Builder::suite)
}
