//! Secrets are not copied about.

use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};

fn copy(pair: &KeyPair, seed: &Seed, network: &NetworkKey, ephemeral: &Ephemeral) {
    let _: KeyPair = pair.clone();
    let _: Seed = seed.clone();
    let _: NetworkKey = network.clone();
    let _: Ephemeral = ephemeral.clone();
}

fn main() {}
