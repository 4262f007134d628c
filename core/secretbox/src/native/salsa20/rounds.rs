/// Salsa20's 20 rounds over the states in `$states`, each of 16 words, or of 16 vectors with a word of each block.
///
/// `$add`, `$xor` and `$rotate` are the word's addition, exclusive or, and rotation to the left by a constant.
macro_rules! twenty_rounds {
    ($states:ident, $add:path, $xor:path, $rotate:ident) => {
        for _ in 0..10 {
            for x in &mut $states {
                $crate::native::salsa20::rounds::quarter_rounds!(
                    x,
                    $add,
                    $xor,
                    $rotate,
                    [0, 4, 8, 12],
                    [5, 9, 13, 1],
                    [10, 14, 2, 6],
                    [15, 3, 7, 11]
                );
            }
            for x in &mut $states {
                $crate::native::salsa20::rounds::quarter_rounds!(
                    x,
                    $add,
                    $xor,
                    $rotate,
                    [0, 1, 2, 3],
                    [5, 6, 7, 4],
                    [10, 11, 8, 9],
                    [15, 12, 13, 14]
                );
            }
        }
    };
}

/// Four quarter rounds side by side, so that none waits for its own last step.
macro_rules! quarter_rounds {
    ($x:ident, $add:path, $xor:path, $rotate:ident, $([$a:literal, $b:literal, $c:literal, $d:literal]),*) => {
        $($x[$b] = $xor($x[$b], $rotate::<7>($add($x[$a], $x[$d])));)*
        $($x[$c] = $xor($x[$c], $rotate::<9>($add($x[$b], $x[$a])));)*
        $($x[$d] = $xor($x[$d], $rotate::<13>($add($x[$c], $x[$b])));)*
        $($x[$a] = $xor($x[$a], $rotate::<18>($add($x[$d], $x[$c])));)*
    };
}

/// Makes blocks in groups, a lane of a vector for each block of a group.
///
/// The module that calls this has functions of its own for its vectors: `splat`, `load`, `store`, `rotate`, and those
/// named here.
macro_rules! groups_of_blocks {
    ($feature:literal, $lanes:literal, $add:path, $xor:path) => {
        /// Makes the blocks of the first `GROUPS` groups: the steps of several groups fill the time that each would wait.
        #[target_feature(enable = $feature)]
        pub(super) fn groups<const GROUPS: usize>(key: &[u32; 8], positions: &Positions, into: &mut Blocks) {
            let [k0, k1, k2, k3, k4, k5, k6, k7] = key.map(|word| splat(word));
            let [s0, s1, s2, s3] = SIGMA.map(|word| splat(word));
            let first: [_; GROUPS] = core::array::from_fn(|group| {
                let [p0, p1, p2, p3] = positions.words().each_ref().map(|words| load(words, group));
                [s0, k0, k1, k2, k3, s1, p0, p1, p2, p3, s2, k4, k5, k6, k7, s3]
            });
            let mut states = first;
            twenty_rounds!(states, $add, $xor, rotate);
            let (groups, _) = into.0.as_chunks_mut::<$lanes>();
            for ((mut state, first), group) in states.into_iter().zip(first).zip(groups) {
                for (word, first) in state.iter_mut().zip(first) {
                    *word = $add(*word, first);
                }
                store(state, group);
            }
        }
    };
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) use groups_of_blocks;
pub(super) use {quarter_rounds, twenty_rounds};
