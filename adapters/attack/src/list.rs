//! The attacks, all of them.

use crate::attack::{Attack, Edit, Hello, Message, Pace, Proof, Takes};
use crate::kind::{Kind, Side};
use crate::points::{WEAK_SIGNATURES, bad_ephemerals_besides, bad_long_term_keys};
use crate::stream::{CUT_LENGTHS, FRAME_BITS, Stream};
use curve25519_dalek::constants::EIGHT_TORSION;
use x25519_dalek::x25519;

/// How many long-term keys are tried: all of low order, all that are not canonical, and some off the curve.
const LONG_TERM_KEYS: usize = 64;

/// The points of low order are the first of the long-term keys.
const LOW_ORDER_KEYS: usize = EIGHT_TORSION.len();

const MESSAGES: [(Message, &str); 2] = [(Message::Hello, "hello"), (Message::Proof, "proof")];

/// The attacks on a peer on this side, the honest session first; `own` is the attacker's X25519 key.
#[must_use]
pub fn attacks(side: Side, own: &[u8; 32]) -> Vec<Attack> {
    let mut all = vec![Attack::honest(Kind::Honest, "")];
    all.extend(pieces(side));
    all.extend(damage(side));
    all.extend(strangers(side));
    all.extend(ephemerals(own));
    all.extend(long_term_keys(side));
    all.extend(signatures());
    all
}

/// The attacks that begin once the handshake is over, on a peer that goes on to a box stream.
#[must_use]
pub fn stream_attacks() -> Vec<Attack> {
    let sound = [
        ("empty", Stream::Empty(1)),
        ("empty-1000", Stream::Empty(1000)),
        ("length-1", Stream::Frame(1)),
        ("length-4096", Stream::Frame(4096)),
    ];
    let bad = [
        ("length-4097", Stream::Frame(4097)),
        ("length-65535", Stream::Frame(65_535)),
        ("empty-false-tag", Stream::FalseTag),
        ("twice", Stream::Twice),
        ("swapped", Stream::Swapped),
        ("reflected", Stream::Reflected),
    ];
    let flips = (0..FRAME_BITS).map(|bit| (format!("flip.{bit}"), Stream::Flip(bit)));
    let cuts = (0..CUT_LENGTHS).map(|length| (length.to_string(), Stream::Cut(length)));
    let named = sound.into_iter().chain(bad).map(|(name, stream)| (name.to_owned(), stream)).chain(flips).chain(cuts);
    named
        .map(|(name, stream)| {
            let kind = if matches!(stream, Stream::Cut(_)) {
                Kind::Truncated
            } else if stream.is_sound() {
                Kind::Stream
            } else {
                Kind::BadFrame
            };
            Attack { stream, ..Attack::honest(kind, &name) }
        })
        .collect()
}

/// What is honest, in unusual pieces.
fn pieces(side: Side) -> Vec<Attack> {
    let splits = each_byte(side).map(|(message, name, at)| Attack {
        pace: Pace::Split(message, at),
        ..Attack::honest(Kind::Split, &format!("{name}.{at}"))
    });
    let splits = splits.filter(|attack| !matches!(attack.pace, Pace::Split(_, 0)));
    splits
        .chain([
            Attack { pace: Pace::Drip, ..Attack::honest(Kind::Drip, "") },
            Attack { early: true, ..Attack::honest(Kind::Early, "goodbye") },
        ])
        .collect()
}

/// Every cut and every flipped bit of both messages, and a byte too many between them.
fn damage(side: Side) -> Vec<Attack> {
    let cuts = each_byte(side).map(|(message, name, length)| {
        Attack::honest(Kind::Cut, &format!("{name}.{length}")).edit(Edit::Cut(message, length))
    });
    let flips = each_byte(side).flat_map(|(message, name, byte)| {
        (8 * byte..8 * byte + 8)
            .map(move |bit| Attack::honest(Kind::Flip, &format!("{name}.{bit}")).edit(Edit::Flip(message, bit)))
    });
    let extra = Attack::honest(Kind::Extra, "hello").edit(Edit::Extra(Message::Hello));
    cuts.chain(flips).chain([extra]).collect()
}

/// Every index of both messages.
fn each_byte(side: Side) -> impl Iterator<Item = (Message, &'static str, usize)> {
    MESSAGES
        .into_iter()
        .zip(side.attacker_sizes())
        .flat_map(|((message, name), size)| (0..size).map(move |index| (message, name, index)))
}

