//! Keys of 32 bytes in the forms of base64 that are in use.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The key in standard base64 with padding; `None` where the text is not one of 32 bytes.
pub fn key(text: &str) -> Option<String> {
    let text = text.strip_prefix('@').unwrap_or(text);
    let text = text.strip_suffix(".ed25519").unwrap_or(text);
    let text = text.strip_suffix('=').unwrap_or(text);
    // A key is in one alphabet: no encoder mixes the two.
    let text = match (text.contains(['+', '/']), text.contains(['-', '_'])) {
        (true, true) => return None,
        (false, true) => text.replace('-', "+").replace('_', "/"),
        (_, false) => text.to_owned(),
    };
    // 43 characters have 258 bits: the last two are no part of the key, and are zero.
    let last = text.bytes().last().and_then(|last| STANDARD.iter().position(|other| *other == last))?;
    let is_key = text.len() == 43 && text.bytes().all(|byte| STANDARD.contains(&byte)) && last % 4 == 0;
    is_key.then(|| format!("{text}="))
}
