//! Texts that may hold a secret, made fit to be shown.

/// How many characters of base64 in a row may be (a part of) a secret.
const SHORTEST_SECRET: usize = 16;

/// The text with everything masked that may be a secret, with one character for each of its bytes.
///
/// Public keys are masked like seeds, except straight after `shs:`, since in a text that is not an address nothing tells
/// the two apart. What is not printable ASCII becomes `?`.
pub(crate) fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some(&first) = rest.first() {
        let run = rest.iter().take_while(|&&byte| is_of_key(byte)).count();
        let is_public = shown.ends_with("shs:") || shown.ends_with("shs:@");
        let (taken, after) = rest.split_at(run.max(1));
        if run >= SHORTEST_SECRET && !is_public {
            shown.extend(taken.iter().map(|_| '*'));
        } else if run > 0 {
            shown.extend(taken.iter().copied().map(char::from));
        } else {
            shown.push(if first.is_ascii_graphic() || first == b' ' { char::from(first) } else { '?' });
        }
        rest = after;
    }
    shown
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

#[cfg(test)]
mod tests {
    use super::masked;

    const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
    const SEED: &str = "gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=";
    const STARS: &str = "********************************************";

    #[test]
    fn shows_the_public_key_and_no_seed_wherever_it_stands() {
        let wrong_port = format!("net:h:80o8~shs:{KEY}:{SEED}");
        assert_eq!(masked(&wrong_port), format!("net:h:80o8~shs:{KEY}:{STARS}"));
        assert_eq!(masked(&format!("net:h:1~shs::{SEED}")), format!("net:h:1~shs::{STARS}"));
        assert_eq!(masked(&format!("h:8008:@{KEY}.ed25519~{SEED}")), format!("h:8008:@{STARS}.ed25519~{STARS}"));
    }

    #[test]
    fn has_one_printable_character_for_each_byte() {
        assert_eq!(masked("a\u{1b}[31mé b"), "a?[31m?? b");
    }
}
