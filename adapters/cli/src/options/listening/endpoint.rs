//! The endpoints to listen at, and what else is read from the options beside them.

use crate::options::new_file;
use crate::options::security::Protocol;
use crate::process::activation::Sockets;
use crate::report::exit::Failure;
use crate::streams::endpoint::host_and_port;
use multiserver_tokio::{Net, Transport};
use std::net::TcpListener;

/// What stands in the place of an endpoint for the sockets of the service manager.
const SYSTEMD: &str = "systemd";

/// Where to listen, and for which security protocol.
#[derive(Debug, Clone)]
pub(super) struct ListenEndpoint {
    pub(super) at: ListenAt,
    pub(super) protocol: Protocol,
}

/// Where to listen.
#[derive(Debug, Clone)]
pub(super) enum ListenAt {
    /// At this `HOST:PORT`, or this path.
    Bind(String),
    /// At the sockets that the service manager has opened.
    Systemd,
}

/// Where to listen, with the sockets that are open already.
pub(super) enum Socket {
    Bind(String),
    Open(TcpListener),
}

/// The endpoints, where each `systemd` is replaced by the sockets of this name.
pub(super) fn opened(
    endpoints: &[ListenEndpoint],
    sockets: &mut Sockets,
    name: &str,
) -> Result<Vec<(Socket, Protocol)>, Failure> {
    let mut opened = Vec::new();
    for ListenEndpoint { at, protocol } in endpoints {
        match at {
            ListenAt::Bind(text) => opened.push((Socket::Bind(text.clone()), *protocol)),
            ListenAt::Systemd => {
                let named = sockets.tcp_named(&socket_name(name, *protocol))?;
                opened.extend(named.into_iter().map(|socket| (Socket::Open(socket), *protocol)));
            }
        }
    }
    Ok(opened)
}

/// The name of the service manager's sockets for this transport and protocol.
pub(super) fn socket_name(transport: &str, protocol: Protocol) -> String {
    match protocol {
        Protocol::Shs => transport.to_owned(),
        Protocol::Noise => format!("{transport}~noise"),
    }
}

/// Whether this text stands for the service manager's sockets, whatever the protocol.
pub(crate) fn is_systemd(text: &str) -> bool {
    Protocol::split(text).0 == SYSTEMD
}

pub(super) fn parse_endpoint(text: &str) -> Result<ListenEndpoint, &'static str> {
    parse_listen(text, |endpoint| host_and_port(endpoint).map(ListenAt::Bind))
}

pub(super) fn parse_path(text: &str) -> Result<ListenEndpoint, &'static str> {
    parse_listen(text, |path| new_file::parse(path).map(|_| ListenAt::Bind(path.to_owned())))
}

fn parse_listen(
    text: &str,
    bind: impl FnOnce(&str) -> Result<ListenAt, &'static str>,
) -> Result<ListenEndpoint, &'static str> {
    let (text, protocol) = Protocol::split(text);
    let at = if text == SYSTEMD { ListenAt::Systemd } else { bind(text)? };
    Ok(ListenEndpoint { at, protocol })
}

/// Reads a network; the error does not repeat it, since it may be an address with a seed by mistake.
pub(super) fn parse_network(text: &str) -> Result<String, &'static str> {
    let checked = Net::dial_only().proxy_protocol_from(text).check();
    checked
        .map(|()| text.to_owned())
        .map_err(|_| "expected an IP address, or one with the length of its prefix, such as 192.0.2.0/24")
}

pub(super) fn parse_onion(text: &str) -> Result<(String, u16), &'static str> {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    match port.parse() {
        Ok(port @ 1..) if is_onion(host) => Ok((host.to_owned(), port)),
        _ => Err(
            "expected the name of an onion service, which is 56 letters and digits with `.onion`, then `:` and its port",
        ),
    }
}

/// Whether this is the name of an onion service of version 3, perhaps with subdomains: 35 bytes in base32 (Tor's
/// `rend-spec-v3.txt`, section 6).
fn is_onion(host: &str) -> bool {
    let name = host.strip_suffix(".onion").and_then(|names| names.rsplit('.').next());
    name.is_some_and(|name| name.len() == 56 && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')))
}

/// The URL of this host name with the port of the endpoint that it leads to.
pub(super) fn url(scheme: &str, name: &str, socket: &Socket) -> Result<String, Failure> {
    let port = match socket {
        Socket::Bind(endpoint) => endpoint.rsplit_once(':').and_then(|(_, port)| port.parse().ok()),
        Socket::Open(socket) => socket.local_addr().ok().map(|address| address.port()),
    };
    match port {
        Some(port @ 1..) => Ok(format!("{scheme}://{name}:{port}")),
        Some(0) | None => {
            Err(Failure::usage(format_args!("--external needs to know the port: give --{scheme} one that is not 0")))
        }
    }
}
