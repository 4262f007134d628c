//! The layers whose names have a meaning: which fields they may have, and the one way to write them.

use super::base64;
use std::net::Ipv6Addr;

pub const NAMES: [&str; 9] = ["net", "onion", "ws", "wss", "unix", "channel", "tunnel", "shs", "noauth"];

/// The fields of a layer of this name in canonical form, or `None` where no such layer has them; a layer of any other
/// name may have any fields.
pub fn canonical(name: &str, mut fields: Vec<String>) -> Option<Vec<String>> {
    match name {
        // What is before the last field is the host, and so may have colons.
        "net" | "onion" => {
            let port = port(&fields.pop()?)?;
            let host = if fields.is_empty() { return None } else { fields.join(":") };
            let host = if host.is_empty() { "localhost".to_owned() } else { host_or_bare_ipv6(&host)? };
            Some(split(&format!("{host}:{port}")))
        }
        "ws" => url(&fields.join(":"), 80),
        "wss" => url(&fields.join(":"), 443),
        "unix" => {
            let path = fields.join(":");
            (!path.is_empty()).then(|| split(&path))
        }
        "channel" => fields.is_empty().then_some(fields),
        "shs" => match &*fields {
            [key] => Some(vec![base64::key(key)?]),
            [key, seed] => Some(vec![base64::key(key)?, base64::key(seed)?]),
            _ => None,
        },
        "noauth" => match &*fields {
            [] => Some(fields),
            [key] => Some(vec![base64::key(key)?]),
            _ => None,
        },
        "tunnel" => {
            let (keys, instance) = match &*fields {
                [portal, target] => ([portal, target], None),
                [portal, target, instance] if !instance.is_empty() => ([portal, target], Some(instance.clone())),
                _ => return None,
            };
            let mut canonical = Vec::new();
            for key in keys {
                canonical.push(format!("@{}.ed25519", base64::key(key)?));
            }
            canonical.extend(instance);
            Some(canonical)
        }
        _ => Some(fields),
    }
}

fn split(rest: &str) -> Vec<String> {
    rest.split(':').map(str::to_owned).collect()
}

/// A port in decimal digits, with zeros before it or without.
fn port(text: &str) -> Option<u16> {
    if text.is_empty() || !text.chars().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    match text.trim_start_matches('0') {
        "" => Some(0),
        digits => digits.parse().ok(),
    }
}

fn host_or_bare_ipv6(text: &str) -> Option<String> {
    match text.strip_prefix('[') {
        Some(rest) => ipv6(rest.strip_suffix(']')?),
        None if text.contains(':') => ipv6(text),
        None => host_name(text),
    }
}

fn host_name(text: &str) -> Option<String> {
    let is_of_hosts = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
    ((1..=255).contains(&text.len()) && text.chars().all(is_of_hosts)).then(|| text.to_owned())
}

/// An IPv6 address, perhaps with a zone.
fn ipv6(text: &str) -> Option<String> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(host_name(zone)?)),
        None => (text, None),
    };
    let address: Ipv6Addr = address.parse().ok()?;
    Some(match zone {
        Some(zone) => format!("{address}%{zone}"),
        None => address.to_string(),
    })
}

/// `//host[:port][/path][?query]`, without the default port and without a path that is `/` alone.
fn url(text: &str, default_port: u16) -> Option<Vec<String>> {
    let text = text.strip_prefix("//")?;
    let (authority, path) = text.split_at(text.find(['/', '?', '#']).unwrap_or(text.len()));
    if path.contains('#') {
        return None;
    }
    let (host, port_text) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, behind) = rest.split_once(']')?;
            (format!("[{}]", ipv6(address)?), if behind.is_empty() { None } else { Some(behind.strip_prefix(':')?) })
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host_name(host)?, Some(port)),
            None => (host_name(authority)?, None),
        },
    };
    let port = match port_text {
        Some(text) => Some(port(text)?).filter(|port| *port != default_port),
        None => None,
    };
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let slash = if path.starts_with('?') { "/" } else { "" };
    let path = if path == "/" { "" } else { path };
    Some(split(&format!("//{host}{port}{slash}{path}")))
}
