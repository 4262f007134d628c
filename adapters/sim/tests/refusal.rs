//! When a server closes the connection of a client that it does not accept.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_sim::core::keys::PublicKey;
use multiserver_sim::{MultiAddress, Sim};
use std::time::Duration;
use support::{SERVER, client, identity, listen};

/// How long a client that is not accepted waits until the close, at a server that it dials with this key.
fn time_of_refusal(server_key: PublicKey) -> Duration {
    let sim = Sim::new(5);
    sim.latency(Duration::from_millis(1)..=Duration::from_millis(1));
    let (server, address) = listen(&sim, &sim.runtime("server"));
    sim.spawn(server.serve(|_| async { None::<()> }, |_, ()| async {}));
    let transport = address.to_string();
    let (transport, _) = transport.split_once('~').unwrap();
    let dialled: MultiAddress = format!("{transport}~shs:{server_key}").parse().unwrap();
    let begun = sim.now();
    sim.block_on(client(&sim.runtime("client")).connect(&dialled)).unwrap().unwrap_err();
    sim.now() - begun
}

/// Otherwise the time until the close would tell a client that knows a key whether this server has that key.
#[test]
fn whoever_is_refused_waits_as_long_as_whoever_has_another_key_for_the_server() {
    let refused = time_of_refusal(identity(SERVER).public());
    let failed = time_of_refusal(identity(77).public());
    assert_eq!(refused, failed);
    assert!(refused >= Duration::from_millis(50), "{refused:?}");
}
