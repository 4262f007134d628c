//! The products of both sides are X25519's, whatever the peer's ephemeral key: on the curve or its twist, with a part of
//! low order or without.
#![no_main]

#[path = "../../core/tests/common/mod.rs"]
mod common;

use arbitrary::Arbitrary;
use common::forger;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::{EdwardsPoint, MontgomeryPoint};
use libfuzzer_sys::fuzz_target;
use multiserver_core::keys::Ephemeral;
use multiserver_core::shs::{Error, Message};
use x25519_dalek::x25519;

#[derive(Debug, Arbitrary)]
struct Input {
    key: [u8; 32],
    /// Makes the key a multiple of the base point, plus one of the points of low order.
    torsion: Option<u8>,
    secret: [u8; 32],
}

fuzz_target!(|input: Input| {
    let key = match input.torsion {
        None => input.key,
        Some(torsion) => {
            let point = EdwardsPoint::mul_base_clamped(input.key) + EIGHT_TORSION[usize::from(torsion % 8)];
            point.to_montgomery().to_bytes()
        }
    };
    let is_canonical = MontgomeryPoint(key).to_edwards(0).is_none_or(|point| point.to_montgomery().0 == key);
    let is_high = key[31] & 0x80 != 0 || key[31] == 0x7f;
    let is_zero = x25519(input.secret, key) == [0; 32];
    let is_own = key == *Ephemeral::from_secret(input.secret).public();
    let met = [
        (forger::meet(key, input.secret), Message::ClientHello, false),
        (forger::meet_server(key, input.secret), Message::ServerHello, is_own),
    ];
    for (result, hello, is_refused) in met {
        match result {
            Ok(()) => assert!(!is_zero && !is_refused),
            Err(error) => {
                assert_eq!(error, Error::EphemeralKey(hello));
                assert!(is_zero || !is_canonical || is_high || is_refused);
            }
        }
    }
});
