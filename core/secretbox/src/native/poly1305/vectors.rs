//! Many blocks side by side, in limbs of 26 bits: what is the same for vectors of every width.

use super::scalar::{Accumulator, Point};

/// The bits of a limb.
pub(super) const LIMB: u64 = (1 << 26) - 1;

/// A number modulo 2^130 - 5 in five limbs of 26 bits; the last may have some bits more.
pub(super) fn limbs(number: Accumulator) -> [u64; 5] {
    let [h0, h1, h2] = number.0;
    [h0 & LIMB, (h0 >> 26) & LIMB, ((h0 >> 52) | (h1 << 12)) & LIMB, (h1 >> 14) & LIMB, (h1 >> 40) | (h2 << 24)]
}

/// The number that five limbs of up to 62 bits stand for.
pub(super) fn number(mut limbs: [u64; 5]) -> Accumulator {
    // What a round brings back to the lowest limb goes on in the next; after three there is nothing left to bring back.
    for _ in 0..3 {
        let mut carry = 0;
        for limb in &mut limbs {
            let sum = *limb + carry;
            carry = sum >> 26;
            *limb = sum & LIMB;
        }
        limbs[0] += 5 * carry;
    }
    let [l0, l1, l2, l3, l4] = limbs;
    Accumulator([l0 | (l1 << 26) | (l2 << 52), (l2 >> 12) | (l3 << 14) | (l4 << 40), l4 >> 24])
}

/// The square of a number in limbs, of which the last may have 28 bits.
pub(super) fn square(limbs: &[u64; 5]) -> [u64; 5] {
    let [l0, l1, l2, l3, l4] = *limbs;
    let (s3, s4) = (5 * l3, 5 * l4);
    let product = [
        l0 * l0 + 2 * (l1 * s4 + l2 * s3),
        2 * (l0 * l1 + l2 * s4) + l3 * s3,
        2 * (l0 * l2 + l3 * s4) + l1 * l1,
        2 * (l0 * l3 + l1 * l2) + l4 * s4,
        2 * (l0 * l4 + l1 * l3) + l2 * l2,
    ];
    self::limbs(number(product))
}

/// The powers of `r`, from the first on, in limbs.
pub(super) fn powers<const N: usize>(r: &Point) -> [[u64; 5]; N] {
    let mut power = Accumulator::ONE;
    core::array::from_fn(|_| {
        power = power.times(r);
        limbs(power)
    })
}

/// The limbs of the powers for the lanes of a vector that have blocks in this order: the last block's is the first power.
pub(super) fn by_lane<const N: usize>(powers: &[[u64; 5]; N], order: [usize; N]) -> [[u64; N]; 5] {
    let mut limbs = [[0; N]; 5];
    for (limb, lanes) in limbs.iter_mut().enumerate() {
        for (lane, block) in lanes.iter_mut().zip(order) {
            let power = powers.iter().rev().nth(block).and_then(|power| power.get(limb));
            *lane = *power.unwrap_or_else(|| unreachable!("a lane's block is one of the group"));
        }
    }
    limbs
}

