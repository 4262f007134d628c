//! Bad points and weak signatures, in every position that a peer or a caller controls.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use common::forger::{claim, hello, meet, meet_server, prove, prove_as};
use common::points::{WEAK_SIGNATURES, bad_ephemerals_besides, bad_long_term_keys, p_minus_one, small};
use common::schedule::{scalar, signature, signature_with};
use common::{ALICE, BOB, client, client_ephemeral, server, server_ephemeral};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::Identity;
use curve25519_dalek::{EdwardsPoint, Scalar};
use multiserver_core::keys::{NetworkKey, PublicKey};
use multiserver_core::shs::{Client, Error, Message};

fn bad_ephemerals() -> Vec<[u8; 32]> {
    bad_ephemerals_besides(client_ephemeral().public())
}

#[test]
fn the_lists_hold_what_they_say() {
    let decodable_and_not_canonical = bad_long_term_keys()
        .iter()
        .filter(|bytes| CompressedEdwardsY(**bytes).decompress().is_some_and(|point| point.compress().0 != **bytes))
        .count();
    assert!(decodable_and_not_canonical >= 24, "{decodable_and_not_canonical}");
    assert!(bad_long_term_keys().iter().any(|bytes| CompressedEdwardsY(*bytes).decompress().is_none()));
    for low_order in [small(0), small(1), p_minus_one()] {
        assert!(bad_ephemerals().contains(&low_order), "{low_order:02x?}");
        assert_eq!(x25519_dalek::x25519(BOB.seed().as_bytes().to_owned(), low_order), [0; 32]);
    }
}

/// A peer that sends a client's hello back to it has no key of its own.
#[test]
fn a_client_refuses_its_own_ephemeral() {
    let (client, hello) = client().start(client_ephemeral());
    assert_eq!(client.server_hello(&hello).unwrap_err(), Error::EphemeralKey(Message::ServerHello));
}

fn bad_ephemeral_of_a_client() -> usize {
    let keys = bad_ephemerals();
    for key in &keys {
        let error = server().client_hello(&hello(key), server_ephemeral()).unwrap_err();
        assert_eq!(error, Error::EphemeralKey(Message::ClientHello), "{key:02x?}");
    }
    keys.len()
}

fn bad_ephemeral_of_a_server() -> usize {
    let keys = bad_ephemerals();
    for key in &keys {
        let (client, _) = client().start(client_ephemeral());
        assert_eq!(
            client.server_hello(&hello(key)).unwrap_err(),
            Error::EphemeralKey(Message::ServerHello),
            "{key:02x?}"
        );
    }
    keys.len()
}

fn bad_server_key_in_an_address() -> usize {
    let keys = bad_long_term_keys();
    for key in keys.iter().copied() {
        let error = Client::new(ALICE.clone(), &PublicKey::from_bytes(key), &NetworkKey::SSB_MAIN).unwrap_err();
        assert_eq!(error, Error::ServerKey, "{key:02x?}");
        assert!(!error.is_peers_fault());
        assert!(!PublicKey::from_bytes(key).is_usable());
    }
    keys.len()
}

/// Everything that a peer or a caller can choose, in every encoding that is not one honest key's own.
#[test]
fn every_bad_point_is_refused_in_every_position() {
    let tried = [
        ("a client's ephemeral key", bad_ephemeral_of_a_client()),
        ("a server's ephemeral key", bad_ephemeral_of_a_server()),
        ("a server's key in an address", bad_server_key_in_an_address()),
        ("a client's key, with every R of low order", bad_client_key_with_whatever_signature()),
        ("a client's signature", weak_signatures_of_a_client()),
        ("a server's signature", weak_signatures_of_a_server()),
    ];
    for (position, count) in tried {
        println!("{count:4} {position}");
    }
    let all: usize = tried.iter().map(|(_, count)| count).sum();
    println!("{all:4} in all");
    assert!(all > 400, "{all}");
}

/// Half of them are on the curve's twist.
#[test]
fn any_ephemeral_key_has_the_products_of_x25519() {
    let keys =
        (0..64_u8).map(|index| core::array::from_fn(|byte| index.wrapping_mul(151) ^ u8::try_from(3 * byte).unwrap()));
    for mut key in keys {
        key[31] &= 0x3f;
        assert_eq!(meet(key, [0x77; 32]), Ok(()), "{key:?}");
        assert_eq!(meet_server(key, [0x77; 32]), Ok(()), "{key:?}");
    }
}

