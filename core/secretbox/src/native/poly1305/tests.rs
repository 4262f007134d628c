use super::scalar::Accumulator;
use super::tag;
use crate::native::cpu::Cpu;
use data_encoding::HEXLOWER;
use std::vec::Vec;

fn hex<const N: usize>(text: &str) -> [u8; N] {
    HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

/// RFC 8439, section 2.5.2, and the vectors 7 to 11 of appendix A.3, where carries and the reduction come out.
#[test]
fn rfc_8439() {
    let key = hex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b");
    let expected = hex("a8061dc1305136c6c22b8baf0c0127a9");
    assert_eq!(tag(Cpu::Portable, &key, b"Cryptographic Forum Research Group"), expected);

    let cases = [
        (2, "", "ffffffffffffffffffffffffffffffff", "03000000000000000000000000000000"),
        (2, "ffffffffffffffffffffffffffffffff", "02000000000000000000000000000000", "03000000000000000000000000000000"),
        (
            1,
            "",
            concat!(
                "ffffffffffffffffffffffffffffffff",
                "f0ffffffffffffffffffffffffffffff",
                "11000000000000000000000000000000"
            ),
            "05000000000000000000000000000000",
        ),
        (
            1,
            "",
            concat!(
                "ffffffffffffffffffffffffffffffff",
                "fbfefefefefefefefefefefefefefefe",
                "01010101010101010101010101010101"
            ),
            "00000000000000000000000000000000",
        ),
        (2, "", "fdffffffffffffffffffffffffffffff", "faffffffffffffffffffffffffffffff"),
    ];
    for (r, s, message, expected) in cases {
        let mut key = [0; 32];
        key[0] = r;
        key[16..16 + s.len() / 2].copy_from_slice(&HEXLOWER.decode(s.as_bytes()).unwrap());
        let message = HEXLOWER.decode(message.as_bytes()).unwrap();
        assert_eq!(tag(Cpu::Portable, &key, &message), hex::<16>(expected), "{message:?}");
    }
}

/// Sums may have more bits than the modulus, 2^130 - 5.
#[test]
fn a_sum_is_reduced_before_its_low_bits_are_the_tag() {
    const MAX: u64 = u64::MAX;
    for (words, remainder) in [
        ([0, 0, 4], 5),
        ([MAX, MAX, 4], 4),
        ([MAX, MAX, 7], 9),
        ([MAX - 5, MAX, 3], u128::MAX - 5),
        ([MAX - 4, MAX, 3], 0),
        ([MAX, MAX, 3], 4),
        ([MAX, MAX, 0], u128::MAX),
        ([MAX, MAX, 2], u128::MAX),
        ([MAX, 0, 0], u128::from(MAX)),
    ] {
        assert_eq!(Accumulator(words).finish(0), remainder.to_le_bytes(), "{words:x?}");
    }
}

/// Every length up to that of a frame and a block, beside the scalar code; with bytes of all ones and the greatest `r`,
/// every limb and carry is as large as it can be.
#[test]
fn vectors_make_the_same_tags() {
    let mixed: Vec<u8> = (0..4200_u32).map(|index| index.wrapping_mul(0x9e37_79b9).to_le_bytes()[3]).collect();
    let messages = [mixed, std::vec![0xff; 4200], std::vec![0; 4200]];
    let keys: [[u8; 32]; 3] = [core::array::from_fn(|index| u8::try_from(index * 7 + 1).unwrap()), [0xff; 32], [0; 32]];
    for cpu in Cpu::available().filter(|cpu| *cpu != Cpu::Portable) {
        for (message, key) in messages.iter().flat_map(|message| keys.iter().map(move |key| (message, key))) {
            for length in 0..=message.len() {
                let message = &message[..length];
                assert_eq!(tag(cpu, key, message), tag(Cpu::Portable, key, message), "{cpu:?}, {length} bytes");
            }
        }
    }
}
