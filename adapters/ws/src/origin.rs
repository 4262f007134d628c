//! Checks whether a browser's request comes from a page that may connect to this device.

use crate::http::header::{HOST, HeaderName, ORIGIN};
use crate::http::uri::Authority;
use crate::http::{HeaderMap, Request};
use std::net::IpAddr;

/// Whether a request is for a loopback host and, if a browser made it, comes from a page of that host or of an allowed
/// origin, such as `https://example.org` (RFC 6454).
///
/// Without both checks, any page on the web could open a WebSocket to a port of its visitor's own machine: browsers do
/// not prevent that, and a page's own host name may resolve to 127.0.0.1.
pub(crate) fn is_local(request: &Request<()>, allowed: &[String]) -> bool {
    let (Some(Some(host)), Some(origin)) = (single(request.headers(), &HOST), single(request.headers(), &ORIGIN))
    else {
        return false;
    };
    let is_allowed = |origin: &str| {
        let is_own = ["http://", "https://"].iter().any(|scheme| {
            let (start, rest) = origin.split_at_checked(scheme.len()).unwrap_or_default();
            start.eq_ignore_ascii_case(scheme) && rest.eq_ignore_ascii_case(host)
        });
        is_own || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    };
    is_loopback(host) && origin.is_none_or(is_allowed)
}

/// The value of a header that occurs once; `Some(None)` if it does not occur, and `None` if it occurs more than once or
/// is not text.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some(value), None) => value.to_str().ok().map(Some),
        (Some(_), Some(_)) => None,
    }
}

/// Whether this `HOST[:PORT]` is a loopback name (RFC 6761, section 6.3) or address.
fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
    name == "localhost"
        || name.ends_with(".localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_local(&request.body(()).unwrap(), &["https://example.org".to_owned()])
    }

    #[test]
    fn programs_that_name_a_loopback_host_are_local() {
        for host in [
            "127.0.0.1",
            "127.1.2.3:8008",
            "localhost:1",
            "LOCALHOST.",
            "a.localhost",
            "[::1]:8008",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(check(&[("host", host)]), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8008",
            "10.1.2.3",
            "[2001:db8::1]",
            "localhost.evil.example",
            "",
            "127.0.0.1@evil",
        ] {
            assert!(!check(&[("host", host)]), "{host}");
        }
        assert!(!check(&[]), "no host");
        assert!(!check(&[("host", "localhost"), ("host", "localhost")]), "two hosts");
    }

    #[test]
    fn a_page_from_elsewhere_is_not_local_unless_it_is_allowed() {
        for (origin, is_allowed) in [
            ("http://localhost:8008", true),
            ("https://localhost:8008", true),
            ("https://EXAMPLE.org", true),
            ("http://localhost:9", false),
            ("http://example.org", false),
            ("https://example.org.evil.example", false),
            ("https://evil.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(check(&[("host", "localhost:8008"), ("origin", origin)]), is_allowed, "{origin}");
        }
        assert!(!check(&[("host", "evil.example"), ("origin", "https://example.org")]), "the host counts as well");
        assert!(!check(&[("host", "localhost"), ("origin", "https://example.org"), ("origin", "null")]), "two origins");
    }
}
