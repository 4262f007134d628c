//! The other forms of addresses, turned into texts of the grammar.

use super::{Read, multi_address};

/// Reads `host:port:@KEY.ed25519`.
pub fn address(text: &str) -> Option<Vec<Vec<Read>>> {
    let (place, key) = text.rsplit_once(':')?;
    connection(place, key)
}

/// Reads `host:port:@KEY.ed25519~SEED`.
pub fn invite(text: &str) -> Option<Vec<Vec<Read>>> {
    let (address, seed) = text.split_once('~')?;
    let (place, key) = address.rsplit_once(':')?;
    connection(place, &format!("{key}:{seed}"))
}

/// The address of a host with a port, and the fields of its `shs`.
fn connection(place: &str, shs: &str) -> Option<Vec<Vec<Read>>> {
    let (host, _) = place.rsplit_once(':')?;
    if [place, shs].concat().contains(['!', '~', ';']) {
        return None;
    }
    let transport = if is_onion(host) { "onion" } else { "net" };
    multi_address(&format!("{transport}:{place}~shs:{shs}"))
}

/// Whether a legacy form has a place for this address: of a host and a key, with a seed or without.
pub fn is_expressible(layers: &[Read], has_seed: bool) -> bool {
    let [transport, shs] = layers else { return false };
    let Some((_, host)) = transport.fields.split_last() else { return false };
    let expected = if is_onion(&host.join(":")) { "onion" } else { "net" };
    transport.name == expected && shs.name == "shs" && shs.fields.len() == if has_seed { 2 } else { 1 }
}

/// Whether it is a name of Tor, also with the dot of the root behind it.
fn is_onion(host: &str) -> bool {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase().ends_with(".onion")
}

/// Reads `ssb:address/multiserver?multiserverAddress=...`.
pub fn ssb_uri(text: &str) -> Option<Vec<Vec<Read>>> {
    let starts = ["ssb:address/multiserver?", "ssb:address:multiserver?", "ssb://address/multiserver?"];
    let query = starts.iter().find_map(|start| text.strip_prefix(start))?;
    let query = query.split('#').next()?;
    let value = query.split('&').find_map(|parameter| parameter.strip_prefix("multiserverAddress="))?;
    multi_address(&percent_decoded(value)?)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut decoded = parts.next()?.to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let code = u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii)?;
        decoded.push(char::from(code));
        decoded.push_str(rest);
    }
    Some(decoded)
}
