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

use super::error::{Expected, ParseError};
use super::escape;
use super::layer::{Layer, LayerBuf};

/// Whether this crate knows layers of this name: they have a type here, and only data of that type is valid.
#[must_use]
pub fn is_known(name: &str) -> bool {
    kind(name).is_some()
}

/// The part of a layer that may be shown, and the text that replaces the rest; `None` when all of it may be shown.
///
/// A seed is a secret. The query of a URL, and everything after the first field of an unknown layer, may be one.
pub(super) fn before_secret(layer: Layer<'_>) -> Option<(&str, &'static str)> {
    let name = layer.name();
    if name == Shs::NAME {
        shs::before_seed(layer).map(|open| (open, ":<seed>"))
    } else if name == Ws::NAME || name == Wss::NAME {
        layer.as_str().split_once('?').map(|(open, _)| (open, "?<hidden>"))
    } else if is_known(name) {
        None
    } else {
        let mut fields = field_reader(layer);
        fields.next()?;
        let open = layer.as_str().get(..fields.end)?;
        fields.next().map(|_| (open, ":<hidden>"))
    }
}

/// A typed layer.
trait Known: Into<LayerBuf> {
    const NAME: &'static str;

    /// Reads a layer of this name; the offset of an error is in the layer's text.
    fn read(layer: Layer<'_>) -> Result<Self, ParseError>;

    /// Whether a layer of this name is in its canonical form; errors are those of [`read`](Self::read).
    fn is_canonical(layer: Layer<'_>) -> Result<bool, ParseError> {
        Ok(canonical::<Self>(layer)?.as_layer() == layer)
    }
}

fn canonical<T: Known>(layer: Layer<'_>) -> Result<LayerBuf, ParseError> {
    T::read(layer).map(Into::into)
}

/// The functions for layers of a known name.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// Whether the layer is in its canonical form, or the error in its data.
    pub(super) is_canonical: fn(Layer<'_>) -> Result<bool, ParseError>,
    /// The layer in its canonical form.
    pub(super) canonical: fn(Layer<'_>) -> Result<LayerBuf, ParseError>,
}

/// The kind of layer that has this name, when the name is known.
pub(super) fn kind(name: &str) -> Option<Kind> {
    fn of<T: Known>() -> Option<Kind> {
        Some(Kind { is_canonical: T::is_canonical, canonical: canonical::<T> })
    }
    match name {
        Net::NAME => of::<Net>(),
        Shs::NAME => of::<Shs>(),
        Ws::NAME => of::<Ws>(),
        Wss::NAME => of::<Wss>(),
        Onion::NAME => of::<Onion>(),
        Unix::NAME => of::<Unix>(),
        NoAuth::NAME => of::<NoAuth>(),
        Channel::NAME => of::<Channel>(),
        Tunnel::NAME => of::<Tunnel>(),
        _ => None,
    }
}

/// Implements `TryFrom<Layer>` by `Known::read` for each of these types.
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

/// Reads the fields of a layer one after the other, with their offsets.
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
