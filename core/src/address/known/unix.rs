//! `unix`: a socket in the file system.

use super::super::error::{Expected, ParseError};
use super::super::grammar;
use super::super::layer::{Layer, LayerBuf};
use super::{Known, escape};
use alloc::string::String;
use zeroize::Zeroizing;

/// `unix:{path}`: a Unix domain socket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unix(String);

impl Unix {
    /// The socket at this path.
    ///
    /// # Errors
    /// The path is empty or has a character that is not printable ASCII, such as a space.
    pub fn new(path: &str) -> Result<Self, ParseError> {
        if path.is_empty() {
            return Err(ParseError::new(0, Expected::SocketPath));
        }
        grammar::printable(path)?;
        Ok(Self(String::from(path)))
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0
    }
}

impl Known for Unix {
    const NAME: &'static str = "unix";

    fn read(layer: Layer<'_>) -> Result<Self, ParseError> {
        let no_path = ParseError::new(layer.as_str().len(), Expected::SocketPath);
        let raw = layer.data().ok_or(no_path)?;
        // The grammar has checked the characters, so the only mistake left is an empty path.
        Self::new(&escape::unescape(raw)).map_err(|_| no_path)
    }
}

impl From<Unix> for LayerBuf {
    fn from(layer: Unix) -> Self {
        let mut text = Zeroizing::new(String::from("unix:"));
        escape::push_rest(&mut text, &layer.0);
        Self::of_known(Unix::NAME, text)
    }
}
