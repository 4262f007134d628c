//! Addresses as values: in sets, in collections of addresses, and in the `Debug` output of whatever holds them.
#![allow(clippy::unwrap_used)]

use multiserver_core::address::{Address, LayerBuf, MultiAddress};
use std::collections::HashSet;

const WITH_SEED: &str = "net:localhost:8008~shs:DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=:\
                         AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const WITHOUT_SEED: &str = "net:localhost:8008~shs:DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=:<seed>";

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

#[test]
fn a_set_has_each_address_once_and_tells_them_apart() {
    let hosts = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let all = hosts.iter().chain(&hosts).map(|host| address(&format!("net:{host}:1")));
    let set: HashSet<_> = all.collect();
    assert_eq!(set.len(), hosts.len());
    assert!(set.contains(&address("net:a:1")));

    let hasher = std::hash::RandomState::new();
    let hashes: HashSet<_> = set.iter().map(|address| std::hash::BuildHasher::hash_one(&hasher, address)).collect();
    assert_eq!(hashes.len(), hosts.len());
}

#[test]
fn a_multi_address_is_a_collection_that_is_never_empty() {
    assert_eq!(MultiAddress::new([]), None);
    let (first, second, third) = (address("net:a:1"), address("ws://b"), address("wss://c"));
    let mut multi = MultiAddress::from(first.clone());
    multi.extend([second.clone(), third.clone()]);
    assert_eq!(multi.to_string(), "net:a:1;ws://b;wss://c");

    let mut borrowed = Vec::new();
    for address in &multi {
        borrowed.push(address.clone());
    }
    assert_eq!(borrowed, [first, second, third]);
    assert_eq!(multi.into_iter().collect::<Vec<_>>(), borrowed);
}

#[test]
fn debug_names_the_type_and_shows_no_seed() {
    let address = address(WITH_SEED);
    assert_eq!(format!("{address:?}"), format!("Address({WITHOUT_SEED})"));
    let multi = MultiAddress::from(address.clone());
    assert_eq!(format!("{multi:?}"), format!("MultiAddress({WITHOUT_SEED})"));

    let (_, shs) = WITHOUT_SEED.split_once('~').unwrap();
    let layer = address.transforms().next().unwrap();
    assert_eq!(format!("{layer:?}"), format!("Layer({shs})"));
    assert_eq!(format!("{:?}", LayerBuf::from(layer)), format!("LayerBuf({shs})"));
}
