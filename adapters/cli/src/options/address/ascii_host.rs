//! Hints how to write a host name with letters beyond ASCII in an address.

use crate::report::mask::may_be_secret;
use multiserver_tokio::core::address::ParseError;

/// The characters that can be next to a host in an address.
const SEPARATORS: [char; 6] = [':', '/', '~', '[', ']', '@'];

/// What to write instead of the host at which this error is, if it has letters beyond ASCII (RFC 5891).
pub(crate) fn hint(text: &str, error: &ParseError) -> Option<String> {
    let (before, after) = text.split_at_checked(error.offset())?;
    let address = before.rfind(';').map_or(0, |index| index + 1);
    // The text after the transport may be a mistyped secret.
    let before = before.get(address..).filter(|before| !before.contains('~'))?;
    let start = before.rfind(SEPARATORS).map_or(0, |index| index + 1);
    let end = after.find([':', '/', '~', ';']).unwrap_or(after.len());
    let host = [before.get(start..)?, after.get(..end)?].concat();
    if host.is_ascii() || may_be_secret(&host) {
        return None;
    }
    let ascii = idna::domain_to_ascii_strict(&host).ok()?;
    Some(format!("the host {host} is written {ascii} in an address"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use multiserver_tokio::MultiAddress;

    fn hint_of(text: &str) -> Option<String> {
        hint(text, &text.parse::<MultiAddress>().unwrap_err())
    }

    #[test]
    fn the_host_is_written_in_ascii() {
        let key = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
        for transport in
            ["net:b\u{fc}cher.example:8008", "ws://B\u{dc}cher.example/path", "net:a:1;wss://b\u{fc}cher.example:1"]
        {
            let hint = hint_of(&format!("{transport}~shs:{key}")).unwrap();
            assert!(hint.ends_with(" is written xn--bcher-kva.example in an address"), "{hint}");
        }
    }

    #[test]
    fn there_is_nothing_to_say_of_what_is_no_host() {
        let seed = "gfhWsBYIEOZzYCmSYXJKmj3y\u{e9}+f8H2Mqy2JZk0/I6Ys=";
        for text in [&format!("net:h:1~shs:{seed}"), &format!("net:{seed}:1"), "net:h:80o8", "net:h:1~sh\u{e9}", ""] {
            assert_eq!(hint_of(text), None, "{text}");
        }
    }
}
