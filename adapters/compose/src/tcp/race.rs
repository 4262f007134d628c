//! Connects to one of several IP addresses of a host.

use crate::Runtime;
use crate::race::race;
use multiserver_io::Duplex;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

/// The delay before the next address is tried as well (RFC 8305, section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to the first of these addresses that answers; the next one is tried as well after a short delay.
pub(super) async fn connect(runtime: &dyn Runtime, addresses: Vec<SocketAddr>) -> io::Result<Duplex> {
    let connect = |address: &SocketAddr| runtime.tcp_connect(*address);
    race(runtime, Some(ATTEMPT_DELAY), alternate(addresses), connect).await.map_err(failure)
}

fn failure(mut failed: Vec<(SocketAddr, io::Error)>) -> io::Error {
    match (failed.pop(), failed.is_empty()) {
        (None, _) => io::Error::new(ErrorKind::NotFound, "the host has no address"),
        (Some((_, error)), true) => error,
        (Some(last), false) => {
            let kind = last.1.kind();
            failed.push(last);
            io::Error::new(kind, Unreachable(failed))
        }
    }
}

/// None of a host's addresses answers, for these reasons.
#[derive(Debug)]
struct Unreachable(Vec<(SocketAddr, io::Error)>);

impl std::error::Error for Unreachable {}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("none of the host's addresses answers")?;
        self.0.iter().try_for_each(|(address, error)| write!(f, "; {address}: {error}"))
    }
}

/// The same addresses with the two address families alternating (RFC 8305, section 4), so that one broken family delays
/// little.
fn alternate(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == is_ipv6);
    let mut second = second.into_iter();
    let mut order: Vec<_> = first.into_iter().flat_map(|one| [Some(one), second.next()]).flatten().collect();
    order.extend(second);
    order
}
