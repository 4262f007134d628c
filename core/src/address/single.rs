//! One address.

use super::error::{Expected, ParseError};
use super::escape;
use super::grammar::{self, Span};
use super::known;
use super::layer::{Layer, LayerBuf};
use crate::bytes::within_text;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;
use zeroize::Zeroizing;

/// One way to reach a peer: a transport and the transforms over it.
///
/// It is always written canonically, whatever spelling it was read from, so two addresses are equal when their texts
/// are. Addresses are ordered layer by layer.
///
/// `Display` prints the whole text. An address with a seed holds a private key: show and log only its
/// [`redacted`](Self::redacted) form, as `Debug` does. The text is zeroized on drop.
#[derive(Clone)]
pub struct Address {
    text: Zeroizing<String>,
    layers: Vec<Span>,
}

impl Address {
    /// The address of this transport alone.
    #[must_use]
    pub fn new(transport: impl Into<LayerBuf>) -> Self {
        Self::empty().with(transport.into().as_layer())
    }

    /// The same address with this transform on top.
    #[must_use]
    pub fn then(self, transform: impl Into<LayerBuf>) -> Self {
        self.with(transform.into().as_layer())
    }

    /// The layers: the transport, then the transforms in the order they are applied in.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = Layer<'_>> + ExactSizeIterator {
        self.layers.iter().map(|&span| Layer::at(&self.text, span))
    }

    /// The first layer.
    #[must_use]
    pub fn transport(&self) -> Layer<'_> {
        let first = self.layers.first().copied();
        // No address is ever made without a layer.
        Layer::at(&self.text, first.unwrap_or(Span { start: 0, name_end: 0, end: 0 }))
    }

    /// The layers after the first.
    pub fn transforms(&self) -> impl DoubleEndedIterator<Item = Layer<'_>> + ExactSizeIterator {
        self.layers().skip(1)
    }

    /// Returns a value whose `Display` is the address without what may be secret, each layer
    /// [redacted](Layer::redacted).
    #[must_use]
    pub fn redacted(&self) -> impl fmt::Display + '_ {
        Redacted(self)
    }

    /// Reads the address at `start` of a text, and returns it and where it ends.
    pub(super) fn read(text: &str, start: usize) -> Result<(Self, usize), ParseError> {
        let layers = grammar::address(text, start)?;
        let end = layers.last().map_or(start, |last| last.end);
        let mut is_canonical = true;
        for &span in &layers {
            let layer = Layer::at(text, span);
            if let Some(kind) = known::kind(layer.name()) {
                is_canonical &= (kind.is_canonical)(layer).map_err(|error| error.after(span.start))?;
            }
        }
        let address = if is_canonical {
            let text = Zeroizing::new(String::from(within_text(text, start..end)));
            Self { text, layers: layers.into_iter().map(|span| span.moved_back(start)).collect() }
        } else {
            let mut layers = layers.iter().map(|&span| LayerBuf::canonical(Layer::at(text, span)));
            layers.try_fold(Self::empty(), |address, layer| Ok(address.with(layer?.as_layer())))?
        };
        Ok((address, end))
    }

    /// An address without layers yet, to which [`with`](Self::with) adds them.
    fn empty() -> Self {
        Self { text: Zeroizing::default(), layers: Vec::new() }
    }

    fn with(mut self, layer: Layer<'_>) -> Self {
        if !self.layers.is_empty() {
            escape::push(&mut self.text, "~");
        }
        let start = self.text.len();
        escape::push(&mut self.text, layer.as_str());
        self.layers.push(Span { start, name_end: start + layer.name().len(), end: self.text.len() });
        self
    }
}

impl FromStr for Address {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match Self::read(text, 0)? {
            (address, end) if end == text.len() => Ok(address),
            (_, end) => Err(ParseError::new(end, Expected::OneAddress)),
        }
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.as_str().hash(state);
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.layers().cmp(other.layers())
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Prints the address in full, a seed included.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.redacted())
    }
}

struct Redacted<'a>(&'a Address);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.transport().redacted())?;
        self.0.transforms().try_for_each(|layer| write!(f, "~{}", layer.redacted()))
    }
}
