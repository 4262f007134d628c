//! The layer `noise` of addresses.

use multiserver_core::address::{Layer, LayerBuf};
use multiserver_core::keys::{PublicKey, Seed};
use zeroize::Zeroizing;

/// The name of the layer in addresses.
pub(crate) const NAME: &str = "noise";

/// `noise:KEY` or `noise:KEY:SEED`: the server's key, and in an invite the seed of the identity that the client is to have.
#[derive(Debug, PartialEq, Eq)]
pub struct NoiseLayer {
    /// The server's key.
    pub key: PublicKey,
    /// The seed, which is a secret.
    pub seed: Option<Seed>,
}

impl NoiseLayer {
    /// Reads a layer; `None` for one of another name, or without a valid key and seed.
    #[must_use]
    pub fn read(layer: Layer<'_>) -> Option<Self> {
        if layer.name() != NAME {
            return None;
        }
        let mut fields = layer.fields();
        let key = fields.next()?.parse().ok()?;
        let seed = match fields.next() {
            Some(seed) => Some(seed.parse().ok()?),
            None => None,
        };
        fields.next().is_none().then_some(Self { key, seed })
    }
}

impl From<PublicKey> for NoiseLayer {
    fn from(key: PublicKey) -> Self {
        Self { key, seed: None }
    }
}

impl From<NoiseLayer> for LayerBuf {
    #[expect(clippy::expect_used, reason = "the name, and the texts of keys and seeds, are valid in every layer")]
    fn from(NoiseLayer { key, seed }: NoiseLayer) -> Self {
        let key = key.to_string();
        let layer = match seed {
            None => Self::new(NAME, [key]),
            Some(seed) => {
                let seed = Zeroizing::new(seed.reveal().to_string());
                Self::new(NAME, [key.as_str(), seed.as_str()])
            }
        };
        layer.expect("a valid layer")
    }
}
