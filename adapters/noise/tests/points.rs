//! Bad points in every position that a peer or a caller controls.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use common::straight_line::{Values, hello, honest, prove, read_answer, scalar_of};
use common::{CLIENT_RANDOM, alice, bob, client, network, run, server};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use multiserver_core::keys::{KeyPair, PublicKey, Seed};
use multiserver_noise::{ClientHandshake, Error, Message};

/// What the server says to a client with these values.
fn verdict(values: &Values) -> Result<PublicKey, Error> {
    let mut server = server();
    let (mut state, first) = hello(values);
    let said = run(&mut server, &first, 200);
    if let Some(end) = said.end {
        return end.map(|_| panic!("the server cannot be done"));
    }
    let ephemeral = read_answer(&mut state, values, &said.bytes).unwrap();
    let proof = prove(&mut state, values, ephemeral);
    run(&mut server, &proof, 200).end.unwrap().map(|request| *request.peer())
}

/// p = 2^255 - 19, plus `more`.
fn p_plus(more: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed_u8.checked_add(more).unwrap();
    bytes[31] = 0x7f;
    bytes
}

fn with_high_bit(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes[31] |= 0x80;
    bytes
}

/// Every X25519 key that must not be accepted: of low order on the curve or on its twist, not below p, or with bit 255 set.
fn bad_x25519_keys() -> Vec<[u8; 32]> {
    let mut p_minus_one = p_plus(0);
    p_minus_one[0] -= 1;
    let low_order = EIGHT_TORSION.iter().map(|point| point.to_montgomery().to_bytes()).chain([p_minus_one]);
    let mut bad: Vec<_> = low_order.chain((0..=18).map(p_plus)).collect();
    bad.extend(bad.clone().into_iter().chain([bob().x25519_public()]).map(with_high_bit));
    bad
}

/// Every Ed25519 key that must not be accepted: of low order, with a part of low order, not canonical, or off the curve.
fn bad_ed25519_keys(of: &KeyPair) -> Vec<[u8; 32]> {
    let honest = CompressedEdwardsY(*of.public().as_bytes()).decompress().unwrap();
    let low_order = EIGHT_TORSION.iter().map(|point| point.compress().to_bytes());
    let mixed = EIGHT_TORSION[1..].iter().map(|point| (honest + point).compress().to_bytes());
    let not_canonical = (0..=18).flat_map(|more| [p_plus(more), with_high_bit(p_plus(more))]);
    let off_curve = (2..=255).map(|y| [y; 32]).filter(|bytes| CompressedEdwardsY(*bytes).decompress().is_none());
    low_order.chain(mixed).chain(not_canonical).chain(off_curve).collect()
}

#[test]
fn the_honest_values_are_accepted() {
    assert_eq!(verdict(&honest()), Ok(alice().public()));
}

#[test]
fn a_client_with_a_weak_ephemeral_key_hears_nothing() {
    for key in bad_x25519_keys() {
        assert_eq!(
            verdict(&Values { ephemeral: Some(key), ..honest() }),
            Err(Error::WeakKey(Message::ClientHello)),
            "{key:02x?}"
        );
    }
}

#[test]
fn a_client_with_a_weak_long_term_key_is_refused() {
    for key in bad_x25519_keys() {
        let error = verdict(&Values { x25519: Some(key), ..honest() }).unwrap_err();
        assert!(error.is_peers_fault(), "{key:02x?}: {error}");
        assert!(
            [Error::WeakKey(Message::ClientAuth), Error::Sealed(Message::ClientAuth)].contains(&error),
            "{key:02x?}: {error}"
        );
    }
}

#[test]
fn a_client_that_names_a_key_that_is_not_its_own_is_refused() {
    for key in bad_ed25519_keys(&alice()).into_iter().chain([*bob().public().as_bytes(), [0; 32]]) {
        assert_eq!(verdict(&Values { ed25519: key, ..honest() }), Err(Error::ClientKey), "{key:02x?}");
    }
}

/// Its holder is the same, so nobody is taken for somebody else; a list of keys does not have it.
#[test]
fn the_negative_of_a_clients_own_key_is_its_own() {
    let mut negative = *alice().public().as_bytes();
    negative[31] ^= 0x80;
    assert_eq!(verdict(&Values { ed25519: negative, ..honest() }), Ok(PublicKey::from_bytes(negative)));
}

/// Whoever shows the key of another does not come through without its secret.
#[test]
fn a_client_that_shows_the_key_of_another_is_refused() {
    let mallory = KeyPair::from_seed(Seed::from_bytes([6; 32]));
    let values = Values { secret: scalar_of(mallory.seed()), x25519: Some(alice().x25519_public()), ..honest() };
    assert_eq!(verdict(&values), Err(Error::Sealed(Message::ClientAuth)));
    let values = Values { secret: scalar_of(mallory.seed()), ..honest() };
    assert_eq!(verdict(&values), Err(Error::ClientKey), "its own X25519 key under another's name");
}

#[test]
fn a_weak_server_key_in_an_address_is_the_callers_error() {
    for key in bad_ed25519_keys(&bob()) {
        let made = ClientHandshake::new(alice(), &PublicKey::from_bytes(key), &network(), CLIENT_RANDOM);
        assert_eq!(made.err(), Some(Error::ServerKey), "{key:02x?}");
    }
}

#[test]
fn a_server_with_a_weak_ephemeral_key_is_dropped() {
    for key in bad_x25519_keys() {
        let said = run(&mut client(), &[&key[..], &[0; 16]].concat(), 200);
        assert_eq!(said.end.unwrap().unwrap_err(), Error::WeakKey(Message::ServerHello), "{key:02x?}");
        assert_eq!(said.bytes.len(), 48);
    }
}
