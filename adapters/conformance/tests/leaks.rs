//! A thousand connections, in a process of their own: one test, because it counts all that the process has open.

use multiserver_async_std::AsyncStd;
use multiserver_conformance::leaks::a_thousand_connections_leave_nothing;
use multiserver_conformance::{File, Loopback, Simulated, WebSocket};
use multiserver_smol::Smol;
use multiserver_tokio::Tokio;

#[test]
fn a_thousand_connections_leave_nothing_on_any_runtime() {
    a_thousand_connections_leave_nothing::<Tokio, Loopback>();
    a_thousand_connections_leave_nothing::<Tokio, File>();
    a_thousand_connections_leave_nothing::<Tokio, WebSocket>();
    a_thousand_connections_leave_nothing::<Smol, Loopback>();
    a_thousand_connections_leave_nothing::<Smol, File>();
    a_thousand_connections_leave_nothing::<Smol, WebSocket>();
    a_thousand_connections_leave_nothing::<AsyncStd, Loopback>();
    a_thousand_connections_leave_nothing::<AsyncStd, File>();
    a_thousand_connections_leave_nothing::<AsyncStd, WebSocket>();
    a_thousand_connections_leave_nothing::<Simulated, Loopback>();
    a_thousand_connections_leave_nothing::<Simulated, File>();
    a_thousand_connections_leave_nothing::<Simulated, WebSocket>();
}
