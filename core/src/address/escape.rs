//! Fields and escapes in a layer's data.

use alloc::borrow::Cow;
use alloc::string::String;
use zeroize::{Zeroize, Zeroizing};

/// The fields of a layer's data, still escaped; none when the layer has no data.
pub(super) fn fields(data: Option<&str>) -> impl Iterator<Item = &str> {
    let mut rest = data;
    core::iter::from_fn(move || {
        let data = rest?;
        let separator = data.match_indices(':').map(|(at, _)| at).find(|&at| !is_escaped(data, at));
        let (field, after) = separator.and_then(|at| split_around(data, at)).unzip();
        rest = after;
        Some(field.unwrap_or(data))
    })
}

/// The text before and after the last `:` that is not escaped.
pub(super) fn split_last(data: &str) -> Option<(&str, &str)> {
    let mut colons = data.rmatch_indices(':').map(|(at, _)| at);
    colons.find(|&at| !is_escaped(data, at)).and_then(|at| split_around(data, at))
}

/// The text without its escapes.
pub(super) fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('!') {
        return Cow::Borrowed(raw);
    }
    let mut escaped = false;
    Cow::Owned(
        raw.chars()
            .filter(|&character| {
                escaped = character == '!' && !escaped;
                !escaped
            })
            .collect(),
    )
}

/// The offset in the escaped text of the byte at `offset` of the unescaped one.
pub(super) fn escaped_offset(raw: &str, offset: usize) -> usize {
    let mut escaped = false;
    let kept = raw.bytes().enumerate().filter(|&(_, byte)| {
        escaped = byte == b'!' && !escaped;
        !escaped
    });
    kept.map(|(at, _)| at).nth(offset).unwrap_or(raw.len())
}

/// Appends a field, escaped.
pub(super) fn push_field(text: &mut Zeroizing<String>, field: &str) {
    push_escaped(text, field, |character| matches!(character, '!' | '~' | ':' | ';'));
}

/// Appends the rest of a layer, escaped except for its colons.
pub(super) fn push_rest(text: &mut Zeroizing<String>, rest: &str) {
    push_escaped(text, rest, |character| matches!(character, '!' | '~' | ';'));
}

/// Appends to a text that may hold a secret: when the text has to grow, the old copy is zeroized.
pub(super) fn push(text: &mut Zeroizing<String>, more: &str) {
    let needed = text.len() + more.len();
    if needed > text.capacity() {
        let mut roomier = String::with_capacity(needed.max(2 * text.len()));
        roomier.push_str(text);
        text.zeroize();
        **text = roomier;
    }
    text.push_str(more);
}

fn push_escaped(text: &mut Zeroizing<String>, field: &str, is_special: fn(char) -> bool) {
    for piece in field.split_inclusive(is_special) {
        match piece.char_indices().next_back().filter(|&(_, last)| is_special(last)) {
            None => push(text, piece),
            Some((at, _)) => {
                let (plain, special) = piece.split_at(at);
                push(text, plain);
                push(text, "!");
                push(text, special);
            }
        }
    }
}

/// Whether the character at `at` is the second half of an escape: an odd number of `!` stands before it.
fn is_escaped(data: &str, at: usize) -> bool {
    data.bytes().take(at).rev().take_while(|&byte| byte == b'!').count() % 2 == 1
}

fn split_around(text: &str, at: usize) -> Option<(&str, &str)> {
    Some((text.get(..at)?, text.get(at + 1..)?))
}
