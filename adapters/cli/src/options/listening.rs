//! The options for listening and for the addresses that are printed.

mod endpoint;

pub(super) use self::endpoint::is_systemd;
use self::endpoint::{
    ListenAt, ListenEndpoint, Socket, opened, parse_endpoint, parse_network, parse_onion, parse_path, url,
};
use crate::options::given::{FileText, cannot_read};
use crate::options::limits::from_one_source;
use crate::options::page::Page;
use crate::options::security::{Protocol, Secure};
use crate::process::activation::Sockets;
use crate::process::counters;
use crate::report::exit::Failure;
use crate::report::mask::masked;
use crate::streams::endpoint::host_and_port;
use clap::{Args, ValueEnum, ValueHint};
use multiserver_tokio::ws::{Certificate, TlsError};
use multiserver_tokio::{
    Builder, Event, Limits, MultiAddress, Multiserver, Net, Scope, Server, Suite, Transport, Unix, Ws, Wss,
};
use std::fs;
use std::future::ready;
use std::path::{Path, PathBuf};

/// Where to listen by default: at a free port, for this machine only.
const DEFAULT_NET: &str = "127.0.0.1:0";

#[derive(Debug, Args)]
#[command(next_help_heading = "Where to listen")]
pub(crate) struct Listening {
    /// Listen for TCP here; write IPv6 addresses in brackets, and port 0 for a free port. With `0.0.0.0` or `[::]`, the
    /// printed address has the public addresses of this machine, or the private ones if there are no others. Without
    /// any endpoint to listen at, the default is 127.0.0.1:0. This and the other endpoints may be given several times, and
    /// end with `~noise` to offer that protocol there in the place of `~shs`.
    /// `systemd` takes the sockets that are passed with the name `net` (FileDescriptorName=), or the only one that is
    /// passed; `systemd~noise` those with the name `net~noise`, and so for the other endpoints.
    #[arg(long, value_name = "HOST:PORT|systemd", value_parser = parse_endpoint)]
    net: Vec<ListenEndpoint>,
    /// Listen for WebSockets here; `systemd` takes the sockets with the name `ws`.
    #[arg(long, value_name = "HOST:PORT|systemd", value_parser = parse_endpoint)]
    ws: Vec<ListenEndpoint>,
    /// Listen for WebSockets over TLS here; `systemd` takes the sockets with the name `wss`.
    #[arg(long, value_name = "HOST:PORT|systemd", value_parser = parse_endpoint, requires_all = ["cert", "key"])]
    wss: Vec<ListenEndpoint>,
    /// The certificate for --wss, followed by the intermediate certificates up to a root, as PEM text.
    #[arg(long, value_name = "FILE", requires = "wss", value_hint = ValueHint::FilePath)]
    cert: Option<PathBuf>,
    /// The private key of that certificate, as PEM text.
    #[arg(long, value_name = "FILE", requires = "wss", value_hint = ValueHint::FilePath)]
    key: Option<PathBuf>,
    /// Listen at this Unix socket, for programs of the same user; `systemd` takes the sockets with the name `unix`;
    /// their units decide who may connect.
    #[arg(long, value_name = "PATH|systemd", value_hint = ValueHint::FilePath, value_parser = parse_path)]
    unix: Vec<ListenEndpoint>,
    /// A host name by which --net, --ws and --wss are reached from outside, or a URL such as wss://example.org/path by
    /// which --ws is reached through a reverse proxy. The public address then has these names only.
    #[arg(long, value_name = "NAME")]
    external: Vec<String>,
    /// An onion service that leads to the first --net, as configured by Tor's HiddenServicePort; it is printed like a
    /// name of --external, with its own port. All peers through it come from one IP address, so there the bound for one
    /// source is the bound for all.
    #[arg(long, value_name = "NAME.onion:PORT", value_parser = parse_onion, requires = "net")]
    onion: Vec<(String, u16)>,
    /// Believe the PROXY protocol, version 1 or 2, from load balancers in these networks, which are IP addresses or such
    /// with the length of a prefix: 192.0.2.7 or 192.0.2.0/24, and several with `,` between them. Every connection from there
    /// to --net, --ws and --wss has to begin with a header of it, as HAProxy's send-proxy-v2 and nginx's proxy_protocol send,
    /// and is then that of the peer named there, for the log, the limits, and all that is told who comes. From elsewhere no
    /// header is believed.
    #[arg(long, value_name = "NETWORK", value_parser = parse_network, value_delimiter = ',')]
    proxy_protocol_from: Vec<String>,
    /// Let other programs of the same user listen at the same --net, --ws and --wss, if they want that too (SO_REUSEPORT): the
    /// system gives each of them a share of the connections. Sockets of systemd have ReusePort= instead.
    #[arg(long)]
    reuse_port: bool,
    /// Give the files of this directory to browsers that ask --ws or --wss for a page, and our address at `/address`. The
    /// package for web pages has a page that shows it.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    page: Option<PathBuf>,
    /// Serve counters by suite, for Prometheus, at http://HOST:PORT/metrics on this machine. SIGUSR1 prints them on standard
    /// error.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    metrics: Option<String>,
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
    /// Takes the sockets of the service manager, if any are asked for; to be called before there are threads.
    pub(crate) fn sockets(&self) -> Result<Sockets, Failure> {
        let mut endpoints = [&self.net, &self.ws, &self.wss, &self.unix].into_iter().flatten();
        if endpoints.any(|endpoint| matches!(endpoint.at, ListenAt::Systemd)) {
            Sockets::take()
        } else {
            Ok(Sockets::default())
        }
    }

