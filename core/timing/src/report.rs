//! What Memcheck has found, and which of it is explained.

use std::collections::BTreeMap;

/// Where a secret may decide, and why nobody learns a secret from it.
#[derive(Debug, Clone, Copy)]
pub struct Explained {
    /// A part of the line of a stack that names a function.
    pub function: &'static str,
    /// Whether everything that the function calls is meant too, and not its own code alone.
    pub calls: bool,
    /// Why.
    pub reason: &'static str,
}

const OUTCOME: &str = "the outcome of a check: the peer learns it from what happens next";
const PEERS: &str =
    "the peer's key, signature and hash of what is signed: no secret of this side can be told from them";
const LENGTH: &str = "the length in a header that has proven authentic: the wire shows it";

/// All of them.
pub const EXPLAINED: [Explained; 13] = [
    of("shs::schedule::Hello::verify", OUTCOME),
    of("AwaitServerHello::server_hello", OUTCOME),
    of("AwaitClientAuth::client_auth", OUTCOME),
    of("AwaitServerAccept::server_accept", OUTCOME),
    of("point::product", "whether a product is zero: only with a key of low order, and those are refused before"),
    of("open<112, 96> (schedule.rs", OUTCOME),
    of("open<80, 64> (schedule.rs", OUTCOME),
    of("KeyStream::open", OUTCOME),
    of(" decrypt_in_place_detached<", OUTCOME),
    of("FrameCipher::open_", LENGTH),
    of("box_stream::opener::", LENGTH),
    Explained { function: " verifies (point.rs", calls: true, reason: PEERS },
    Explained { function: "new (point.rs", calls: true, reason: PEERS },
];

const fn of(function: &'static str, reason: &'static str) -> Explained {
    Explained { function, calls: false, reason }
}

/// The places that Memcheck tells of, each with how often it is named, and why it is explained, if it is.
#[must_use]
pub fn places(memcheck: &str) -> BTreeMap<(String, Option<&'static str>), usize> {
    let mut places = BTreeMap::new();
    let lines =
        memcheck.lines().map(|line| line.trim_start_matches(|char: char| "= ".contains(char) || char.is_ascii_digit()));
    let mut stack: Option<Vec<&str>> = None;
    for line in lines.chain([""]) {
        if line.contains("uninitialised value") {
            stack = Some(Vec::new());
        } else if let Some((_, frame)) =
            line.split_once(": ").filter(|_| line.starts_with("at 0x") || line.starts_with("by 0x"))
        {
            // A space before the name tells a whole name from the end of a longer one.
            stack.as_mut().into_iter().for_each(|stack| stack.push(frame));
        } else if let Some(stack) = stack.take() {
            *places.entry(place(&stack)).or_default() += 1;
        }
    }
    places
}

/// The function of a stack that is ours or a dependency's, and why it is explained.
fn place(stack: &[&str]) -> (String, Option<&'static str>) {
    let ours: Vec<String> =
        stack.iter().filter(|frame| !frame.contains("library/")).map(|frame| format!(" {frame}")).collect();
    let top = ours.first().cloned().unwrap_or_default();
    let explained = EXPLAINED.iter().find(|explained| {
        let is_meant = |frame: &String| frame.contains(explained.function);
        is_meant(&top) || explained.calls && ours.iter().any(is_meant)
    });
    (top.trim_start().to_owned(), explained.map(|explained| explained.reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMCHECK: &str = "\
==1== Conditional jump or move depends on uninitialised value(s)
==1==    at 0x1: eq (library/core/src/cmp.rs:1)
==1==    by 0x2: multiserver_core::shs::schedule::Hello::verify (schedule.rs:44)
==1==    by 0x3: taint::main (taint.rs:2)
==1== 
==1== Use of uninitialised value of size 8
==1==    at 0x1: select (window.rs:1)
==1==    by 0x2: sign (pair.rs:1)
==1==    by 0x3: multiserver_core::shs::schedule::Hello::verify (schedule.rs:44)
==1== 
==1== Conditional jump or move depends on uninitialised value(s)
==1==    at 0x1: select (window.rs:1)
==1==    by 0x2: verifies (point.rs:45)
==1== 
==1== Conditional jump or move depends on uninitialised value(s)
==1==    at 0x1: hmac (schedule.rs:165)
==1==    by 0x2: multiserver_core::shs::schedule::Hello::verify (schedule.rs:44)
";

    #[test]
    fn what_a_check_calls_is_explained_only_where_it_is_said() {
        let places = places(MEMCHECK);
        let found: Vec<_> = places.keys().map(|(place, reason)| (place.as_str(), *reason)).collect();
        assert_eq!(
            found,
            [
                ("hmac (schedule.rs:165)", None),
                ("multiserver_core::shs::schedule::Hello::verify (schedule.rs:44)", Some(OUTCOME)),
                ("select (window.rs:1)", None),
                ("select (window.rs:1)", Some(PEERS)),
            ]
        );
    }
}
