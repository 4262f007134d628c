//! What a connection that carries nothing costs on the heap, on every runtime; in a process of its own, which counts.
#![allow(clippy::unwrap_used)]

use allocation_counter::measure;
use multiserver_async_std::AsyncStd;
use multiserver_conformance::memory::idle_connections;
use multiserver_conformance::{Loopback, Tested, Way, WebSocket};
use multiserver_smol::Smol;
use multiserver_tokio::Tokio;

const COUNT: usize = 16;

/// Fails when an end of a connection has more bytes than that on the heap, when new or when it has carried something.
fn costs_at_most<R: Tested, W: Way>(most: u64) {
    // What a thread keeps for all its connections is there from then on.
    let first = idle_connections::<R, W>(2, 1_000_000);
    R::run(async { drop(first) });
    for bytes in [0, 1, 100_000, 1_000_000] {
        let mut connections = Vec::new();
        let allocations = measure(|| connections = idle_connections::<R, W>(COUNT, bytes));
        let ends = i64::try_from(2 * connections.len()).unwrap();
        let each = u64::try_from(allocations.bytes_current / ends).unwrap();
        let runtime = std::any::type_name::<R>();
        // A WebSocket says goodbye when it is dropped, which takes a runtime.
        R::run(async { drop(connections) });
        println!("{each} bytes for an end of {}, {bytes} bytes carried, on {runtime}", W::NAME);
        assert!(each <= most, "{each} bytes for an end of {}, {bytes} bytes carried, on {runtime}", W::NAME);
    }
}

#[test]
fn an_idle_connection_over_tcp_is_small_on_every_runtime() {
    costs_at_most::<Tokio, Loopback>(4096);
    costs_at_most::<Smol, Loopback>(4096);
    costs_at_most::<AsyncStd, Loopback>(4096);
}

#[test]
fn an_idle_websocket_is_small_on_every_runtime() {
    costs_at_most::<Tokio, WebSocket>(8192);
    costs_at_most::<Smol, WebSocket>(8192);
    costs_at_most::<AsyncStd, WebSocket>(8192);
}