/// Evaluates the polynomial over vectors of `$vector`'s 64-bit lanes, one block in each.
///
/// Lane by lane, the blocks of every other group are added and the sums multiplied by `r^(2 * lanes)`; at last each lane
/// is multiplied by the power that its block is away from the end, and all are added up. The module that calls this has
/// functions of its own for the vectors: `splat`, `load`, `blocks`, `add`, `times`, `and`, `or`, `left`, `right`, `sum`.
macro_rules! absorb_groups {
    ($feature:literal, $vector:ty, $lanes:literal, $order:expr) => {
        /// Takes whole groups of blocks from the front of the message, as a message's first bytes.
        #[target_feature(enable = $feature)]
        fn absorb_groups(r: &Point, groups: &[[u8; 16 * $lanes]]) -> Accumulator {
            let powers = zeroize::Zeroizing::new(vectors::powers::<$lanes>(r));
            let [.., step] = &*powers;
            let double_step = splat_all(&vectors::square(step));
            let step = splat_all(step);
            // The groups of even and of odd numbers, counted from the end, have a sum each: neither waits for the other.
            let limb = limb_mask();
            let (odd, pairs) = groups.split_at(groups.len() % 2);
            let (mut first, mut second) = ([splat(0); 5], [splat(0); 5]);
            for group in odd {
                second = limbs_of_blocks(group, limb);
            }
            for [one, other] in pairs.as_chunks().0 {
                first = plus(carry(multiply(first, double_step), limb), limbs_of_blocks(one, limb));
                second = plus(carry(multiply(second, double_step), limb), limbs_of_blocks(other, limb));
            }
            let sum = plus(carry(multiply(first, step), limb), second);
            vectors::number(multiply(sum, last_powers(&powers)).map(|lanes| total(lanes)))
        }

        /// The power for each lane: that of the block which the lane holds, counted from the group's end.
        #[target_feature(enable = $feature)]
        #[inline]
        fn last_powers(powers: &[[u64; 5]; $lanes]) -> Factor {
            let lanes = zeroize::Zeroizing::new(vectors::by_lane(powers, $order));
            let [l0, l1, l2, l3, l4] = &*lanes;
            factor([load(l0), load(l1), load(l2), load(l3), load(l4)])
        }

        /// What vectors are multiplied by: its limbs, and five times each, for what goes around modulo 2^130 - 5.
        type Factor = [[$vector; 5]; 2];

        #[target_feature(enable = $feature)]
        #[inline]
        fn factor(limbs: [$vector; 5]) -> Factor {
            let mut reduced = limbs;
            for limb in &mut reduced {
                *limb = add(*limb, left::<2>(*limb));
            }
            [limbs, reduced]
        }

        #[target_feature(enable = $feature)]
        #[inline]
        fn splat_all(limbs: &[u64; 5]) -> Factor {
            factor([splat(limbs[0]), splat(limbs[1]), splat(limbs[2]), splat(limbs[3]), splat(limbs[4])])
        }

        #[target_feature(enable = $feature)]
        #[inline]
        fn plus(a: [$vector; 5], b: [$vector; 5]) -> [$vector; 5] {
            [add(a[0], b[0]), add(a[1], b[1]), add(a[2], b[2]), add(a[3], b[3]), add(a[4], b[4])]
        }

        /// The mask of a limb, of unknown value to the compiler: where it can tell that a limb is below 2^32, it replaces the
        /// product of the lower halves by one of 64 bits, which costs two instructions and several more.
        #[target_feature(enable = $feature)]
        #[inline]
        fn limb_mask() -> $vector {
            splat(core::hint::black_box(vectors::LIMB))
        }

        /// The blocks in limbs, each with the bit after its end.
        #[target_feature(enable = $feature)]
        #[inline]
        fn limbs_of_blocks(group: &[u8; 16 * $lanes], limb: $vector) -> [$vector; 5] {
            let (low, high) = blocks(group);
            [
                and(low, limb),
                and(right::<26>(low), limb),
                and(or(right::<52>(low), left::<12>(high)), limb),
                and(right::<14>(high), limb),
                or(right::<40>(high), splat(1 << 24)),
            ]
        }

        /// The product, not carried.
        #[target_feature(enable = $feature)]
        #[inline]
        fn multiply(a: [$vector; 5], b: Factor) -> [$vector; 5] {
            let [[b0, b1, b2, b3, b4], [_, s1, s2, s3, s4]] = b;
            [
                products(a, [b0, s4, s3, s2, s1]),
                products(a, [b1, b0, s4, s3, s2]),
                products(a, [b2, b1, b0, s4, s3]),
                products(a, [b3, b2, b1, b0, s4]),
                products(a, [b4, b3, b2, b1, b0]),
            ]
        }

        #[target_feature(enable = $feature)]
        #[inline]
        fn products(a: [$vector; 5], b: [$vector; 5]) -> $vector {
            let first = add(times(a[0], b[0]), times(a[1], b[1]));
            add(add(first, add(times(a[2], b[2]), times(a[3], b[3]))), times(a[4], b[4]))
        }

        /// Brings all limbs to 26 bits and a little: two chains of carries at a time.
        #[target_feature(enable = $feature)]
        #[inline]
        fn carry(limbs: [$vector; 5], limb: $vector) -> [$vector; 5] {
            let [h0, h1, h2, h3, h4] = limbs;
            let (h1, h0) = (add(h1, right::<26>(h0)), and(h0, limb));
            let (h4, h3) = (add(h4, right::<26>(h3)), and(h3, limb));
            let (h2, h1) = (add(h2, right::<26>(h1)), and(h1, limb));
            let (over, h4) = (right::<26>(h4), and(h4, limb));
            let h0 = add(h0, add(over, left::<2>(over)));
            let (h3, h2) = (add(h3, right::<26>(h2)), and(h2, limb));
            let (h1, h0) = (add(h1, right::<26>(h0)), and(h0, limb));
            let (h4, h3) = (add(h4, right::<26>(h3)), and(h3, limb));
            [h0, h1, h2, h3, h4]
        }
    };
}

pub(super) use absorb_groups;
