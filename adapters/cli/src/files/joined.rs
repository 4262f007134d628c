//! The lines of a file of keys that say who joined by which invite:
//!
//! ```text
//! KEY joined 2026-12-24T18:00:00Z by INVITE left 2
//! ```
//!
//! INVITE is the public key of the invite, and the number says how many of its uses were left after that.

use multiserver_tokio::PublicKey;
use std::time::SystemTime;

/// The line of a key that joined by an invite.
pub(crate) fn record(key: &PublicKey, time: SystemTime, invite: &PublicKey, left: u32) -> String {
    format!("{key} joined {} by {invite} left {left}", humantime::format_rfc3339_seconds(time))
}

/// The smallest number of uses of the invite that a line says are left; `None` if nobody has joined by it.
pub(crate) fn fewest_left(text: &str, invite: &PublicKey) -> Option<u32> {
    text.lines().filter_map(parse).filter(|(by, _)| by == invite).map(|(_, left)| left).min()
}

/// The invite and its uses left in this line, if the line records them.
fn parse(line: &str) -> Option<(PublicKey, u32)> {
    let words: Vec<_> = line.split_whitespace().collect();
    match words.as_slice() {
        [_, "joined", _, "by", invite, "left", left] => Some((invite.parse().ok()?, left.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_uses_count() {
        let [alice, invite, other] = [1, 2, 3].map(|number| PublicKey::from_bytes([number; 32]));
        let line = |left| record(&alice, SystemTime::UNIX_EPOCH, &invite, left);
        assert!(line(2).contains(" joined 1970-01-01T00:00:00Z by "), "{}", line(2));
        let text = format!("# {}\n{alice} joined yesterday\n{}\n{}\n", line(0), line(2), line(1));
        assert_eq!(fewest_left(&text, &invite), Some(1));
        assert_eq!(fewest_left(&text, &other), None);
    }
}
