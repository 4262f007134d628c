//! The products of a server are X25519's, whatever a client's ephemeral key: on the curve or its twist, with a part of low
//! order or without.
#![no_main]

#[path = "../../core/tests/common/mod.rs"]
mod common;

use arbitrary::Arbitrary;
use common::forger;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::{EdwardsPoint, MontgomeryPoint};
use libfuzzer_sys::fuzz_target;
use multiserver_core::shs::{Error, Message};
use x25519_dalek::x25519;

#[derive(Debug, Arbitrary)]
struct Input {
    key: [u8; 32],
    /// Makes the key a multiple of the base point, plus one of the points of low order.
    torsion: Option<u8>,
    server_secret: [u8; 32],
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
    match forger::meet(key, input.server_secret) {
        Ok(()) => assert_ne!(x25519(input.server_secret, key), [0; 32]),
        Err(error) => {
            assert_eq!(error, Error::EphemeralKey(Message::ClientHello));
            let is_high = key[31] & 0x80 != 0 || key[31] == 0x7f;
            assert!(x25519(input.server_secret, key) == [0; 32] || !is_canonical || is_high);
        }
    }
});