#[test]
fn an_honest_key_is_usable() {
    assert!(ALICE.public().is_usable() && BOB.public().is_usable());
}

fn bad_client_key_with_whatever_signature() -> usize {
    let keys = bad_long_term_keys();
    for key in keys.iter().copied() {
        // R = identity, S = 0: what a check without these rules takes for any message under a low-order key.
        for torsion in EIGHT_TORSION {
            let error =
                claim(key, |message| signature(Scalar::ZERO, torsion, Scalar::ZERO, &key, message).0).unwrap_err();
            assert_eq!(error, Error::ClientKey, "{key:02x?}");
        }
    }
    keys.len() * EIGHT_TORSION.len()
}

#[test]
fn forger_is_believed_when_it_tells_the_truth() {
    let (alice, r) = (scalar(&ALICE), Scalar::from(5_u8));
    let key = *ALICE.public().as_bytes();
    let request = claim(key, |message| signature(r, EdwardsPoint::mul_base(&r), alice, &key, message).0).unwrap();
    assert_eq!(request.peer(), &ALICE.public());
    let bob = *BOB.public().as_bytes();
    prove(|message| signature(r, EdwardsPoint::mul_base(&r), scalar(&BOB), &bob, message).0).unwrap();
}

/// An R in every bad encoding, and S such that the R which a check computes is the identity; and other weak signatures.
fn weak_signatures_of_a_client() -> usize {
    let (alice, key) = (scalar(&ALICE), *ALICE.public().as_bytes());
    let commitments = bad_long_term_keys();
    for r in commitments.iter().copied() {
        let error = claim(key, |message| signature_with(Scalar::ZERO, r, alice, &key, message).0).unwrap_err();
        assert_eq!(error, Error::Signature(Message::ClientAuth), "{r:02x?}");
    }
    for signature in WEAK_SIGNATURES {
        let error = claim(key, |message| signature(alice, &key, message)).unwrap_err();
        assert_eq!(error, Error::Signature(Message::ClientAuth));
    }
    commitments.len() + WEAK_SIGNATURES.len()
}

/// As [`weak_signatures_of_a_client`].
fn weak_signatures_of_a_server() -> usize {
    let (bob, key) = (scalar(&BOB), *BOB.public().as_bytes());
    let commitments = bad_long_term_keys();
    for r in commitments.iter().copied() {
        let error = prove(|message| signature_with(Scalar::ZERO, r, bob, &key, message).0).unwrap_err();
        assert_eq!(error, Error::Signature(Message::ServerAccept), "{r:02x?}");
    }
    for signature in WEAK_SIGNATURES {
        let error = prove(|message| signature(bob, &key, message)).unwrap_err();
        assert_eq!(error, Error::Signature(Message::ServerAccept));
    }
    commitments.len() + WEAK_SIGNATURES.len()
}

#[test]
fn a_key_of_mixed_order_is_accepted() {
    let torsion = EIGHT_TORSION[1];
    assert_ne!(torsion, EdwardsPoint::identity());
    let mixed = |secret: Scalar| (EdwardsPoint::mul_base(&secret) + torsion).compress().to_bytes();
    // A signature under such a key holds where k is a multiple of the torsion's order: one in eight.
    let sign = |secret: Scalar, key: [u8; 32], message: &[u8]| {
        (1_u64..)
            .map(Scalar::from)
            .map(|r| signature(r, EdwardsPoint::mul_base(&r), secret, &key, message))
            .find_map(|(bytes, k)| (torsion * k == EdwardsPoint::identity()).then_some(bytes))
            .unwrap()
    };
    let (alice, bob) = (scalar(&ALICE), scalar(&BOB));
    let key = mixed(alice);
    assert_eq!(claim(key, |message| sign(alice, key, message)).unwrap().peer().as_bytes(), &key);
    let key = mixed(bob);
    let outcome = prove_as(&PublicKey::from_bytes(key), |message| sign(bob, key, message)).unwrap();
    assert_eq!(outcome.peer().as_bytes(), &key);
}
