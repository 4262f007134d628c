//! ssb URIs that hold a multi-address.

use super::MultiAddress;
use super::error::{Expected, ParseError};
use alloc::string::String;
use core::fmt::{self, Write};
use zeroize::Zeroizing;

/// The start of the URIs written here.
const PREFIX: &str = "ssb:address/multiserver?";

/// The starts of the URIs read here.
const PREFIXES: [&str; 3] = [PREFIX, "ssb:address:multiserver?", "ssb://address/multiserver?"];

const PARAMETER: &str = "multiserverAddress=";

/// Prints the URI of a multi-address.
pub(super) struct Uri<'a>(pub(super) &'a MultiAddress);

/// Reads the multi-address of a URI.
pub(super) fn read(text: &str) -> Result<MultiAddress, ParseError> {
    let after_prefix = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
    let query = after_prefix.ok_or(ParseError::new(0, Expected::SsbUri))?;
    let mut start = text.len() - query.len();
    let query = query.split_once('#').map_or(query, |(query, _fragment)| query);
    let end = start + query.len();
    for parameter in query.split('&') {
        if let Some(encoded) = parameter.strip_prefix(PARAMETER) {
            let start = start + PARAMETER.len();
            let decoded = decode(encoded).map_err(|error| error.after(start))?;
            let multi = decoded.parse::<MultiAddress>();
            return multi.map_err(|error| error.moved(|offset| start + encoded_offset(encoded, offset)));
        }
        start += parameter.len() + 1;
    }
    Err(ParseError::new(end, Expected::SsbUriParameter))
}

/// Undoes percent-encoding; a `+` stands for itself, as in base64, since no address has a space.
fn decode(encoded: &str) -> Result<Zeroizing<String>, ParseError> {
    // As long as what is decoded, so that no copy of a seed is left behind.
    let mut text = Zeroizing::new(String::with_capacity(encoded.len()));
    let mut pieces = encoded.split('%');
    text.push_str(pieces.next().unwrap_or_default());
    let mut end = text.len();
    for piece in pieces {
        let byte = piece.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        text.push(char::from(byte.ok_or(ParseError::new(end + 1, Expected::PercentDigits))?));
        text.push_str(piece.get(2..).unwrap_or_default());
        end += 1 + piece.len();
    }
    Ok(text)
}

/// Where the byte at `offset` of the decoded text stands in the encoded one.
fn encoded_offset(encoded: &str, offset: usize) -> usize {
    let mut rest = encoded;
    for _ in 0..offset {
        let length = if rest.starts_with('%') { 3 } else { 1 };
        rest = rest.get(length..).unwrap_or_default();
    }
    encoded.len() - rest.len()
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{PARAMETER}")?;
        write!(Encoder(f), "{}", self.0)
    }
}

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
struct Encoder<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Encoder<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().try_for_each(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => self.0.write_char(byte.into()),
            _ => write!(self.0, "%{byte:02X}"),
        })
    }
}
