//! Seeds in addresses: whoever has one acts as the key pair that grows from it.

use multiserver_tokio::core::address::{Layer, LayerBuf, Shs};
use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::{Address, MultiAddress};

/// The address without the seeds in it, and whether there were any.
pub(crate) fn without_seeds(address: &Address) -> (Address, bool) {
    let mut had_seed = false;
    let address = with_transforms(address, |layer| match Shs::try_from(layer) {
        Ok(shs) => {
            had_seed |= shs.seed.is_some();
            Shs::from(shs.key).into()
        }
        Err(_) => layer.into(),
    });
    (address, had_seed)
}

/// The same of several addresses.
pub(crate) fn all_without_seeds(addresses: &MultiAddress) -> MultiAddress {
    map(addresses, |address| without_seeds(address).0)
}

/// The addresses with this seed in each secret handshake, and whether there is one in any.
pub(crate) fn with_seed(addresses: &MultiAddress, seed: &Seed) -> (MultiAddress, bool) {
    let mut has_handshake = false;
    let addresses = map(addresses, |address| {
        with_transforms(address, |layer| match Shs::try_from(layer) {
            Ok(shs) => {
                has_handshake = true;
                Shs { key: shs.key, seed: Some(Seed::from_bytes(*seed.as_bytes())) }.into()
            }
            Err(_) => layer.into(),
        })
    });
    (addresses, has_handshake)
}

fn map(addresses: &MultiAddress, change: impl FnMut(&Address) -> Address) -> MultiAddress {
    // There is one at least, as there was before.
    MultiAddress::new(addresses.addresses().map(change)).unwrap_or_else(|| addresses.clone())
}

fn with_transforms(address: &Address, change: impl FnMut(Layer<'_>) -> LayerBuf) -> Address {
    let transport = Address::new(address.transport());
    address.transforms().map(change).fold(transport, Address::then)
}
