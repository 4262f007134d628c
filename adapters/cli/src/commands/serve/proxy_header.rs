//! The header of the PROXY protocol, which tells a service who a peer is (HAProxy's `proxy-protocol.txt`, section 2.2).

use multiserver_tokio::Connection;
use proxy_header::{Error, ProxiedAddress, ProxyHeader, Tlv};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The type of the TLV with the peer's key in base64: the first of those for applications (section 2.2.7).
const KEY: u8 = 0xE0;

/// The header for this peer: the addresses that it came from and arrived at, and its proven key.
///
/// A peer without an IP address, such as one at a Unix socket, is described as local.
pub(super) fn of(connection: &Connection) -> Result<Vec<u8>, Error> {
    let mut header = match connection.remote_address() {
        Some(source) => ProxyHeader::with_address(addresses(source, connection.local_address())),
        None => ProxyHeader::with_local(),
    };
    if let Some(peer) = connection.peer() {
        header.append_tlv(Tlv::Custom(KEY, peer.to_string().into_bytes().into()));
    }
    let mut bytes = Vec::new();
    header.encode_v2(&mut bytes).map(|()| bytes)
}

/// Both addresses in one family; our own is unspecified if it is not known.
fn addresses(source: SocketAddr, local: Option<SocketAddr>) -> ProxiedAddress {
    let local = local.unwrap_or_else(|| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0));
    let (from, to) = (source.ip().to_canonical(), local.ip().to_canonical());
    let (from, to) = if from.is_ipv4() && to.is_ipv4() { (from, to) } else { (as_ipv6(from), as_ipv6(to)) };
    ProxiedAddress::stream(SocketAddr::new(from, source.port()), SocketAddr::new(to, local.port()))
}

fn as_ipv6(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv6Addr::UNSPECIFIED.into(),
        IpAddr::V4(ip) => ip.to_ipv6_mapped().into(),
        IpAddr::V6(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_addresses_are_of_one_family() {
        for (source, local, (from, to)) in [
            ("192.0.2.1:7", Some("[::ffff:192.0.2.9]:8"), ("192.0.2.1:7", "192.0.2.9:8")),
            ("192.0.2.1:7", None, ("192.0.2.1:7", "0.0.0.0:0")),
            ("[2001:db8::1]:7", None, ("[2001:db8::1]:7", "[::]:0")),
            ("[2001:db8::1]:7", Some("192.0.2.9:8"), ("[2001:db8::1]:7", "[::ffff:192.0.2.9]:8")),
        ] {
            let told = addresses(source.parse().unwrap(), local.map(|local| local.parse().unwrap()));
            assert_eq!(told, ProxiedAddress::stream(from.parse().unwrap(), to.parse().unwrap()));
        }
    }
}
