//! Boxes against NaCl's own test, at the lengths where blocks begin and end, and altered in every way.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use data_encoding::HEXLOWER_PERMISSIVE;
use multiserver_secretbox::{Forged, open, seal};

const KEY: [u8; 32] = [0x42; 32];
const NONCE: [u8; 24] = [0x17; 24];

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).unwrap()
}

/// Bytes that differ from place to place.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| index.wrapping_mul(0x9e37).to_le_bytes()[1]).collect()
}

/// `tests/secretbox.c` of NaCl (<https://nacl.cr.yp.to/>), which C, C++ and Python agree upon.
#[test]
fn nacls_own_test() {
    let key = hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389").try_into().unwrap();
    let nonce = hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37").try_into().unwrap();
    let message = hex(concat!(
        "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc",
        "e5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31",
        "0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde",
        "048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f93776384864",
        "5e0705",
    ));
    let boxed = hex(concat!(
        "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce",
        "48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972",
        "71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae",
        "90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3",
        "7973f622a43d14a6599b1f654cb45a74e355a5",
    ));
    let mut data = message.clone();
    let tag = seal(&key, &nonce, &mut data);
    assert_eq!([&tag[..], &data].concat(), boxed);
    open(&key, &nonce, &mut data, &tag).unwrap();
    assert_eq!(data, message);
}

#[test]
fn every_length_around_the_blocks_opens_again() {
    for length in (0..=320).chain([4095, 4096, 4097, 65_535]) {
        let message = pattern(length);
        let mut data = message.clone();
        let tag = seal(&KEY, &NONCE, &mut data);
        assert!(length < 8 || data != message);
        open(&KEY, &NONCE, &mut data, &tag).unwrap();
        assert_eq!(data, message, "{length} bytes");
    }
}

/// The key stream does not depend on the length, so each ciphertext begins the next longer one.
#[test]
fn shorter_ciphertexts_begin_longer_ones_and_tags_differ() {
    let mut longest = pattern(320);
    let mut last_tag = seal(&KEY, &NONCE, &mut longest);
    for length in (0..320).rev() {
        let mut data = pattern(length);
        let tag = seal(&KEY, &NONCE, &mut data);
        assert_eq!(data, longest[..length]);
        assert_ne!(tag, last_tag);
        last_tag = tag;
    }
}

#[test]
fn whatever_is_altered_is_found_and_left_as_it_was() {
    for length in [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65] {
        let mut data = pattern(length);
        let tag = seal(&KEY, &NONCE, &mut data);
        let refused = |key: [u8; 32], nonce: [u8; 24], data: &[u8], tag: [u8; 16]| {
            let mut opened = data.to_vec();
            assert_eq!(open(&key, &nonce, &mut opened, &tag), Err(Forged));
            assert_eq!(opened, data);
        };
        let flip = |bytes: &[u8], bit: usize| {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        };
        (0..length * 8).for_each(|bit| refused(KEY, NONCE, &flip(&data, bit), tag));
        (0..128).for_each(|bit| refused(KEY, NONCE, &data, flip(&tag, bit).try_into().unwrap()));
        (0..192).for_each(|bit| refused(KEY, flip(&NONCE, bit).try_into().unwrap(), &data, tag));
        (0..256).for_each(|bit| refused(flip(&KEY, bit).try_into().unwrap(), NONCE, &data, tag));
        refused(KEY, NONCE, &[&data[..], &[0]].concat(), tag);
        if length > 0 {
            refused(KEY, NONCE, &data[1..], tag);
            refused(KEY, NONCE, &data[..length - 1], tag);
        }
    }
}

#[test]
fn the_error_says_what_is_wrong() {
    assert_eq!(Forged.to_string(), "the data was not sealed with this key and nonce, or was altered");
}
