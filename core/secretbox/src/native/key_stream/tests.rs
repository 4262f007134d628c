use super::{Key, KeyStream, parts};
use crate::native::plan::Plan;
use crate::native::salsa20::LANES;
use crate::nonce::Nonce;
use core::mem::ManuallyDrop;

/// The nonce whose last 8 bytes are this number.
fn nonce(number: u8) -> Nonce {
    let mut bytes = [0x17; 24];
    bytes[16..].copy_from_slice(&u64::from(number).to_be_bytes());
    Nonce(bytes)
}

fn key() -> Key {
    Key::new([0x42; 32], &nonce(0))
}

/// Whether the first block of this box is made, and is the next to be taken.
fn is_next(stream: &KeyStream, number: u8) -> bool {
    let (prefix, number) = parts(&nonce(number));
    stream.begins_next(prefix, number)
}

#[test]
fn the_header_of_a_sealed_body_is_made_with_it() {
    for length in [1, 10, 100, 4095, 4096] {
        let (mut key, mut stream) = (key(), KeyStream::new());
        stream.plan_sealing(&nonce(5), length);
        stream.seal(&mut key, &nonce(6), &mut [0; 4096][..length]);
        assert!(is_next(&stream, 5), "{length} bytes");
        stream.seal(&mut key, &nonce(5), &mut [0; 18]);
        assert_eq!(stream.taken, stream.positions.count(), "{length} bytes");
    }
}

#[test]
fn blocks_of_a_box_are_taken_as_far_as_they_are_made() {
    let (mut key, mut stream) = (key(), KeyStream::new());
    let (prefix, number) = parts(&nonce(6));
    assert_eq!(stream.run(number, 0, 1), 0, "nothing is made");
    stream.plan_sealing(&nonce(5), 4096);
    let _ = stream.first_block(&mut key, &nonce(6), 4096);
    let made = stream.positions.count();
    assert_eq!(stream.run(number, 1, 2), 2.min(made - 1));
    assert_eq!(stream.run(number, 1, 64), made - 1);
    assert_eq!(stream.run(number, 2, 64), 0, "block 1 is the next");
    assert_eq!(stream.run(number + 1, 1, 64), 0, "they are of another box");

    // A header behind a body: the last of the blocks that could be taken is not of this box.
    stream.plan(prefix, Plan::sealing(5, 40));
    let _ = stream.first_block(&mut key, &nonce(6), 40);
    assert_eq!(stream.positions.count(), 3);
    assert_eq!(stream.run(number, 1, 2), 1);
}

#[test]
#[expect(unsafe_code, reason = "it looks into what was dropped")]
fn what_was_made_is_wiped_on_drop() {
    let (mut key, mut stream) = (key(), ManuallyDrop::new(KeyStream::new()));
    stream.plan_sealing(&nonce(5), 4096);
    stream.seal(&mut key, &nonce(6), &mut [0; 4096]);
    assert!(stream.blocks.0.iter().any(|block| *block != [0; 64]));
    // SAFETY: it is dropped once, and has nothing that a drop frees.
    unsafe { ManuallyDrop::drop(&mut stream) };
    assert_eq!(stream.blocks.0, [[0; 64]; LANES]);
}

#[test]
fn a_plan_to_open_goes_on_while_the_frames_are_those_of_the_plan() {
    let (mut key, mut stream) = (key(), KeyStream::new());
    let mut open = |stream: &mut KeyStream, number: u8, length: usize| {
        // Whether the tag fits makes no difference to what is made.
        let _ = stream.open(&mut key, &nonce(number), &mut [0; 18][..length], &[0; 16]);
    };
    stream.plan_opening(&nonce(5), 10, 2 * (34 + 10));
    for header in [5, 7] {
        open(&mut stream, header, 18);
        assert!(is_next(&stream, header + 1));
        open(&mut stream, header + 1, 10);
        stream.plan_opening(&nonce(header + 2), 10, 34 + 10);
    }
    assert!(!is_next(&stream, 9), "all that was planned is used up");

    stream.plan_opening(&nonce(20), 10, 34 + 10);
    open(&mut stream, 20, 18);
    assert!(is_next(&stream, 21), "another plan takes the place of the first");
}
