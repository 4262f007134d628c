//! Blocks in groups of eight, in vectors of 256 bits.

/// The functions of a module whose code may use `$feature`, AVX2 among it.
macro_rules! eight_lanes {
    ($feature:literal) => {
        groups_of_blocks!($feature, 8, _mm256_add_epi32, _mm256_xor_si256);

        #[target_feature(enable = $feature)]
        #[inline]
        fn splat(word: u32) -> __m256i {
            _mm256_set1_epi32(word.cast_signed())
        }

        #[target_feature(enable = $feature)]
        #[inline]
        fn rotate<const BITS: u32>(words: __m256i) -> __m256i {
            let (left, right) = (_mm_cvtsi32_si128(BITS.cast_signed()), _mm_cvtsi32_si128(32 - BITS.cast_signed()));
            _mm256_or_si256(_mm256_sll_epi32(words, left), _mm256_srl_epi32(words, right))
        }

        /// Loads one group of eight words.
        #[target_feature(enable = $feature)]
        #[inline]
        fn load(words: &[u32; LANES], group: usize) -> __m256i {
            let Some(eight) = words.as_chunks::<8>().0.get(group) else { unreachable!("no group is beyond the lanes") };
            #[expect(unsafe_code, reason = "reads the 32 bytes of the array; any alignment will do")]
            unsafe {
                _mm256_loadu_si256(eight.as_ptr().cast())
            }
        }

        /// Turns 16 vectors of 8 words into 8 blocks of 16 words.
        #[target_feature(enable = $feature)]
        #[inline]
        fn store(x: [__m256i; 16], into: &mut [[u8; BLOCK_SIZE]; 8]) {
            let [a, b, c, d] = [quads(&x, 0), quads(&x, 1), quads(&x, 2), quads(&x, 3)];
            let (low, high) = into.split_at_mut(4);
            let quads = a.into_iter().zip(b).zip(c.into_iter().zip(d));
            for ((((a, b), (c, d)), low), high) in quads.zip(low).zip(high) {
                store_block(low, _mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(c, d, 0x20));
                store_block(high, _mm256_permute2x128_si256(a, b, 0x31), _mm256_permute2x128_si256(c, d, 0x31));
            }
        }

        /// Four words of every block: those of blocks 0 and 4, of 1 and 5, of 2 and 6, of 3 and 7.
        #[target_feature(enable = $feature)]
        #[inline]
        fn quads(x: &[__m256i; 16], group: usize) -> [__m256i; 4] {
            let Some([a, b, c, d]) = x.as_chunks::<4>().0.get(group).copied() else {
                unreachable!("16 words are four groups")
            };
            let (ab_low, ab_high) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
            let (cd_low, cd_high) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
            [
                _mm256_unpacklo_epi64(ab_low, cd_low),
                _mm256_unpackhi_epi64(ab_low, cd_low),
                _mm256_unpacklo_epi64(ab_high, cd_high),
                _mm256_unpackhi_epi64(ab_high, cd_high),
            ]
        }

        #[target_feature(enable = $feature)]
        #[inline]
        fn store_block(block: &mut [u8; BLOCK_SIZE], first: __m256i, second: __m256i) {
            let (halves, _) = block.as_chunks_mut::<32>();
            for (half, vector) in halves.iter_mut().zip([first, second]) {
                #[expect(unsafe_code, reason = "writes the 32 bytes of the array; any alignment will do")]
                unsafe {
                    _mm256_storeu_si256(half.as_mut_ptr().cast(), vector);
                }
            }
        }
    };
}

pub(super) use eight_lanes;
