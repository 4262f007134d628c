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

/// Undoes percent-encoding. A `+` stays a `+`, as in base64, since no address has a space.
fn decode(encoded: &str) -> Result<Zeroizing<String>, ParseError> {
    // With room for the whole text, so that it never grows and leaves no copy of a seed behind.
    let mut text = Zeroizing::new(String::with_capacity(encoded.len()));
    let mut rest = encoded;
    while let Some((plain, escaped)) = rest.split_once('%') {
        text.push_str(plain);
        let misfit = ParseError::new(encoded.len() - escaped.len(), Expected::PercentDigits);
        let (digits, after) = escaped.split_at_checked(2).ok_or(misfit)?;
        text.push(ascii_character(digits).ok_or(misfit)?);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// The ASCII character whose code has these hexadecimal digits.
fn ascii_character(digits: &str) -> Option<char> {
    let digits = Some(digits).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii).map(char::from)
}

/// The offset in the encoded text of the byte at `offset` of the decoded one.
fn encoded_offset(encoded: &str, offset: usize) -> usize {
    let mut digits_left: u8 = 0;
    let starts = encoded.bytes().enumerate().filter(|&(_, byte)| {
        let is_start = digits_left == 0;
        digits_left = if byte == b'%' { 2 } else { digits_left.saturating_sub(1) };
        is_start
    });
    starts.map(|(at, _)| at).nth(offset).unwrap_or(encoded.len())
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
