//! No attacker between the peers makes one of them accept another than the one that it means.
#![allow(clippy::unwrap_used)]

use multiserver_model::faults::Fault;
use multiserver_model::handshake::{AGREEMENT, CROSSED_KEYS, Handshakes, NOBODY_IS_STUCK};
use multiserver_model::protocol::{Noise, Protocol, Shs};
use stateright::{Checker, HasDiscoveries, Model};
use std::time::Instant;

/// Explores all that can happen, and holds every property.
fn holds<P: Protocol>(name: &str, model: Handshakes<P>) {
    let begun = Instant::now();
    let checker = model.checker().threads(2).spawn_bfs().join();
    println!(
        "{} {name}: {} states, {} steps, {} messages tried, {:.1?}",
        P::NAME,
        checker.unique_state_count(),
        checker.state_count(),
        checker.model().tried(),
        begun.elapsed()
    );
    checker.assert_properties();
}

/// The property that fails with a fault.
fn finds<P: Protocol>(fault: Fault, property: &'static str) {
    let model = Handshakes::<P>::two_clients_and_a_server().with(fault);
    let found = HasDiscoveries::AllOf([property].into());
    let checker = model.checker().threads(2).finish_when(found).spawn_bfs().join();
    assert!(checker.discovery(property).is_some(), "{} with {fault:?} breaks no {property}", P::NAME);
}

#[test]
fn two_clients_and_a_server_by_shs() {
    holds("two clients and a server", Handshakes::<Shs>::two_clients_and_a_server());
}

#[test]
fn a_server_in_the_middle_of_shs() {
    holds("a server in the middle", Handshakes::<Shs>::a_server_in_the_middle());
}

#[test]
fn two_clients_and_a_server_by_noise() {
    holds("two clients and a server", Handshakes::<Noise>::two_clients_and_a_server());
}

#[test]
fn a_server_in_the_middle_of_noise() {
    holds("a server in the middle", Handshakes::<Noise>::a_server_in_the_middle());
}

/// So the properties can fail.
#[test]
fn every_fault_is_found() {
    for (fault, property) in [
        (Fault::AcceptsWithoutProof, AGREEMENT),
        (Fault::AcceptsBeforeProof, AGREEMENT),
        (Fault::RepeatsEphemeral, AGREEMENT),
        (Fault::IgnoresErrors, NOBODY_IS_STUCK),
        (Fault::SkipsNonce, CROSSED_KEYS),
    ] {
        finds::<Shs>(fault, property);
        finds::<Noise>(fault, property);
    }
}
