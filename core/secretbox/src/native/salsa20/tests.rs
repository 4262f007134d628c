use super::{BLOCK_SIZE, Blocks, LANES, Positions, batch, blocks, scalar};
use crate::native::cpu::Cpu;
use data_encoding::HEXUPPER;
use std::vec::Vec;

/// The first vector of set 1 for keys of 256 bits, from the ECRYPT stream cipher project.
#[test]
fn ecrypts_key_stream() {
    let key = [0x80, 0, 0, 0, 0, 0, 0, 0];
    let stream: Vec<u8> = (0..5).flat_map(|counter| scalar::block(&key, [0, 0, counter, 0])).collect();
    let expected = [
        (0, "E3BE8FDD8BECA2E3EA8EF9475B29A6E7003951E1097A5C38D23B7A5FAD9F6844"),
        (32, "B22C97559E2723C7CBBD3FE4FC8D9A0744652A83E72A9C461876AF4D7EF1A117"),
        (192, "57BE81F47B17D9AE7C4FF15429A73E10ACF250ED3A90A93C711308A74C6216A9"),
        (256, "958211C4BA2EBD5838C635EDB81F513A91A294E194F1C039AEEC657DCE40AA7E"),
    ];
    for (start, bytes) in expected {
        assert_eq!(HEXUPPER.encode(&stream[start..start + 32]), bytes, "from byte {start}");
    }
}

/// Every number of blocks, each at a position of its own, beside the scalar code.
#[test]
fn vectors_make_the_same_blocks() {
    let key = core::array::from_fn(|word| 0x9e37_79b9_u32.wrapping_mul(u32::try_from(word).unwrap() + 1));
    for cpu in Cpu::available().filter(|cpu| *cpu != Cpu::Portable) {
        for count in 0..=batch(cpu) {
            let mut positions = Positions::NONE;
            for index in 0..u64::try_from(count).unwrap() {
                positions.push(0x0123_4567_89ab_cdef_u64.wrapping_mul(index + 1), u64::MAX / (index + 1));
            }
            let mut made = Blocks([[0; BLOCK_SIZE]; LANES]);
            blocks(cpu, &key, &positions, &mut made);
            for (index, position) in positions.iter().enumerate() {
                assert_eq!(made.0[index], scalar::block(&key, position), "{cpu:?}, block {index} of {count}");
            }
        }
    }
}

#[test]
fn a_position_is_found_where_it_was_put() {
    let mut positions = Positions::NONE;
    (0..40).for_each(|counter| positions.push(7, counter));
    assert_eq!(positions.count(), LANES);
    assert!(positions.is_at(0, 7, 0) && positions.is_at(31, 7, 31));
    assert!(!positions.is_at(1, 7, 0) && !positions.is_at(1, 8, 1) && !positions.is_at(32, 7, 32));
    positions.clear();
    assert!(!positions.is_at(0, 7, 0));
}
