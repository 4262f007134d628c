//! HMAC-SHA-512 of 32-byte messages under a key of 32 bytes (RFC 2104), as hellos carry it.

use crate::bytes::{part, within_mut};
use sha2::block_api::compress512;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The length of a block of SHA-512, in bytes.
const BLOCK: usize = 128;

/// What SHA-512 starts from (FIPS 180-4, section 5.3.5).
const INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// A key as HMAC uses it: both hashes after their first block, which is the key's alone.
///
/// Kept with the key, it saves two of the four blocks of every hello.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Authenticator {
    inner: [u64; 8],
    outer: [u64; 8],
}

impl Authenticator {
    /// The authenticator of the main network's key: constants cannot be computed by SHA-512.
    pub(super) const SSB_MAIN: Self = Self {
        inner: [
            0x420d_a794_d438_4958,
            0x21d8_fa7a_a940_11df,
            0xa58d_c0c4_cb14_59b4,
            0xd10b_b5f6_4d3f_b2a6,
            0x8259_5322_948c_8a4c,
            0x23cc_f43f_7960_81eb,
            0x0fe1_6ef3_37f5_a695,
            0x87f9_11f4_e35e_41b9,
        ],
        outer: [
            0x15b2_7dc3_c102_09d7,
            0x3ea4_5554_4886_8d1f,
            0xabb7_fdb7_4794_bc46,
            0x7ab5_5066_3cc9_1709,
            0xeb04_4604_bdde_9ec3,
            0xa64f_71e2_2465_7d19,
            0x59da_2679_4fc1_3c06,
            0x9151_99a6_bfd2_dcfa,
        ],
    };

    /// The authenticator of this key.
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let keyed = |pad: u8| {
            let mut block = Zeroizing::new([pad; BLOCK]);
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            after(&INITIAL, &block)
        };
        Self { inner: keyed(0x36), outer: keyed(0x5c) }
    }

    /// A second one of the same key.
    pub(super) const fn copy(&self) -> Self {
        Self { inner: self.inner, outer: self.outer }
    }

    /// The authenticator of a message, cut to 32 bytes, as NaCl's `crypto_auth` is.
    pub(super) fn authenticate(&self, message: &[u8; 32]) -> [u8; 32] {
        let inner = bytes(&after(&self.inner, &last_block(message)));
        part(&bytes(&after(&self.outer, &last_block(&inner))), 0)
    }
}

/// The state of SHA-512 after one more block.
fn after(state: &[u64; 8], block: &[u8; BLOCK]) -> [u64; 8] {
    let mut state = *state;
    compress512(&mut state, core::slice::from_ref(block));
    state
}

/// The block that ends a hash of one block before it and these bytes, of which there are at most 111: they, a one bit,
/// zeros, and the length of it all in bits.
fn last_block<const N: usize>(content: &[u8; N]) -> [u8; BLOCK] {
    const { assert!(N + 17 <= BLOCK && N < 128, "the content leaves room for the padding") };
    let mut block = [0; BLOCK];
    within_mut(&mut block, 0..N).copy_from_slice(content);
    within_mut(&mut block, N..N + 1).fill(0x80);
    let bits = 8 * u16::try_from(BLOCK + N).unwrap_or_default();
    within_mut(&mut block, BLOCK - 2..BLOCK).copy_from_slice(&bits.to_be_bytes());
    block
}

/// The hash that a state is, big-endian.
fn bytes(state: &[u64; 8]) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes.chunks_exact_mut(8).zip(state).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_be_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::Authenticator;
    use crate::keys::NetworkKey;
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use sha2::Sha512;

    #[test]
    fn the_main_networks_authenticator_is_its_keys() {
        let computed = Authenticator::new(NetworkKey::SSB_MAIN.as_bytes());
        assert_eq!((computed.inner, computed.outer), (Authenticator::SSB_MAIN.inner, Authenticator::SSB_MAIN.outer));
    }

    proptest! {
        #[test]
        fn it_is_hmac_sha512(key: [u8; 32], message: [u8; 32]) {
            let mut mac = Hmac::<Sha512>::new_from_slice(&key).unwrap();
            mac.update(&message);
            let expected: [u8; 32] = mac.finalize().into_bytes()[..32].try_into().unwrap();
            prop_assert_eq!(Authenticator::new(&key).authenticate(&message), expected);
        }
    }
}
