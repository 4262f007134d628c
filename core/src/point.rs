//! Which public keys are accepted, and the products made with them.

use crate::keys::PublicKey;
use curve25519_dalek::{EdwardsPoint, MontgomeryPoint};
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey as MontgomeryKey, StaticSecret};
use zeroize::{Zeroize, Zeroizing};

/// What X25519 makes of a secret and a key, 32 bytes.
pub(crate) type Product = Zeroizing<[u8; 32]>;

/// A peer's long-term key that passed every check.
pub(crate) struct LongTermKey(VerifyingKey);

impl LongTermKey {
    /// The key, unless it is off the curve, not canonical, or of low order.
    ///
    /// The library decodes encodings with y >= p and with x = 0 and the sign set; the former are refused here, and
    /// the latter stand for points of low order alone.
    pub(crate) fn new(key: &PublicKey) -> Option<Self> {
        if !is_field_element(&without_sign(key.as_bytes())) || is_weak_point(key.as_bytes()) {
            return None;
        }
        VerifyingKey::from_bytes(key.as_bytes()).ok().map(Self)
    }

    /// The product with the key in its X25519 form, unless it is zero.
    pub(crate) fn product(&self, secret: &StaticSecret) -> Option<Product> {
        product(&self.0.to_edwards(), secret)
    }

    /// The key in its X25519 form, unless it has a part of low order: other keys would then have the same products.
    pub(crate) fn to_x25519(&self) -> Option<[u8; 32]> {
        let point = self.0.to_edwards();
        point.is_torsion_free().then(|| point.to_montgomery().to_bytes())
    }

    /// Whether the signature of the message holds, by the strict rules: S reduced, R canonical and not of low order.
    ///
    /// The library compares R with the encoding of the point that it should be, so that only canonical ones are equal,
    /// and an encoding of low order is one of eight: R itself need not be decoded.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        !is_weak_point(signature.r_bytes()) && self.0.verify(message, &signature).is_ok()
    }
}

/// The ephemeral key of a hello: canonical and not of low order.
pub(crate) struct EphemeralKey([u8; 32]);

impl EphemeralKey {
    /// The key, unless it is not canonical or of low order. It takes no arithmetic to tell.
    pub(crate) fn new(key: &[u8; 32]) -> Option<Self> {
        (is_field_element(key) && !LOW_ORDER_U.contains(key)).then_some(Self(*key))
    }

    /// The key made ready for products: the work that they have in common.
    pub(crate) fn decode(&self) -> DecodedKey {
        // Either sign will do: a point and its negative have the same product here.
        MontgomeryPoint(self.0).to_edwards(0).map_or(DecodedKey::OnTwist(self.0), DecodedKey::OnCurve)
    }
}

/// An ephemeral key made ready for products.
///
/// Multiplying in Edwards form takes half as long as X25519's ladder. Points of the curve's twist have no such form;
/// honest keys are never there, and which is which is public.
pub(crate) enum DecodedKey {
    OnCurve(EdwardsPoint),
    OnTwist([u8; 32]),
}

impl DecodedKey {
    /// The product with the key, unless it is zero, as keys of low order would have it.
    pub(crate) fn product(&self, secret: &StaticSecret) -> Option<Product> {
        match self {
            Self::OnCurve(point) => product(point, secret),
            Self::OnTwist(key) => {
                let product = secret.diffie_hellman(&MontgomeryKey::from(*key));
                product.was_contributory().then(|| Zeroizing::new(product.to_bytes()))
            }
        }
    }
}

/// X25519 by a point in Edwards form: the scalar is clamped and not reduced, so that points with a part of low order
/// come out as by the ladder.
fn product(point: &EdwardsPoint, secret: &StaticSecret) -> Option<Product> {
    let mut multiple = point.mul_clamped(*Zeroizing::new(secret.to_bytes()));
    let product = Zeroizing::new(multiple.to_montgomery().to_bytes());
    multiple.zeroize();
    (!bool::from(product.ct_eq(&[0; 32]))).then_some(product)
}

/// Whether 32 bytes in little-endian order are below p = 2^255 - 19; the top bit counts as one of the number's.
fn is_field_element(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    *high < 0x7f || (*high == 0x7f && (*low < 0xed || middle.iter().any(|byte| *byte != 0xff)))
}

/// Whether these bytes are the canonical encoding of a point of low order in Edwards form.
fn is_weak_point(encoding: &[u8; 32]) -> bool {
    LOW_ORDER_Y.contains(&without_sign(encoding))
}

/// The encoding of a point's y alone.
const fn without_sign(encoding: &[u8; 32]) -> [u8; 32] {
    let mut y = *encoding;
    y[31] &= 0x7f;
    y
}

/// 0.
const ZERO: [u8; 32] = [0; 32];
/// 1.
const ONE: [u8; 32] = {
    let mut one = [0; 32];
    one[0] = 1;
    one
};
/// p - 1.
const MINUS_ONE: [u8; 32] = {
    let mut minus_one = [0xff; 32];
    minus_one[0] = 0xec;
    minus_one[31] = 0x7f;
    minus_one
};

/// The u of all points of low order on the curve and its twist, as Curve25519's page lists them
/// (<https://cr.yp.to/ecdh.html>), without the encodings that are not canonical.
const LOW_ORDER_U: [[u8; 32]; 5] = [
    ZERO,
    ONE,
    MINUS_ONE,
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, //
        0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, //
        0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
];