/// Peers of another network or for another server, and messages that are not the attacker's own.
fn strangers(side: Side) -> Vec<Attack> {
    let replayed = Attack::honest(Kind::Replay, "proof").proof(Proof::Replayed);
    let reflected_proof = Attack::honest(Kind::Reflect, "proof").proof(Proof::Reflected);
    let reflected = Attack::honest(Kind::Reflect, "hello").proof(Proof::Reflected).hello(Hello::Reflected);
    // A server cannot tell that the ephemeral key in a hello was its own in another connection.
    let reflected = Attack { takes: if side == Side::Server { Takes::Hello } else { Takes::Nothing }, ..reflected };
    vec![
        Attack::honest(Kind::Network, "hello").hello(Hello::OtherNetwork),
        Attack::honest(Kind::Network, "proof").proof(Proof::OtherNetwork),
        Attack::honest(Kind::OtherServer, "key").proof(Proof::OtherServer),
        Attack::honest(Kind::OtherServer, "signature").proof(Proof::SignedForAnother),
        Attack::honest(Kind::Box, "zeros").proof(Proof::Zeros),
        replayed,
        reflected,
        reflected_proof,
    ]
}

/// Ephemeral keys that must not be accepted; the attacker goes on as if the product with them were zero, as it is with those
/// of low order.
fn ephemerals(own: &[u8; 32]) -> Vec<Attack> {
    let attack = |key: [u8; 32]| {
        let kind = if x25519(*own, key) == [0; 32] { Kind::LowOrder } else { Kind::NotCanonical };
        Attack::honest(kind, &hex(&key)).hello(Hello::Key(key))
    };
    unique(bad_ephemerals_besides(own)).into_iter().map(attack).collect()
}

/// Long-term keys that must not be accepted.
fn long_term_keys(side: Side) -> Vec<Attack> {
    let keys = unique(bad_long_term_keys()).into_iter().take(LONG_TERM_KEYS);
    match side {
        Side::Server => keys
            .enumerate()
            .flat_map(|(index, key)| {
                let points = if index < LOW_ORDER_KEYS { EIGHT_TORSION.len() } else { 1 };
                (0..points).map(move |r| {
                    Attack::honest(Kind::ClientKey, &format!("{}.{r}", hex(&key))).proof(Proof::Claim(key, r))
                })
            })
            .collect(),
        Side::Client => keys
            .map(|key| Attack {
                server_key: Some(key),
                takes: Takes::Nothing,
                ..Attack::honest(Kind::ServerKey, &hex(&key))
            })
            .collect(),
    }
}

fn signatures() -> Vec<Attack> {
    let weak = ["not-reduced", "mixed-order", "other-message"];
    let weak =
        weak.into_iter().zip(0..WEAK_SIGNATURES.len()).map(|(name, index)| (name.to_owned(), Proof::Weak(index)));
    let small = (0..EIGHT_TORSION.len()).map(|index| (format!("small-order.{index}"), Proof::SmallOrder(index)));
    weak.chain(small)
        .chain([("other-key".to_owned(), Proof::SignedByAnother)])
        .map(|(name, proof)| Attack::honest(Kind::Signature, &name).proof(proof))
        .collect()
}

/// The keys without those that were there before.
fn unique(keys: Vec<[u8; 32]>) -> Vec<[u8; 32]> {
    let mut seen = Vec::new();
    for key in keys {
        if !seen.contains(&key) {
            seen.push(key);
        }
    }
    seen
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parties::Parties;
    use std::collections::HashSet;

    #[test]
    fn every_attack_has_a_name_of_its_own_and_every_kind_has_attacks() {
        let own = Parties::fixed([1; 32]).public();
        let mut kinds = HashSet::new();
        for side in [Side::Server, Side::Client] {
            let mut ids = HashSet::new();
            for attack in attacks(side, &own).into_iter().chain(stream_attacks()) {
                kinds.insert(attack.kind);
                assert!(ids.insert(attack.id.clone()), "{} twice", attack.id);
            }
        }
        assert_eq!(kinds.len(), Kind::ALL.len());
    }

    #[test]
    fn the_attacks_of_low_order_are_those_whose_product_is_zero() {
        let own = Parties::fixed([1; 32]).public();
        let count = |kind| ephemerals(&own).iter().filter(|attack| attack.kind == kind).count();
        assert!(count(Kind::LowOrder) >= 12 && count(Kind::NotCanonical) >= 30);
    }
}
