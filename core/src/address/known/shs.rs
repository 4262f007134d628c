//! `shs` and `noauth`: the layers that say which key the peer proves, or that it proves none.

use super::super::error::{Expected, ParseError};
use super::super::layer::{Layer, LayerBuf};
use super::{Known, field_reader};
use crate::keys::{PublicKey, Seed};
use alloc::format;
use alloc::string::String;
use core::fmt::Write;
use core::str::FromStr;
use zeroize::Zeroizing;

/// `shs:{key}[:{seed}]`: the secret handshake.
#[derive(Debug, PartialEq, Eq)]
pub struct Shs {
    /// The server's long-term key.
    pub key: PublicKey,
    /// The seed of the client's long-term key pair for connections to this address.
    pub seed: Option<Seed>,
}

/// `noauth[:{key}]`: no authentication and no encryption; it sends no bytes of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAuth {
    /// The key that the address states, which the peer does not prove.
    pub key: Option<PublicKey>,
}

impl From<PublicKey> for Shs {
    fn from(key: PublicKey) -> Self {
        Self { key, seed: None }
    }
}

impl Known for Shs {
    const NAME: &'static str = "shs";

    fn read(layer: Layer<'_>) -> Result<Self, ParseError> {
        let mut fields = field_reader(layer);
        let (text, start) = fields.next_or_empty();
        let key = public_key(text, start)?;
        let seed = fields.next().map(|(text, start)| seed(text, start)).transpose()?;
        fields.finish()?;
        Ok(Self { key, seed })
    }

    fn is_canonical(layer: Layer<'_>) -> Result<bool, ParseError> {
        let is_canonical_seed = |text: &str| is_canonical_key::<Seed>(text);
        let are_canonical = |(key, rest): (&str, &str)| {
            is_canonical_key::<PublicKey>(key)
                && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_canonical_seed))
        };
        let key_and_rest = layer.data().and_then(|data| data.split_at_checked(BASE64_LENGTH));
        if key_and_rest.is_some_and(are_canonical) { Ok(true) } else { Self::read(layer).map(|_| false) }
    }
}

impl From<Shs> for LayerBuf {
    fn from(layer: Shs) -> Self {
        // With room for both keys, so that the text never grows and leaves no copy of the seed behind.
        let mut text = Zeroizing::new(String::with_capacity("shs::".len() + 2 * BASE64_LENGTH));
        // Writing to a string does not fail.
        let _ = match layer.seed {
            None => write!(text, "shs:{}", layer.key),
            Some(seed) => write!(text, "shs:{}:{}", layer.key, seed.reveal()),
        };
        Self::of_known(Shs::NAME, text)
    }
}

impl Known for NoAuth {
    const NAME: &'static str = "noauth";

    fn read(layer: Layer<'_>) -> Result<Self, ParseError> {
        let mut fields = field_reader(layer);
        let key = fields.next().map(|(text, start)| public_key(text, start)).transpose()?;
        fields.finish()?;
        Ok(Self { key })
    }
}

impl From<NoAuth> for LayerBuf {
    fn from(layer: NoAuth) -> Self {
        let text = layer.key.map_or_else(|| String::from("noauth"), |key| format!("noauth:{key}"));
        Self::of_known(NoAuth::NAME, Zeroizing::new(text))
    }
}

/// The text before the `:` and the seed, if the layer has a seed.
pub(super) fn before_seed(layer: Layer<'_>) -> Option<&str> {
    let (key, _) = layer.data()?.split_once(':')?;
    layer.as_str().get(..layer.data_start() + key.len())
}

/// Reads the key in a field at `start`.
pub(super) fn public_key(text: &str, start: usize) -> Result<PublicKey, ParseError> {
    text.parse().map_err(|error| ParseError::at_key(start, error, Expected::Key))
}

fn seed(text: &str, start: usize) -> Result<Seed, ParseError> {
    text.parse().map_err(|error| ParseError::at_key(start, error, Expected::Seed))
}

/// The number of characters of 32 bytes in padded base64.
const BASE64_LENGTH: usize = 44;

/// Whether a text is 32 bytes in standard base64 with padding.
fn is_canonical_key<T: FromStr>(text: &str) -> bool {
    // A fold instead of `any`: a loop without an early exit can compare many bytes at once.
    let is_url_safe = text.bytes().fold(false, |found, byte| found | matches!(byte, b'-' | b'_'));
    text.len() == BASE64_LENGTH && text.ends_with('=') && !is_url_safe && text.parse::<T>().is_ok()
}