/// The y of the eight points of low order in Edwards form.
const LOW_ORDER_Y: [[u8; 32]; 5] = [
    ZERO,
    ONE,
    MINUS_ONE,
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, //
        0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, //
        0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::Scalar;
    use curve25519_dalek::constants::EIGHT_TORSION;
    use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
    use proptest::prelude::*;
    use sha2::{Digest, Sha512};
    use std::collections::BTreeSet;
    use std::vec::Vec;

    /// Bytes that look random, `count` times 32 of them.
    fn samples(count: u8) -> impl Iterator<Item = [u8; 32]> {
        use sha2::{Digest, Sha256};
        (0..count).map(|index| Sha256::digest([index]).into())
    }

    #[test]
    fn the_lists_have_all_points_of_low_order() {
        let encodings: BTreeSet<_> = EIGHT_TORSION.iter().map(|point| point.compress().to_bytes()).collect();
        assert_eq!(encodings.len(), 8);
        assert!(encodings.iter().all(is_weak_point));
        let ys: BTreeSet<_> = encodings.iter().map(without_sign).collect();
        assert_eq!(ys, BTreeSet::from(LOW_ORDER_Y));

        let us: BTreeSet<_> = EIGHT_TORSION.iter().map(|point| point.to_montgomery().to_bytes()).collect();
        assert!(us.iter().all(|u| LOW_ORDER_U.contains(u)));
        let secret = StaticSecret::from([0x77; 32]);
        for u in LOW_ORDER_U {
            assert!(EphemeralKey::new(&u).is_none());
            assert!(!secret.diffie_hellman(&MontgomeryKey::from(u)).was_contributory());
        }
    }

    /// Whatever the key: on the curve, with any part of low order, or on the twist.
    #[test]
    fn products_are_those_of_x25519() {
        let (mut on_curve, mut on_twist) = (0, 0);
        for (secret, key) in samples(40).flat_map(|secret| samples(40).map(move |key| (secret, key))) {
            let secret = StaticSecret::from(secret);
            let point = EdwardsPoint::mul_base_clamped(key);
            let mixed = EIGHT_TORSION.iter().map(|torsion| (point + torsion).to_montgomery().to_bytes());
            for u in mixed.chain([without_sign(&key)]) {
                let decoded = EphemeralKey::new(&u).unwrap().decode();
                match decoded {
                    DecodedKey::OnCurve(_) => on_curve += 1,
                    DecodedKey::OnTwist(_) => on_twist += 1,
                }
                let expected = secret.diffie_hellman(&MontgomeryKey::from(u));
                assert_eq!(decoded.product(&secret).unwrap().as_slice(), expected.as_bytes());
            }
            for torsion in EIGHT_TORSION {
                let verifying = VerifyingKey::from(point + torsion);
                let expected = secret.diffie_hellman(&MontgomeryKey::from(verifying.to_montgomery().to_bytes()));
                let product = LongTermKey(verifying).product(&secret).unwrap();
                assert_eq!(product.as_slice(), expected.as_bytes());
            }
        }
        assert!(on_curve > 40 * 40 * 8 && on_twist > 400, "{on_curve} on the curve, {on_twist} on the twist");
    }

    /// What must not be is refused too, should a key of low order get this far.
    #[test]
    fn a_product_of_zero_is_none() {
        let secret = StaticSecret::from([0x77; 32]);
        for torsion in EIGHT_TORSION {
            assert!(product(&torsion, &secret).is_none());
        }
        assert!(DecodedKey::OnTwist(MINUS_ONE).product(&secret).is_none());
    }

    proptest! {
        #[test]
        fn signatures_are_judged_as_verify_strict_does(seed: [u8; 32], message: Vec<u8>, flip in 0_usize..1024) {
            let secret = ExpandedSecretKey::from(&seed);
            let verifying = VerifyingKey::from(&secret);
            let honest = raw_sign::<Sha512>(&secret, &message, &verifying);
            let mut flipped = honest.to_bytes();
            if let Some(byte) = flipped.get_mut(flip / 8) {
                *byte ^= 1 << (flip % 8);
            }
            for torsion in EIGHT_TORSION {
                let key = (verifying.to_edwards() + torsion).compress().to_bytes();
                let mut signatures = Vec::from([honest.to_bytes(), flipped]);
                for (r, torsion) in [Scalar::ZERO, Scalar::from(5_u8)].into_iter().flat_map(|r| EIGHT_TORSION.map(|t| (r, t))) {
                    let commitment = (EdwardsPoint::mul_base(&r) + torsion).compress();
                    let hash = Sha512::new().chain_update(commitment.as_bytes()).chain_update(key).chain_update(&message);
                    let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
                    let s = (r + k * secret.scalar).to_bytes();
                    signatures.push([commitment.to_bytes(), s].concat().try_into().unwrap());
                }
                let ours = LongTermKey::new(&PublicKey::from_bytes(key)).unwrap();
                let theirs = VerifyingKey::from_bytes(&key).unwrap();
                for signature in signatures {
                    let expected = theirs.verify_strict(&message, &Signature::from_bytes(&signature)).is_ok();
                    prop_assert_eq!(ours.verifies(&message, &signature), expected);
                }
            }
        }
    }
}
