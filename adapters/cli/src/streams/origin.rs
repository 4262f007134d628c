//! Where peers come from.

use multiserver_tokio::Connection;
use multiserver_tokio::core::address::{Host, Net, Ws, Wss};
use std::net::SocketAddr;

/// The IP address and port that a peer comes from, when it has one.
pub(crate) fn of(connection: &Connection) -> Option<SocketAddr> {
    let transport = connection.address()?.transport();
    let place = |host: &Host, port| host.ip().map(|ip| SocketAddr::new(ip, port));
    if let Ok(Net { host, port }) = Net::try_from(transport) {
        place(&host, port)
    } else if let Ok(ws) = Ws::try_from(transport) {
        place(ws.host(), ws.port())
    } else {
        let wss = Wss::try_from(transport).ok()?;
        place(wss.host(), wss.port())
    }
}
