//! The grammar: where the layers of a text begin and end.
//!
//! ```text
//! multi   = address *( ";" address )
//! address = layer *( "~" layer )
//! layer   = name *( ":" data )
//! name    = [a-z] 1*[a-z0-9-]
//! data    = *( %x22-39 / %x3C-7D / "!" ("!" / "~" / ":" / ";") )
//! ```

use super::error::{Expected, ParseError};
use crate::bytes::within;
use alloc::vec::Vec;
use nom::branch::alt;
use nom::bytes::complete::{take, take_while};
use nom::character::complete::{char, satisfy};
use nom::combinator::{cut, eof, opt, recognize, value, verify};
use nom::error::ErrorKind;
use nom::multi::{many0_count, separated_list1};
use nom::sequence::preceded;
use nom::{Err, IResult, Parser};

/// The position of a layer in its text, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) name_end: usize,
    pub(super) end: usize,
}

impl Span {
    /// The position of the same layer in the text without its first `by` bytes, which are before the layer.
    pub(super) fn moved_back(self, by: usize) -> Self {
        Self { start: self.start - by, name_end: self.name_end - by, end: self.end - by }
    }
}

/// Reads one address at `start` of a text and returns its layers, of which there is one at least.
pub(super) fn address(text: &str, start: usize) -> Result<Vec<Span>, ParseError> {
    let layer = |rest| span(text.len(), rest);
    run(text, start, separated_list1(char('~'), cut(layer)))
}

/// Reads one layer, which is the whole text.
pub(super) fn layer(text: &str) -> Result<Span, ParseError> {
    let layer = run(text, 0, |rest| span(text.len(), rest))?;
    if layer.end == text.len() { Ok(layer) } else { Err(ParseError::new(layer.end, Expected::OneLayer)) }
}

/// Checks that the whole text is the name of a layer.
pub(super) fn layer_name(text: &str) -> Result<(), ParseError> {
    run(text, 0, (name, expect(value((), eof), Expected::AfterName))).map(drop)
}

/// Checks that the grammar can print a text.
pub(super) fn printable(text: &str) -> Result<(), ParseError> {
    match text.bytes().position(|byte| !byte.is_ascii_graphic()) {
        None => Ok(()),
        Some(offset) => Err(ParseError::new(offset, Expected::Printable)),
    }
}

/// Where the input stopped matching the grammar, and what was expected there.
#[derive(Debug)]
struct Stop<'a> {
    rest: &'a [u8],
    expected: Expected,
}

impl<'a> nom::error::ParseError<&'a [u8]> for Stop<'a> {
    fn from_error_kind(rest: &'a [u8], _: ErrorKind) -> Self {
        Self { rest, expected: Expected::Name }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a [u8], T, Stop<'a>>;

fn run<'a, T>(
    text: &'a str,
    start: usize,
    mut parser: impl Parser<&'a [u8], Output = T, Error = Stop<'a>>,
) -> Result<T, ParseError> {
    let input = within(text.as_bytes(), start..text.len());
    match parser.parse(input) {
        Ok((_, output)) => Ok(output),
        Err(Err::Error(stop) | Err::Failure(stop)) => Err(ParseError::new(text.len() - stop.rest.len(), stop.expected)),
        Err(Err::Incomplete(_)) => Err(ParseError::new(text.len(), Expected::Name)),
    }
}

/// The same parser, but its failure is final and says that this was expected.
fn expect<'a, T>(
    mut parser: impl Parser<&'a [u8], Output = T, Error = Stop<'a>>,
    expected: Expected,
) -> impl Parser<&'a [u8], Output = T, Error = Stop<'a>> {
    move |input: &'a [u8]| parser.parse(input).map_err(|_| Err::Failure(Stop { rest: input, expected }))
}

/// Reads a layer in a text of `length` bytes, and checks that a `~`, a `;` or the end follows.
fn span(length: usize, input: &[u8]) -> Parsed<'_, Span> {
    let (after_name, _) = name(input)?;
    let (rest, data) = opt(preceded(char(':'), data)).parse(after_name)?;
    let expected = if data.is_some() { Expected::Data } else { Expected::AfterName };
    match rest.first() {
        None | Some(b'~' | b';') => {
            let at = |rest: &[u8]| length - rest.len();
            Ok((rest, Span { start: at(input), name_end: at(after_name), end: at(rest) }))
        }
        Some(_) => Err(Err::Failure(Stop { rest, expected })),
    }
}

fn name(input: &[u8]) -> Parsed<'_, &[u8]> {
    let first = expect(one(|byte| byte.is_ascii_lowercase()), Expected::Name);
    let second = expect(one(is_of_name), Expected::LongerName);
    recognize((first, second, take_while(is_of_name))).parse(input)
}

/// Reads all the data of a layer, the `:` between included.
fn data(input: &[u8]) -> Parsed<'_, &[u8]> {
    let escape = preceded(char('!'), expect(one(is_special), Expected::Escaped));
    recognize(many0_count(alt((value((), plain), value((), escape))))).parse(input)
}

/// Reads one or more plain bytes; 16 at once, so that the compiler can compare them by one instruction.
fn plain(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (chunks, _) = input.as_chunks::<16>();
    let all_plain = |chunk: &&[u8; 16]| chunk.iter().fold(true, |all, &byte| all & is_plain(byte));
    let known = 16 * chunks.iter().take_while(all_plain).count();
    let (_, rest) = input.split_at(known);
    let length = known + rest.iter().position(|&byte| !is_plain(byte)).unwrap_or(rest.len());
    verify(take(length), |plain: &[u8]| !plain.is_empty()).parse(input)
}

fn one<'a>(fits: impl Fn(u8) -> bool) -> impl Parser<&'a [u8], Output = char, Error = Stop<'a>> {
    satisfy(move |character| u8::try_from(character).is_ok_and(&fits))
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

/// Whether data may have this byte without an escape, the `:` between two fields included.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'"'..=b':' | b'<'..=b'}')
}

/// Whether data may have this byte only after a `!`.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'!' | b'~' | b':' | b';')
}
