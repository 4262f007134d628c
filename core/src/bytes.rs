//! Arrays of bytes, put together and taken apart.

/// `N` bytes from `start` on; the caller's lengths must fit.
pub(crate) fn part<const N: usize>(bytes: &[u8], start: usize) -> [u8; N] {
    debug_assert!(start + N <= bytes.len());
    let mut part = [0; N];
    part.iter_mut().zip(bytes.iter().skip(start)).for_each(|(slot, byte)| *slot = *byte);
    part
}

/// The parts one after the other; they must have `N` bytes in all.
pub(crate) fn concat<const N: usize, const P: usize>(parts: [&[u8]; P]) -> [u8; N] {
    debug_assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), N);
    let mut whole = [0; N];
    whole.iter_mut().zip(parts.into_iter().flatten()).for_each(|(slot, byte)| *slot = *byte);
    whole
}
