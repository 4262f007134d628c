//! Peers that a load balancer passes on, and says who they are by a header of the PROXY protocol.

use super::listening::{ToLayer, canonical, opening};
use crate::transport::{Open, Proxied};
use crate::{Attempt, BoxFuture, LayerError, Opened, SettingError, Stage};
use ipnet::IpNet;
use multiserver_io::{DriveError, Duplex, MaybeSend};
use multiserver_proxy_protocol::{Error, read_header};
use std::net::IpAddr;

/// The networks of the balancers whose headers are believed.
#[derive(Debug, Clone, Default)]
pub(super) struct Balancers(Vec<Result<IpNet, SettingError>>);

impl Balancers {
    pub(super) fn add(&mut self, network: String) {
        self.0.push(parse(&network).ok_or(SettingError::Network(network)));
    }

    pub(super) fn check(&self) -> Result<(), SettingError> {
        match self.0.iter().find_map(|network| network.as_ref().err()) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Whether a connection from there begins with a header.
    pub(super) fn has(&self, ip: IpAddr) -> bool {
        self.0.iter().flatten().any(|network| network.contains(&ip))
    }
}

/// Reads an address, or a network as `ADDRESS/PREFIX`; IPv4-mapped ones are those of IPv4.
fn parse(text: &str) -> Option<IpNet> {
    let network: IpNet = if text.contains('/') { text.parse().ok()? } else { text.parse::<IpAddr>().ok()?.into() };
    let mapped = (network.addr().to_canonical(), network.prefix_len().checked_sub(96));
    match (network, mapped) {
        (IpNet::V6(_), (ip @ IpAddr::V4(_), Some(prefix))) => IpNet::new(ip, prefix).ok(),
        _ => Some(network),
    }
}

/// Reads the header of this connection from a balancer, and has `open` make a stream of the rest.
pub(super) fn behind_header<F>(mut io: Duplex, to_layer: ToLayer, open: F) -> Box<dyn Open<Proxied>>
where
    F: for<'a> FnOnce(Duplex, &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> + MaybeSend + 'static,
{
    boxed(move |attempt| {
        Box::pin(async move {
            attempt.enter(Stage::ProxyHeader);
            let header = read_header(&mut io).await.map_err(layer_error)?;
            let peer = header.map(|header| {
                let (remote, local) = (canonical(header.source), canonical(header.destination));
                (remote, local, to_layer(remote.ip().into(), remote.port()))
            });
            Ok(Proxied { open: opening(io, open), peer })
        })
    })
}

/// The closure as what can be called wherever the attempt is.
fn boxed<F>(read: F) -> Box<dyn Open<Proxied>>
where
    F: for<'a> FnOnce(&'a Attempt) -> BoxFuture<'a, Result<Proxied, LayerError>> + MaybeSend + 'static,
{
    Box::new(read)
}

fn layer_error(error: DriveError<Error>) -> LayerError {
    match error {
        DriveError::Io(_) | DriveError::Closed(_) => LayerError::Io(error.into()),
        DriveError::Handshake(error) => LayerError::PeerMisbehaved(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_addresses_and_no_others() {
        for (network, inside, outside) in [
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.7/24", "192.0.2.255", "192.0.3.0"),
            ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("::ffff:192.0.2.0/120", "192.0.2.255", "192.0.3.0"),
            ("0.0.0.0/0", "203.0.113.1", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("::1", "::1", "127.0.0.1"),
        ] {
            let mut balancers = Balancers::default();
            balancers.add(network.to_owned());
            balancers.check().unwrap();
            let has = [inside, outside].map(|ip| balancers.has(ip.parse().unwrap()));
            assert_eq!(has, [true, false], "{network}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in ["", "/", "192.0.2.1/", "192.0.2.1/33", "2001:db8::/129", "balancer.example", "192.0.2", "[::1]"] {
            let mut balancers = Balancers::default();
            balancers.add("192.0.2.1".to_owned());
            balancers.add(wrong.to_owned());
            let text = balancers.check().unwrap_err().to_string();
            assert!(text.contains(&format!("`{wrong}` is no network")), "{text}");
        }
    }
}
