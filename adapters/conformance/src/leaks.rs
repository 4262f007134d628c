//! Checks that nothing is left when all connections have ended.

use crate::clock::Clocked;
use crate::support::{CLIENT, PATIENCE, exchange, run, serve_echo, serving};
use crate::{Security, Tested, Way};
use futures_util::future::join_all;
use multiserver_compose::{Limits, Multiserver, Runtime};
use multiserver_core::address::Scope;

const CONNECTIONS: usize = 1000;
const AT_ONCE: usize = 50;

/// A thousand connections, opened and closed, leave no descriptors and no tasks.
///
/// It counts the descriptors of the whole process: nothing else may run in it.
pub fn a_thousand_connections_leave_nothing<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        talk::<R, W>(&way, 1).await;
        let before = descriptors();
        talk::<R, W>(&way, CONNECTIONS).await;
        assert_eq!(descriptors(), before, "descriptors");
    });
}

/// Opens as many connections to a server of its own, closes them and the server, and waits for its tasks.
async fn talk<R: Tested, W: Way>(way: &W, connections: usize) {
    let runtime = Clocked::<R>::default();
    let builder = Multiserver::builder_on(runtime.clone()).limits(Limits::default().pending_per_source(AT_ONCE));
    let server = builder.suite(serving(way, false)).build().unwrap().listen().await.unwrap();
    let (address, handle) = (server.address(Scope::Device).unwrap(), server.handle());
    runtime.spawn(Box::pin(serve_echo(server)));
    let client = Multiserver::<R>::builder().suite(W::Security::secured(W::dialling(), CLIENT)).build().unwrap();
    for first in (0..connections).step_by(AT_ONCE) {
        let talk = async |number: usize| {
            let bytes = number.to_be_bytes();
            let connection = client.connect(&address).await.unwrap();
            assert_eq!(exchange(connection, &bytes).await.unwrap(), bytes);
        };
        join_all((first..connections.min(first + AT_ONCE)).map(talk)).await;
    }
    assert_eq!(handle.close(PATIENCE).await, 0, "connections");
    runtime.no_tasks().await;
}

fn descriptors() -> usize {
    std::fs::read_dir("/dev/fd").unwrap().count()
}
