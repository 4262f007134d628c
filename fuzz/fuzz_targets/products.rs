//! The products of both sides are X25519's, whatever the peer's ephemeral key: on the curve or its twist, with a part of
//! low order or without. A key is refused if it is not canonical, of low order or one's own, and no other is.
#![no_main]

#[path = "../../core/tests/common/mod.rs"]
mod common;
#[path = "straight_line/points.rs"]
#[allow(dead_code, reason = "another target uses the rest")]
mod points;

use arbitrary::Arbitrary;
use common::forger;
use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::EIGHT_TORSION;
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
    let is_bad = !points::is_ephemeral(&key) || x25519(input.secret, key) == [0; 32];
    let is_own = key == *Ephemeral::from_secret(input.secret).public();
    let met = [
        (forger::meet(key, input.secret), Message::ClientHello, is_bad),
        (forger::meet_server(key, input.secret), Message::ServerHello, is_bad || is_own),
    ];
    for (result, hello, is_refused) in met {
        assert_eq!(result, if is_refused { Err(Error::EphemeralKey(hello)) } else { Ok(()) });
    }
});
