//! Masks texts that may hold a secret, so that they can be shown.

use std::ops::RangeInclusive;
use std::path::Path;

/// What separates the fields of an address.
const SEPARATORS: [char; 3] = ['~', ':', ';'];

/// From this many characters of base64 in a row, a text may be a secret or a part of one.
const SHORTEST_SECRET: usize = 16;

/// A field with more characters than this may be a secret, even if any of its characters are wrong.
const LONGEST_SHOWN: usize = 39;

/// How many characters 32 bytes have in base64 and in hexadecimal, with one too few or too many.
const KEY_LENGTHS: [RangeInclusive<usize>; 2] = [42..=45, 63..=65];

/// How many characters of base64 a public key has, with the padding.
const PUBLIC_KEY: usize = 44;

/// The text with every field masked that may be a secret, with one character for each of its bytes.
///
/// The whole field is masked, since a secret with a wrong character in it is still a secret. In a text that is not an
/// address, nothing tells public keys and seeds apart, so public keys are masked too, except directly after `shs:`. A
/// byte that is not printable ASCII becomes `?`.
pub(crate) fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for part in text.split_inclusive(SEPARATORS) {
        let field = part.trim_end_matches(SEPARATORS);
        let (key, rest) = field.split_at(if shown.ends_with("shs:") { public_key_length(field) } else { 0 });
        shown.push_str(key);
        let is_secret = may_be_secret(rest);
        shown.extend(rest.bytes().map(|byte| if is_secret { '*' } else { printable(byte) }));
        shown.push_str(part.strip_prefix(field).unwrap_or_default());
    }
    shown
}

/// A path as it may be shown; a text that is an address or a key rather than a path is masked.
pub(crate) fn shown_path(path: &Path) -> String {
    let text = path.display().to_string();
    // If there is a file of this name, the text is a path.
    if path.exists() || !may_be_given_by_mistake(&text) { text } else { masked(&text) }
}

/// Whether a text that was given as a path may be an address, or a key with up to two wrong characters.
pub(crate) fn may_be_given_by_mistake(text: &str) -> bool {
    let wrong = text.chars().filter(|char| !u8::try_from(*char).is_ok_and(is_of_key)).count();
    let is_key = KEY_LENGTHS.iter().any(|range| range.contains(&text.len())) && wrong <= 2 && !text.starts_with('/');
    is_key || text.contains(['~', ':'])
}

/// The length in bytes of the public key at the start of a field; 0 if there is none, or if more characters of a key
/// follow.
fn public_key_length(field: &str) -> usize {
    let key = field.strip_prefix('@').unwrap_or(field);
    let length = key.bytes().take_while(|&byte| is_of_key(byte)).count();
    if length <= PUBLIC_KEY { field.len() - key.len() + length } else { 0 }
}

/// Whether a field may be a secret, or a large part of one, with a few wrong characters.
pub(crate) fn may_be_secret(field: &str) -> bool {
    let longest_run = field.split(|char: char| !u8::try_from(char).is_ok_and(is_of_key)).map(str::len).max();
    field.len() > LONGEST_SHOWN || longest_run.is_some_and(|run| run >= SHORTEST_SECRET)
}

fn printable(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '?' }
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
    const SEED: &str = "gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=";
    const STARS: &str = "********************************************";

    #[test]
    fn shows_the_public_key_and_no_seed_wherever_it_stands() {
        let wrong_port = format!("net:h:80o8~shs:{KEY}:{SEED}");
        assert_eq!(masked(&wrong_port), format!("net:h:80o8~shs:{KEY}:{STARS}"));
        assert_eq!(masked(&format!("net:h:1~shs::{SEED}")), format!("net:h:1~shs::{STARS}"));
        assert_eq!(masked(&format!("net:h:1~shs:@{KEY}.ed25519")), format!("net:h:1~shs:@{KEY}.ed25519"));
        let legacy = format!("h:8008:@{KEY}.ed25519~{SEED}");
        assert_eq!(masked(&legacy), format!("h:8008:{}~{STARS}", "*".repeat("@.ed25519".len() + KEY.len())));
    }

    #[test]
    fn shows_nothing_of_a_seed_with_a_wrong_character() {
        for position in 0..SEED.len() {
            for wrong in ["*", " ", "\u{e9}"] {
                let (before, after) = SEED.split_at(position);
                let seed = format!("{before}{wrong}{}", after.get(1..).unwrap());
                let stars = "*".repeat(seed.len());
                assert_eq!(masked(&format!("net:h:1~shs:{KEY}:{seed};a:b")), format!("net:h:1~shs:{KEY}:{stars};a:b"));
            }
        }
        assert_eq!(masked("gfhWsBYIEOZ*YCmSYXJKmj3yj+f8"), "*".repeat(28));
        assert_eq!(masked("gfhWsBYIEOZ*YCmSYXJKmj*yj+f8H2Mqy2*Zk0/I6Ys="), STARS);
    }

    #[test]
    fn shows_no_seed_that_is_not_separated_from_the_key() {
        assert_eq!(masked(&format!("shs:{KEY}{SEED}")), format!("shs:{STARS}{STARS}"));
        assert_eq!(masked(&format!("shs:{KEY} {SEED}")), format!("shs:{KEY}*{STARS}"));
    }

    #[test]
    fn a_path_is_shown_and_what_should_be_none_is_not() {
        let shown = |text: &str| shown_path(Path::new(text));
        let path = "/home/alice/some/directory/with/a/long/name/home.address";
        assert_eq!(shown(path), path);
        let hex = "81f856b01608".repeat(6);
        for secret in [
            SEED.to_owned(),
            SEED.replace('y', "*"),
            hex.get(..64).unwrap().to_owned(),
            format!("net:h:1~shs:{KEY}:{SEED}"),
            format!("net:h:1~sha:{KEY}:{SEED}"),
            format!("seed:{SEED}"),
            format!("h:8008:@{KEY}.ed25519:{SEED}"),
            format!("h:8008:@{KEY}.ed25519~{SEED}"),
        ] {
            let seen = shown(&secret);
            assert!(!seen.contains(SEED) && seen.ends_with("********"), "{secret}: {seen}");
        }
    }

    #[test]
    fn has_one_printable_character_for_each_byte() {
        assert_eq!(masked("a\u{1b}[31mé b"), "a?[31m?? b");
    }
}
