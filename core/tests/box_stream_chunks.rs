//! Box streams of any content, cut anywhere on both sides.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use multiserver_core::box_stream::{Decoded, Decoder, Encoder, MAX_FRAME_SIZE, Opener, Sealer};
use proptest::prelude::*;
use proptest::test_runner::{FailurePersistence, FileFailurePersistence};

const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../proptest-regressions/box_stream.txt");

fn config() -> ProptestConfig {
    let seeds: Box<dyn FailurePersistence> = Box::new(FileFailurePersistence::Direct(SEEDS));
    ProptestConfig { failure_persistence: Some(seeds), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// One side writes and the other reads in pieces of arbitrary sizes; both buffers stay in their bounds.
    #[test]
    fn what_is_written_is_read(
        key: [u8; 32],
        nonce: [u8; 24],
        writes in prop::collection::vec(prop_oneof![0..100_usize, 4000..4200_usize, 0..70_000_usize], 0..6),
        pieces in prop::collection::vec(prop_oneof![1..100_usize, 1..70_000_usize], 1..20),
        frames in 0..20_usize,
    ) {
        let plaintext: Vec<u8> = (0..writes.iter().sum()).map(|index: usize| index.to_le_bytes()[0]).collect();
        let mut encoder = Encoder::with_frames(Sealer::new(key, nonce), frames);
        let mut decoder = Decoder::with_frames(Opener::new(key, nonce), frames);
        let mut pieces = pieces.into_iter().cycle();
        let mut received = Vec::new();
        let mut unwritten = &plaintext[..];
        let writes_in_all = writes.len();
        let mut writes = writes.into_iter();
        let (mut current, mut idle) = (0, 0);
        let mut into = vec![0; 70_000];
        loop {
            let length = pieces.next().unwrap();
            match decoder.read(&mut into[..length]).unwrap() {
                Decoded::Plaintext(count) => {
                    prop_assert!(count > 0);
                    received.extend_from_slice(&into[..count]);
                    prop_assert!(received.len() <= plaintext.len());
                }
                Decoded::Goodbye => break,
                Decoded::NeedInput => {
                    let count = length.min(encoder.ciphertext().len());
                    let count = decoder.feed(&encoder.ciphertext()[..count]);
                    encoder.advance(count);
                    prop_assert!(count != 0 || encoder.ciphertext().is_empty());
                    prop_assert!(decoder.buffer().len() <= frames.max(2) * MAX_FRAME_SIZE);
                    if current == 0 {
                        match writes.next() {
                            Some(next) => current = next,
                            None => encoder.goodbye(),
                        }
                    }
                    idle = if count == 0 { idle + 1 } else { 0 };
                    if current != 0 {
                        let taken = encoder.write(&unwritten[..current]).unwrap();
                        prop_assert!(encoder.ciphertext().len() <= frames.max(1) * MAX_FRAME_SIZE);
                        unwritten = &unwritten[taken..];
                        current -= taken;
                        idle = if taken == 0 { idle } else { 0 };
                    }
                    prop_assert!(idle <= 1 + writes_in_all, "nothing moves any more");
                }
            }
        }
        prop_assert_eq!(decoder.end_of_input(), Ok(()));
        prop_assert_eq!(received, plaintext);
    }
}
