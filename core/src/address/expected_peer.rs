//! Which peer a layer asks to be proven.

use super::known::{NoAuth, Shs};
use super::layer::Layer;
use crate::keys::PublicKey;

/// Which peer has to prove its key when a layer is dialled, as the layer's text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExpectedPeer {
    /// Nobody, as `noauth` says.
    Nobody,
    /// The holder of this key.
    Key(PublicKey),
    /// The layer's name is unknown and its text names no key, but its protocol may prove one.
    Unknown,
}

impl Layer<'_> {
    /// Which peer has to prove its key when this layer is dialled, by the layer's text alone.
    ///
    /// A layer of an unknown name is assumed to name its peer's key in its first field, as `shs` does. So the key is
    /// asked for even by a program that cannot run that protocol.
    #[must_use]
    pub fn expected_peer(&self) -> ExpectedPeer {
        if NoAuth::try_from(*self).is_ok() {
            return ExpectedPeer::Nobody;
        }
        let named = || self.fields().next().and_then(|field| field.parse().ok());
        let key = Shs::try_from(*self).map(|shs| shs.key).ok().or_else(named);
        key.map_or(ExpectedPeer::Unknown, ExpectedPeer::Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use alloc::borrow::ToOwned;
    use alloc::format;

    #[test]
    fn who_is_expected_is_read_in_layers_that_nobody_knows_too() {
        let key = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
        let named = ExpectedPeer::Key(key.parse().unwrap());
        for (layer, expected) in [
            (format!("shs:{key}"), named),
            (format!("shs:{key}:{key}"), named),
            (format!("noise:{key}"), named),
            (format!("noise:{key}:a:b"), named),
            ("noauth".to_owned(), ExpectedPeer::Nobody),
            (format!("noauth:{key}"), ExpectedPeer::Nobody),
            ("noise".to_owned(), ExpectedPeer::Unknown),
            ("noise:short".to_owned(), ExpectedPeer::Unknown),
        ] {
            let address: Address = format!("net:h:1~{layer}").parse().unwrap();
            assert_eq!(address.transforms().next().unwrap().expected_peer(), expected, "{layer}");
        }
    }
}
