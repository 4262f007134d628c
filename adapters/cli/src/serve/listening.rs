//! Where `serve` listens and how it is found there.

use crate::exit::Failure;
use crate::mask::masked;
use crate::place::host_and_port;
use clap::{Args, ValueEnum, ValueHint};
use multiserver_tokio::ws::{Certificate, TlsError};
use multiserver_tokio::{Builder, Event, MultiAddress, Multiserver, Net, Scope, Server, Shs, Unix, Ws, Wss};
use std::fs;
use std::path::{Path, PathBuf};

/// Where to listen when nothing is said: a free port of this machine alone.
const DEFAULT_NET: &str = "127.0.0.1:0";

#[derive(Debug, Args)]
pub(super) struct Listening {
    /// Listen for TCP here; IPv6 addresses stand in brackets, and port 0 takes a free one. Of `0.0.0.0` or `[::]`, the
    /// address that is printed has the public addresses of this machine, or the private ones if there are no others.
    /// Without a place to listen at it is 127.0.0.1:0. This and the other places may be given several times.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    net: Vec<String>,
    /// Listen for WebSockets here.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    ws: Vec<String>,
    /// Listen for WebSockets over TLS here.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port, requires_all = ["cert", "key"])]
    wss: Vec<String>,
    /// The certificate for --wss and those between it and a root, as PEM text.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "wss")]
    cert: Option<PathBuf>,
    /// The private key of that certificate, as PEM text.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "wss")]
    key: Option<PathBuf>,
    /// Listen at this Unix socket, for programs of the same user.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    unix: Vec<PathBuf>,
    /// A host name that leads to --net, --ws and --wss from outside, or a URL such as wss://example.org/path that leads
    /// to --ws through a reverse proxy. The public address then has these names only.
    #[arg(long, value_name = "NAME")]
    external: Vec<String>,
    /// Print the address for peers this far away; by default for the farthest that can reach us.
    #[arg(long, value_enum)]
    scope: Option<Reach>,
}

/// How far away peers may be.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Reach {
    /// On this machine.
    Device,
    /// In the local network.
    Local,
    /// Anywhere.
    Public,
}

impl Listening {
    /// Starts to listen everywhere, or nowhere when one of the places does not work.
    pub(super) async fn start(&self, shs: &Shs, report: fn(&Event<'_>)) -> Result<Server, Failure> {
        let builder = self.suites(Multiserver::builder().report(report), shs)?;
        let multiserver = builder.build().map_err(|error| Failure::usage(self.mask_places(error.to_string())))?;
        multiserver.listen().await.map_err(Failure::failed)
    }

    /// The address to print.
    pub(super) fn address(&self, server: &Server) -> Result<MultiAddress, Failure> {
        let scopes: &[Scope] = match self.scope {
            None => &[Scope::Public, Scope::Local, Scope::Device],
            Some(Reach::Device) => &[Scope::Device],
            Some(Reach::Local) => &[Scope::Local],
            Some(Reach::Public) => &[Scope::Public],
        };
        let address = scopes.iter().find_map(|scope| server.address(*scope));
        address.ok_or_else(|| match self.scope {
            None => Failure::failed("nobody could find us: the network interfaces have no address"),
            Some(_) => Failure::failed("nobody in that --scope could find us where we listen"),
        })
    }

    /// Masks the places that a message repeats: one may be an address with a seed by mistake.
    fn mask_places(&self, message: String) -> String {
        let texts = [&self.net, &self.ws, &self.wss, &self.external].into_iter().flatten().cloned();
        let paths = self.unix.iter().map(|path| path.display().to_string());
        texts.chain(paths).fold(message, |message, place| message.replace(&place, &masked(&place)))
    }

    fn suites(&self, mut builder: Builder, shs: &Shs) -> Result<Builder, Failure> {
        let is_tcp = [&self.net, &self.ws, &self.wss].into_iter().any(|places| !places.is_empty());
        let nets = if is_tcp || !self.unix.is_empty() { self.net.clone() } else { vec![DEFAULT_NET.to_owned()] };
        let (urls, names): (Vec<_>, Vec<_>) = self.external.iter().partition(|name| name.contains("://"));
        if !urls.is_empty() && self.ws.is_empty() {
            return Err(Failure::usage("a URL for --external leads to --ws, and there is none"));
        }
        if !names.is_empty() && !is_tcp && nets.is_empty() {
            return Err(Failure::usage("--external leads to --net, --ws or --wss, and there is none"));
        }
        for place in nets {
            let net = names.iter().fold(Net::bind(place), |net, name| net.external(*name));
            builder = builder.suite(net.then(shs.clone()));
        }
        for place in &self.ws {
            let mut ws = urls.iter().fold(Ws::bind(place), |ws, url| ws.external(*url));
            for name in &names {
                ws = ws.external(url("ws", name, place)?);
            }
            builder = builder.suite(ws.then(shs.clone()));
        }
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            let certificate = certificate(cert, key)?;
            for place in &self.wss {
                let mut wss = Wss::bind(place, certificate.clone());
                for name in &names {
                    wss = wss.external(url("wss", name, place)?);
                }
                builder = builder.suite(wss.then(shs.clone()));
            }
        }
        Ok(self.unix.iter().fold(builder, |builder, path| builder.suite(Unix::bind(path).then(shs.clone()))))
    }
}

/// The URL of this host name with the port of the place that it leads to.
fn url(scheme: &str, name: &str, place: &str) -> Result<String, Failure> {
    match place.rsplit_once(':') {
        Some((_, port)) if port.parse() != Ok(0) => Ok(format!("{scheme}://{name}:{port}")),
        _ => Err(Failure::usage(format_args!("--external needs to know the port: give --{scheme} one that is not 0"))),
    }
}

fn certificate(chain: &Path, key: &Path) -> Result<Certificate, Failure> {
    let read = |path: &Path| {
        fs::read(path).map_err(|error| Failure::failed(format_args!("cannot read {}: {error}", path.display())))
    };
    let (chain, key) = (read(chain)?, zeroize::Zeroizing::new(read(key)?));
    Certificate::from_pem(chain, key.as_slice()).map_err(|error: TlsError| Failure::failed(error))
}
