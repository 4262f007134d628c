//! The scope of a host name or an IP address.

use multiserver_core::address::{Host, Scope};
use std::net::IpAddr;

/// The scope in which a host's name or address leads to this host; names other than `localhost` count as public.
pub(super) fn of_host(host: &Host) -> Scope {
    match host.ip() {
        Some(ip) => of(ip),
        None if host.as_str().eq_ignore_ascii_case("localhost") => Scope::Device,
        None => Scope::Public,
    }
}

/// The scope in which an IP address leads to the same host; RFC 1918, 3927, 4193, 4291 and 6598 define the local ones.
pub(super) fn of(ip: IpAddr) -> Scope {
    match ip.to_canonical() {
        ip if ip.is_loopback() => Scope::Device,
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let is_shared = first == 100 && second & 0xc0 == 64;
            if v4.is_private() || v4.is_link_local() || is_shared { Scope::Local } else { Scope::Public }
        }
        IpAddr::V6(v6) => {
            if v6.is_unique_local() || v6.is_unicast_link_local() {
                Scope::Local
            } else {
                Scope::Public
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_the_scope_they_are_known_in() {
        for (ip, scope) in [
            ("127.0.0.1", Scope::Device),
            ("127.8.0.1", Scope::Device),
            ("::1", Scope::Device),
            ("::ffff:127.0.0.1", Scope::Device),
            ("10.1.2.3", Scope::Local),
            ("172.31.0.1", Scope::Local),
            ("172.32.0.1", Scope::Public),
            ("192.168.0.1", Scope::Local),
            ("169.254.1.1", Scope::Local),
            ("100.64.0.1", Scope::Local),
            ("100.128.0.1", Scope::Public),
            ("192.0.2.1", Scope::Public),
            ("fd00::1", Scope::Local),
            ("fe80::1", Scope::Local),
            ("2001:db8::1", Scope::Public),
        ] {
            assert_eq!(of(ip.parse().unwrap()), scope, "{ip}");
        }
    }
}
