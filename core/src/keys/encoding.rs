//! The text forms of 32-byte keys.

use core::fmt;
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, DecodeError, DecodeKind, Encoding, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

/// Why a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseKeyError {
    /// There is nothing to read.
    #[error("the key is empty")]
    Empty,
    /// The text is for another number of bytes than 32.
    #[error("the key should have {expected} characters, not counting `@`, `=` and `.ed25519`, and has {found}")]
    Length {
        /// How many characters a key has in this form: 43 in base64, 64 in hexadecimal.
        expected: usize,
        /// How many characters there are, without a `@`, a suffix or padding.
        found: usize,
    },
    /// A character that is not of the alphabet, or stands where none of its kind may.
    #[error("character {offset} of the key is not one a key has there")]
    Character {
        /// Where it stands, in bytes from the start of the text.
        offset: usize,
    },
}

/// The characters of 32 bytes in unpadded base64.
const BASE64_LENGTH: usize = 43;

/// The characters of 32 bytes in padded base64.
const PADDED_LENGTH: usize = 44;

/// Reads base64 in every form the ecosystem writes.
pub(super) fn base64(text: &str) -> Result<[u8; 32], ParseKeyError> {
    let bare = text.strip_prefix('@').unwrap_or(text);
    let start = text.len() - bare.len();
    let bare = bare.strip_suffix(".ed25519").unwrap_or(bare);
    let digits = bare.strip_suffix('=').unwrap_or(bare);
    if digits.is_empty() {
        return Err(ParseKeyError::Empty);
    }
    let encoding = if digits.bytes().any(|byte| matches!(byte, b'-' | b'_')) { BASE64URL_NOPAD } else { BASE64_NOPAD };
    decode(&encoding, digits, BASE64_LENGTH, start)
}

/// Reads hexadecimal digits of either case.
pub(super) fn hex(text: &str) -> Result<[u8; 32], ParseKeyError> {
    if text.is_empty() {
        return Err(ParseKeyError::Empty);
    }
    decode(&HEXLOWER_PERMISSIVE, text, 64, 0)
}

/// Writes padded standard base64.
pub(super) fn write_base64(f: &mut fmt::Formatter<'_>, key: &[u8; 32]) -> fmt::Result {
    let mut text = Zeroizing::new([0; PADDED_LENGTH]);
    BASE64.encode_mut(key, text.as_mut_slice());
    f.pad(core::str::from_utf8(text.as_slice()).map_err(|_| fmt::Error)?)
}

fn decode(encoding: &Encoding, digits: &str, length: usize, start: usize) -> Result<[u8; 32], ParseKeyError> {
    if digits.len() != length {
        return Err(ParseKeyError::Length { expected: length, found: digits.len() });
    }
    let mut key = [0; 32];
    match encoding.decode_mut(digits.as_bytes(), &mut key) {
        Ok(_) => Ok(key),
        Err(partial) => Err(match partial.error {
            DecodeError { kind: DecodeKind::Length, .. } => {
                ParseKeyError::Length { expected: length, found: digits.len() }
            }
            DecodeError { position, .. } => ParseKeyError::Character { offset: start + position },
        }),
    }
}
