//! Seeds in addresses. A seed is a secret: its holder acts as the key pair that is made from it.

use crate::report::exit::Failure;
use multiserver_noise::NoiseLayer;
use multiserver_tokio::core::address::{Layer, LayerBuf, Shs, is_known, legacy};
use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::{Address, MultiAddress};
use std::iter;

/// Whether this is an address with a seed, in any of its forms.
pub(crate) fn has_seed(text: &str) -> bool {
    if legacy::from_invite(text).is_ok() {
        return true;
    }
    let addresses = text.parse::<MultiAddress>().or_else(|_| legacy::from_ssb_uri(text));
    addresses.is_ok_and(|addresses| addresses.addresses().any(|address| without_seeds(address).1))
}

/// The address without the seeds in it, and whether there were any.
pub(crate) fn without_seeds(address: &Address) -> (Address, bool) {
    let mut had_seed = false;
    let address = with_transforms(address, |layer| match reseeded(layer, None) {
        Some((reseeded, had)) => {
            had_seed |= had;
            reseeded
        }
        None => layer.into(),
    });
    (address, had_seed)
}

/// The addresses without the seeds in them.
pub(crate) fn all_without_seeds(addresses: &MultiAddress) -> MultiAddress {
    map(addresses, |address| without_seeds(address).0)
}

/// The addresses with this seed in each handshake, and whether there is one in any.
pub(crate) fn with_seed(addresses: &MultiAddress, seed: &Seed) -> (MultiAddress, bool) {
    let mut has_handshake = false;
    let addresses = map(addresses, |address| {
        with_transforms(address, |layer| match reseeded(layer, Some(Seed::from_bytes(*seed.as_bytes()))) {
            Some((reseeded, _)) => {
                has_handshake = true;
                reseeded
            }
            None => layer.into(),
        })
    });
    (addresses, has_handshake)
}

/// Refuses to pass on an address with an unknown layer that may hold a secret: in an unknown layer, everything after
/// the first field may be one.
pub(crate) fn check_unknown_layers(addresses: &MultiAddress) -> Result<(), Failure> {
    let mut layers =
        addresses.addresses().flat_map(|address| iter::once(address.transport()).chain(address.transforms()));
    match layers.find(|layer| {
        let is_known = is_known(layer.name()) || NoiseLayer::read(*layer).is_some();
        !is_known && layer.fields().count() > 1
    }) {
        None => Ok(()),
        Some(layer) => {
            let shown = layer.redacted().to_string();
            let failure = Failure::usage(format_args!("the layer `{shown}` is not known here, and may hold a secret"));
            Err(failure.hint("give the address with the first field of that layer only"))
        }
    }
}

/// A handshake's layer with this seed or none in the place of its own, and whether it had one; `None` for other layers.
fn reseeded(layer: Layer<'_>, seed: Option<Seed>) -> Option<(LayerBuf, bool)> {
    if let Ok(shs) = Shs::try_from(layer) {
        return Some((Shs { key: shs.key, seed }.into(), shs.seed.is_some()));
    }
    let noise = NoiseLayer::read(layer)?;
    Some((NoiseLayer { key: noise.key, seed }.into(), noise.seed.is_some()))
}

fn map(addresses: &MultiAddress, change: impl FnMut(&Address) -> Address) -> MultiAddress {
    // There is at least one address, as before the change.
    MultiAddress::new(addresses.addresses().map(change)).unwrap_or_else(|| addresses.clone())
}

fn with_transforms(address: &Address, change: impl FnMut(Layer<'_>) -> LayerBuf) -> Address {
    let transport = Address::new(address.transport());
    address.transforms().map(change).fold(transport, Address::then)
}
