use super::Plan;
use std::vec::Vec;

/// More blocks than any plan of these tests has.
const MOST_BLOCKS: usize = 200;

/// The boxes of a plan: nonce and number of blocks, in turn.
fn boxes(plan: Plan) -> Vec<(u64, u64)> {
    let mut boxes: Vec<(u64, u64)> = Vec::new();
    for (nonce, counter) in plan.take(MOST_BLOCKS + 1) {
        match boxes.last_mut() {
            Some((last, blocks)) if *last == nonce => {
                assert_eq!(counter, *blocks);
                *blocks += 1;
            }
            _ => boxes.push((nonce, 1)),
        }
    }
    assert!(boxes.iter().map(|(_, blocks)| blocks).sum::<u64>() <= MOST_BLOCKS.try_into().unwrap(), "it has no end");
    boxes
}

#[test]
fn a_frame_is_sealed_body_first() {
    assert_eq!(boxes(Plan::sealing(5, 1)), [(6, 1), (5, 1)]);
    assert_eq!(boxes(Plan::sealing(5, 4096)), [(6, 65), (5, 1)]);
    assert_eq!(boxes(Plan::sealing(5, 4097)), [(6, 65), (5, 1), (8, 1), (7, 1)]);
    assert_eq!(boxes(Plan::sealing(5, 0)), []);
}

#[test]
fn a_frame_is_opened_header_first_as_far_as_bytes_are_at_hand() {
    assert_eq!(boxes(Plan::opening(5, 4096, 33)), []);
    assert_eq!(boxes(Plan::opening(5, 4096, 34)), [(5, 1)]);
    assert_eq!(boxes(Plan::opening(5, 4096, 34 + 33)), [(5, 1), (6, 2)]);
    assert_eq!(boxes(Plan::opening(5, 64, 2 * (34 + 64))), [(5, 1), (6, 2), (7, 1), (8, 2)]);
}

#[test]
fn a_single_box_goes_on_from_any_block() {
    assert_eq!(Plan::single(9, 3, 32 + 64 * 4).take(MOST_BLOCKS).collect::<Vec<_>>(), [(9, 3), (9, 4)]);
    assert_eq!(Plan::single(9, 0, 32).take(MOST_BLOCKS).count(), 1);
    assert_eq!(Plan::single(9, 0, 33).take(MOST_BLOCKS).count(), 2);
}

/// A nonce that wraps belongs to another key of Salsa20.
#[test]
fn a_plan_ends_where_the_nonces_carry() {
    assert_eq!(boxes(Plan::sealing(u64::MAX, 1)), []);
    assert_eq!(boxes(Plan::opening(u64::MAX - 2, 1, 1000)), [(u64::MAX - 2, 1), (u64::MAX - 1, 1)]);
}
