//! Splits and joins bytes whose lengths are known to fit. If they did not fit, these functions panic instead of going
//! on with wrong bytes.

use core::ops::Range;

/// The bytes in this range.
///
/// # Panics
/// The range reaches past them.
pub(crate) fn within(bytes: &[u8], range: Range<usize>) -> &[u8] {
    bytes.get(range).unwrap_or_else(|| misfit())
}

/// The bytes in this range, mutably.
///
/// # Panics
/// The range reaches past them.
pub(crate) fn within_mut(bytes: &mut [u8], range: Range<usize>) -> &mut [u8] {
    bytes.get_mut(range).unwrap_or_else(|| misfit())
}

/// The part of a text in this range.
///
/// # Panics
/// The range reaches past the text, or into a character.
pub(crate) fn within_text(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_else(|| misfit())
}

/// `N` bytes from `start` on.
///
/// # Panics
/// There are fewer.
pub(crate) fn part<const N: usize>(bytes: &[u8], start: usize) -> [u8; N] {
    let part = bytes.get(start..).and_then(|rest| rest.first_chunk());
    *part.unwrap_or_else(|| misfit())
}

/// The parts one after the other.
///
/// # Panics
/// They do not have `N` bytes in all.
pub(crate) fn concat<const N: usize, const P: usize>(parts: [&[u8]; P]) -> [u8; N] {
    let mut whole = [0; N];
    let mut room = whole.as_mut_slice();
    for part in parts {
        let (head, rest) = room.split_at_mut_checked(part.len()).unwrap_or_else(|| misfit());
        head.copy_from_slice(part);
        room = rest;
    }
    if !room.is_empty() {
        misfit();
    }
    whole
}

#[cold]
fn misfit() -> ! {
    unreachable!("the lengths of these bytes fit")
}
