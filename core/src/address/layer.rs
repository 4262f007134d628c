//! One layer of an address.

use super::error::ParseError;
use super::grammar::{self, Span};
use super::{escape, known};
use crate::bytes::within_text;
use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use zeroize::Zeroizing;

/// One layer of an address: a name and fields of data.
///
/// A layer of a name that this crate knows converts into a type of its own, such as [`Net`](super::Net), by `try_from`.
/// A layer of any other name is read field by field.
///
/// ```
/// use multiserver_core::address::Address;
///
/// let address: Address = "net:example.com:8008~shs2:DTNmX:a!:b".parse()?;
/// let layer = address.transforms().next().unwrap();
/// assert_eq!(layer.name(), "shs2");
/// assert_eq!(layer.fields().collect::<Vec<_>>(), ["DTNmX", "a:b"]);
/// # Ok::<(), multiserver_core::address::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer<'a> {
    text: &'a str,
    name_length: usize,
}

impl<'a> Layer<'a> {
    /// The layer at `span` of a text.
    pub(super) fn at(text: &'a str, span: Span) -> Self {
        Self { text: within_text(text, span.start..span.end), name_length: span.name_end - span.start }
    }

    /// The layer's name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        within_text(self.text, 0..self.name_length)
    }

    /// The fields of data, without their escapes.
    ///
    /// `net` has no field, `net:` has one that is empty.
    pub fn fields(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        escape::fields(self.data()).map(escape::unescape)
    }

    /// Everything after the name and its `:`, as written; `None` when the layer is a name only.
    #[must_use]
    pub fn data(&self) -> Option<&'a str> {
        self.text.get(self.data_start()..)
    }

    /// The layer as written; if it has a seed, this text is a secret.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// Returns a value whose `Display` is the layer without what may be secret.
    ///
    /// `<seed>` replaces a seed. `<hidden>` replaces the query of a `ws` or `wss` URL, and everything after the first
    /// field of a layer that this crate does not know.
    #[must_use]
    pub fn redacted(&self) -> impl fmt::Display + use<'a> {
        Redacted(*self)
    }

    /// Where the data starts, or would start.
    pub(super) fn data_start(&self) -> usize {
        self.name_length + 1
    }
}

/// Prints the layer in full, a seed included.
impl fmt::Display for Layer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text)
    }
}

impl fmt::Debug for Layer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layer({})", self.redacted())
    }
}

struct Redacted<'a>(Layer<'a>);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match known::before_secret(self.0) {
            None => f.write_str(self.0.text),
            Some((open, rest)) => write!(f, "{open}{rest}"),
        }
    }
}

/// A layer that stands alone, to make an [`Address`](super::Address) of.
///
/// Typed layers turn into one; layers of other names are made from a name and fields.
///
/// ```
/// use multiserver_core::address::{Address, LayerBuf, Net};
///
/// let address = Address::new(Net { host: "example.com".parse()?, port: 8008 }).then(LayerBuf::new("shs2", ["DTNmX"])?);
/// assert_eq!(address.to_string(), "net:example.com:8008~shs2:DTNmX");
/// # Ok::<(), multiserver_core::address::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LayerBuf {
    text: Zeroizing<String>,
    name_length: usize,
}

impl LayerBuf {
    /// The layer with this name and these fields, which are given without escapes.
    ///
    /// # Errors
    /// The name or a field has characters that the grammar does not allow, or the name is known and the fields are not
    /// those of such a layer. The offset is that in the layer's text.
    pub fn new<F: AsRef<str>>(name: &str, fields: impl IntoIterator<Item = F>) -> Result<Self, ParseError> {
        grammar::layer_name(name)?;
        let mut text = Zeroizing::new(String::from(name));
        for field in fields {
            escape::push(&mut text, ":");
            grammar::printable(field.as_ref()).map_err(|error| error.after(text.len()))?;
            escape::push_field(&mut text, field.as_ref());
        }
        Self::canonical(Layer { text: &text, name_length: name.len() })
    }

    /// A borrowed view of this layer.
    #[must_use]
    pub fn as_layer(&self) -> Layer<'_> {
        Layer { text: &self.text, name_length: self.name_length }
    }

    /// The layer of a known name, whose text the caller has written canonically.
    pub(super) fn of_known(name: &str, text: Zeroizing<String>) -> Self {
        Self { text, name_length: name.len() }
    }

    /// The layer in its canonical form, or the error in it.
    pub(super) fn canonical(layer: Layer<'_>) -> Result<Self, ParseError> {
        known::kind(layer.name()).map_or_else(|| Ok(layer.into()), |kind| (kind.canonical)(layer))
    }
}

impl From<Layer<'_>> for LayerBuf {
    fn from(layer: Layer<'_>) -> Self {
        Self { text: Zeroizing::new(String::from(layer.text)), name_length: layer.name_length }
    }
}

impl FromStr for LayerBuf {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::canonical(Layer::at(text, grammar::layer(text)?))
    }
}

/// Prints the layer in full, a seed included.
impl fmt::Display for LayerBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_layer().fmt(f)
    }
}

impl fmt::Debug for LayerBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LayerBuf({})", self.as_layer().redacted())
    }
}