    /// The number of endpoints to listen at.
    pub(crate) fn count(&self) -> usize {
        let endpoints = self.net.len() + self.ws.len() + self.wss.len() + self.unix.len();
        endpoints.max(1)
    }

    /// Whether peers may come through Tor.
    pub(crate) const fn is_behind_tor(&self) -> bool {
        !self.onion.is_empty()
    }

    /// Starts to listen at all endpoints; fails if one of them does not work.
    pub(crate) async fn start(
        &self,
        sockets: Sockets,
        secure: &impl Secure,
        limits: Limits,
        report: fn(&Event<'_>),
    ) -> Result<Server, Failure> {
        let builder = Multiserver::builder().limits(limits).report(report);
        let page = self.page()?;
        let multiserver = self.suites(builder, sockets, secure, limits, page.as_ref())?.build();
        let multiserver = multiserver.map_err(|error| Failure::usage(self.mask_endpoints(error.to_string())))?;
        let server = multiserver.listen().await.map_err(Failure::failed)?;
        if let Some(page) = page {
            page.set_address(self.address(&server)?.to_string());
        }
        counters::start(self.metrics.as_deref(), server.handle()).await?;
        Ok(server)
    }

    fn page(&self) -> Result<Option<Page>, Failure> {
        match &self.page {
            Some(_) if self.ws.is_empty() && self.wss.is_empty() => {
                Err(Failure::usage("--page is given out by --ws or --wss, and there is none"))
            }
            page => page.as_deref().map(Page::read).transpose(),
        }
    }

    /// The address to print.
    pub(crate) fn address(&self, server: &Server) -> Result<MultiAddress, Failure> {
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

    /// Masks the endpoints that a message repeats: one may be an address with a seed by mistake.
    fn mask_endpoints(&self, message: String) -> String {
        let endpoints = [&self.net, &self.ws, &self.wss, &self.unix].into_iter().flatten().filter_map(|endpoint| {
            match &endpoint.at {
                ListenAt::Bind(text) => Some(text.clone()),
                ListenAt::Systemd => None,
            }
        });
        let texts = endpoints.chain(self.external.iter().cloned());
        texts.fold(message, |message, endpoint| message.replace(&endpoint, &masked(&endpoint)))
    }

    fn suites(
        &self,
        mut builder: Builder,
        mut sockets: Sockets,
        secure: &impl Secure,
        limits: Limits,
        page: Option<&Page>,
    ) -> Result<Builder, Failure> {
        let is_tcp = [&self.net, &self.ws, &self.wss].into_iter().any(|endpoints| !endpoints.is_empty());
        let default = [ListenEndpoint { at: ListenAt::Bind(DEFAULT_NET.to_owned()), protocol: Protocol::Shs }];
        let nets = if is_tcp || !self.unix.is_empty() { self.net.as_slice() } else { &default };
        let (urls, names): (Vec<_>, Vec<_>) = self.external.iter().partition(|name| name.contains("://"));
        if !urls.is_empty() && self.ws.is_empty() {
            return Err(Failure::usage("a URL for --external leads to --ws, and there is none"));
        }
        if !names.is_empty() && !is_tcp && nets.is_empty() {
            return Err(Failure::usage("--external leads to --net, --ws or --wss, and there is none"));
        }
        if !is_tcp && nets.is_empty() {
            let needs_tcp =
                [("--proxy-protocol-from", !self.proxy_protocol_from.is_empty()), ("--reuse-port", self.reuse_port)];
            if let Some((option, _)) = needs_tcp.into_iter().find(|(_, is_given)| *is_given) {
                return Err(Failure::usage(format_args!("{option} is for --net, --ws or --wss, and there is none")));
            }
        }
        let mut onions = self.onion.as_slice();
        for (socket, protocol) in opened(nets, &mut sockets, "net")? {
            let net = match socket {
                Socket::Bind(endpoint) => Net::bind(endpoint),
                Socket::Open(socket) => Net::listener(socket),
            };
            let net = self.with_sockets_options(net, Net::proxy_protocol_from, Net::reuse_port);
            let net = names.iter().fold(net, |net, name| net.external(*name));
            let net = onions.iter().fold(net, |net, (host, port)| net.external_at(host, *port));
            let suite = secured(secure, net, protocol)?;
            builder = builder.suite(if onions.is_empty() { suite } else { suite.limits(from_one_source(limits)) });
            onions = &[];
        }
        for (socket, protocol) in opened(&self.ws, &mut sockets, "ws")? {
            let names = names.iter().map(|name| url("ws", name, &socket)).collect::<Result<Vec<_>, _>>()?;
            let ws = match socket {
                Socket::Bind(endpoint) => Ws::bind(endpoint),
                Socket::Open(socket) => Ws::listener(socket),
            };
            let ws = self.with_sockets_options(ws, Ws::proxy_protocol_from, Ws::reuse_port);
            let ws =
                page.into_iter().cloned().fold(ws, |ws, page| ws.http(move |request| ready(page.answer(&request))));
            let urls = urls.iter().map(|url| (*url).clone()).chain(names);
            builder = builder.suite(secured(secure, urls.fold(ws, Ws::external), protocol)?);
        }
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            let certificate = certificate(cert, key)?;
            for (socket, protocol) in opened(&self.wss, &mut sockets, "wss")? {
                let names = names.iter().map(|name| url("wss", name, &socket)).collect::<Result<Vec<_>, _>>()?;
                let wss = match socket {
                    Socket::Bind(endpoint) => Wss::bind(endpoint, certificate.clone()),
                    Socket::Open(socket) => Wss::listener(socket, certificate.clone()),
                };
                let wss = self.with_sockets_options(wss, Wss::proxy_protocol_from, Wss::reuse_port);
                let wss = page
                    .into_iter()
                    .cloned()
                    .fold(wss, |wss, page| wss.http(move |request| ready(page.answer(&request))));
                builder = builder.suite(secured(secure, names.into_iter().fold(wss, Wss::external), protocol)?);
            }
        }
        for ListenEndpoint { at, protocol } in &self.unix {
            match at {
                ListenAt::Bind(path) => builder = builder.suite(secured(secure, Unix::bind(path), *protocol)?),
                #[cfg(unix)]
                ListenAt::Systemd => {
                    for socket in sockets.unix_named(&endpoint::socket_name("unix", *protocol))? {
                        builder = builder.suite(secured(secure, Unix::listener(socket), *protocol)?);
                    }
                }
                #[cfg(not(unix))]
                ListenAt::Systemd => return Err(Failure::usage("there are no sockets of a service manager here")),
            }
        }
        Ok(builder)
    }

    /// The transport with what is said of all sockets of TCP.
    fn with_sockets_options<T>(
        &self,
        transport: T,
        proxy_protocol_from: impl Fn(T, String) -> T,
        reuse_port: impl FnOnce(T) -> T,
    ) -> T {
        let transport = self.proxy_protocol_from.iter().cloned().fold(transport, proxy_protocol_from);
        if self.reuse_port { reuse_port(transport) } else { transport }
    }
}

/// The suite over this transport with this protocol.
fn secured(secure: &impl Secure, transport: impl Transport, protocol: Protocol) -> Result<Suite, Failure> {
    match protocol {
        Protocol::Shs => Ok(secure.over(transport)),
        Protocol::Noise => secure.over_noise(transport).ok_or_else(|| {
            Failure::usage("an endpoint here cannot end with `~noise`: the handshake is that of the target's address")
        }),
    }
}

fn certificate(chain: &Path, key: &Path) -> Result<Certificate, Failure> {
    let chain = fs::read(chain).map_err(|error| Failure::failed(cannot_read(chain, &error)))?;
    let key = FileText::read(key)?.into_text(|_| true)?;
    Certificate::from_pem(chain, key.as_str()).map_err(|error: TlsError| Failure::failed(error))
}
