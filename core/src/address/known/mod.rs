//! The layers whose names this crate knows.

mod net;
mod shs;
mod tunnel;
mod unix;
mod ws;

pub use net::{Net, Onion};
pub use shs::{NoAuth, Shs};
pub use tunnel::{Channel, Tunnel};
pub use unix::Unix;
pub use ws::{Ws, Wss};

pub(super) use net::port;
pub(super) use shs::before_seed;

use super::error::{Expected, ParseError};
use super::escape;
use super::layer::{Layer, LayerBuf};

/// A typed layer.
trait Known: Into<LayerBuf> {
    const NAME: &'static str;

    /// Reads a layer of this name; the offset of an error is in the layer's text.
    fn read(layer: Layer<'_>) -> Result<Self, ParseError>;

    /// The layer as it ought to be written; `None` when it is written so.
    fn canonical(layer: Layer<'_>) -> Result<Option<LayerBuf>, ParseError> {
        let canonical: LayerBuf = Self::read(layer)?.into();
        Ok((canonical.as_layer() != layer).then_some(canonical))
    }
}

/// The layer as it ought to be written; `None` when it is written so, as all layers of unknown names are.
pub(super) fn canonical(layer: Layer<'_>) -> Result<Option<LayerBuf>, ParseError> {
    match layer.name() {
        Net::NAME => Net::canonical(layer),
        Shs::NAME => Shs::canonical(layer),
        Ws::NAME => Ws::canonical(layer),
        Wss::NAME => Wss::canonical(layer),
        Onion::NAME => Onion::canonical(layer),
        Unix::NAME => Unix::canonical(layer),
        NoAuth::NAME => NoAuth::canonical(layer),
        Channel::NAME => Channel::canonical(layer),
        Tunnel::NAME => Tunnel::canonical(layer),
        _ => Ok(None),
    }
}

/// Makes `TryFrom<Layer>` of `Known::read`, for each of the types.
macro_rules! typed_layer {
    ($($name:ident),*) => {
        $(
            /// Fails for a layer of another name.
            impl TryFrom<Layer<'_>> for $name {
                type Error = ParseError;

                fn try_from(layer: Layer<'_>) -> Result<Self, ParseError> {
                    if layer.name() == Self::NAME {
                        Self::read(layer)
                    } else {
                        Err(ParseError::new(0, Expected::Layer(Self::NAME)))
                    }
                }
            }
        )*
    };
}

typed_layer!(Net, Onion, Ws, Wss, Unix, Shs, NoAuth, Channel, Tunnel);

/// The fields of a layer, one after the other, and where they stand in it.
struct FieldReader<'a, I> {
    layer: Layer<'a>,
    fields: I,
    end: usize,
}

fn field_reader(layer: Layer<'_>) -> FieldReader<'_, impl Iterator<Item = &str>> {
    FieldReader { layer, fields: escape::fields(layer.data()), end: layer.name().len() }
}

impl<'a, I: Iterator<Item = &'a str>> FieldReader<'a, I> {
    /// The next field as written, and its offset.
    fn next(&mut self) -> Option<(&'a str, usize)> {
        let field = self.fields.next()?;
        let start = self.end + 1;
        self.end = start + field.len();
        Some((field, start))
    }

    /// The next field as written; without one, an empty text at the layer's end.
    fn next_or_empty(&mut self) -> (&'a str, usize) {
        self.next().unwrap_or(("", self.layer.as_str().len()))
    }

    /// Fails when there is one more field.
    fn finish(mut self) -> Result<(), ParseError> {
        let end = self.end;
        match self.next() {
            None => Ok(()),
            Some(_) => Err(ParseError::new(end, Expected::EndOfLayer)),
        }
    }
}
