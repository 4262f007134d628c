//! Properties of every address, and of every text that is not one.
#![allow(clippy::unwrap_used)]

use multiserver_core::address::{
    Address, Channel, Host, LayerBuf, MultiAddress, Net, NoAuth, Onion, ParseError, Shs, Tunnel, Unix, Ws, Wss, legacy,
};
use multiserver_core::keys::{PublicKey, Seed};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{FailurePersistence, FileFailurePersistence};
use std::net::IpAddr;

/// The printable ASCII that a constructor accepts.
const PRINTABLE: &str = "[!-~]{1,12}";

fn config() -> ProptestConfig {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../proptest-regressions/address.txt");
    let seeds: Box<dyn FailurePersistence> = Box::new(FileFailurePersistence::Direct(file));
    ProptestConfig { failure_persistence: Some(seeds), ..ProptestConfig::default() }
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![
        "[A-Za-z0-9._-]{1,20}".prop_map(|name| name.parse().unwrap()),
        any::<IpAddr>().prop_map(Host::from),
        "fe80::[1-9a-f]{1,4}%[a-z0-9]{1,5}".prop_map(|text| text.parse().unwrap()),
    ]
}

fn key() -> impl Strategy<Value = PublicKey> {
    any::<[u8; 32]>().prop_map(PublicKey::from)
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::from("/")), "/[!-\"$-~]{0,12}"]
}

fn unknown_layer() -> impl Strategy<Value = LayerBuf> {
    ("x[a-z0-9-]{1,5}", vec("[!-~]{0,6}", 0..4)).prop_map(|(name, fields)| LayerBuf::new(&name, fields).unwrap())
}

fn layer() -> impl Strategy<Value = LayerBuf> {
    let port = prop_oneof![any::<u16>(), Just(80), Just(443)];
    prop_oneof![
        4 => (host(), any::<u16>()).prop_map(|(host, port)| Net { host, port }.into()),
        1 => (host(), any::<u16>()).prop_map(|(host, port)| Onion { host, port }.into()),
        2 => (host(), port.clone(), path()).prop_map(|(host, port, path)| Ws::new(host, port).with_path(&path).unwrap().into()),
        2 => (host(), port, path()).prop_map(|(host, port, path)| Wss::new(host, port).with_path(&path).unwrap().into()),
        1 => PRINTABLE.prop_map(|path| Unix::new(&path).unwrap().into()),
        4 => (key(), any::<Option<[u8; 32]>>()).prop_map(|(key, seed)| Shs { key, seed: seed.map(Seed::from_bytes) }.into()),
        1 => proptest::option::of(key()).prop_map(|key| NoAuth { key }.into()),
        1 => Just(Channel.into()),
        1 => (key(), key()).prop_map(|(portal, target)| Tunnel::new(portal, target).into()),
        1 => (key(), PRINTABLE).prop_map(|(key, instance)| Tunnel::new(key, key).with_instance(&instance).unwrap().into()),
        2 => unknown_layer(),
    ]
}

fn address() -> impl Strategy<Value = Address> {
    (layer(), vec(layer(), 0..4)).prop_map(|(first, rest)| rest.into_iter().fold(Address::new(first), Address::then))
}

fn multi_address() -> impl Strategy<Value = MultiAddress> {
    vec(address(), 1..4).prop_map(|addresses| MultiAddress::new(addresses).unwrap())
}

/// A change of a text at a position.
#[derive(Debug, Clone)]
enum Mutation {
    Insert(usize, char),
    Remove(usize),
    Truncate(usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let character = prop_oneof!["[!~:;/@%=. \\[\\]]", "[ -~]", "\\PC", any::<char>().prop_map(String::from)];
    prop_oneof![
        (any::<usize>(), character)
            .prop_map(|(at, character)| Mutation::Insert(at, character.chars().next().unwrap_or('!'))),
        any::<usize>().prop_map(Mutation::Remove),
        any::<usize>().prop_map(Mutation::Truncate),
    ]
}

fn mutate(text: &str, mutations: &[Mutation]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for mutation in mutations {
        let length = characters.len();
        match *mutation {
            Mutation::Insert(at, character) => characters.insert(at % (length + 1), character),
            Mutation::Remove(at) if length > 0 => drop(characters.remove(at % length)),
            Mutation::Remove(_) => {}
            Mutation::Truncate(at) => characters.truncate(at % (length + 1)),
        }
    }
    characters.into_iter().collect()
}

/// Checks that an error points into its text, and returns the value if there is no error.
fn checked<T>(text: &str, result: Result<T, ParseError>) -> Result<Option<T>, TestCaseError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            prop_assert!(text.is_char_boundary(error.offset()), "{text:?}: {error}");
            Ok(None)
        }
    }
}

fn check_round_trip(multi: &MultiAddress) -> Result<(), TestCaseError> {
    let text = multi.to_string();
    let read: MultiAddress = text.parse().map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
    prop_assert_eq!(&read, multi);
    prop_assert_eq!(read.to_string(), text);
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_printed_is_read_as_the_same(multi in multi_address()) {
        check_round_trip(&multi)?;
        prop_assert_eq!(legacy::from_ssb_uri(&legacy::to_ssb_uri(&multi).to_string()), Ok(multi));
    }

    #[test]
    fn fields_make_the_same_layer(layer in layer()) {
        let view = layer.as_layer();
        let fields: Vec<_> = view.fields().collect();
        let rebuilt = LayerBuf::new(view.name(), &fields).unwrap();
        prop_assert_eq!(rebuilt.as_layer().fields().collect::<Vec<_>>(), fields);
        prop_assert_eq!(&rebuilt, &layer);
        prop_assert_eq!(layer.to_string().parse(), Ok(rebuilt));
    }

    #[test]
    fn views_give_back_what_they_were_made_of(host in host(), port in any::<u16>(), path in path(), key in key(), text in PRINTABLE) {
        let net = Net { host: host.clone(), port };
        prop_assert_eq!(Net::try_from(LayerBuf::from(net.clone()).as_layer()), Ok(net));
        let wss = Wss::new(host, port).with_path(&path).unwrap();
        prop_assert_eq!(Wss::try_from(LayerBuf::from(wss.clone()).as_layer()), Ok(wss));
        let unix = Unix::new(&text).unwrap();
        prop_assert_eq!(Unix::try_from(LayerBuf::from(unix.clone()).as_layer()), Ok(unix));
        let tunnel = Tunnel::new(key, key).with_instance(&text).unwrap();
        prop_assert_eq!(Tunnel::try_from(LayerBuf::from(tunnel.clone()).as_layer()), Ok(tunnel));
    }

    #[test]
    fn legacy_forms_give_back_the_address(host in host(), port in any::<u16>(), key in key(), seed in any::<[u8; 32]>()) {
        let transport = Net { host, port };
        let bare = Address::new(transport.clone()).then(Shs::from(key));
        if let Some(text) = legacy::to_address(&bare) {
            prop_assert_eq!(legacy::from_address(&text.to_string()), Ok(bare));
        }
        let invite = Address::new(transport).then(Shs { key, seed: Some(Seed::from_bytes(seed)) });
        if let Some(text) = legacy::to_invite(&invite) {
            prop_assert_eq!(legacy::from_invite(&text.to_string()), Ok(invite));
        }
    }

    #[test]
    fn a_mutated_address_is_read_for_good_or_refused_inside(multi in multi_address(), mutations in vec(mutation(), 1..4)) {
        let text = mutate(&multi.to_string(), &mutations);
        if let Some(multi) = checked(&text, text.parse())? {
            check_round_trip(&multi)?;
        }
        checked(&text, text.parse::<Address>())?;
        checked(&text, text.parse::<LayerBuf>())?;
        checked(&text, legacy::from_address(&text))?;
        checked(&text, legacy::from_invite(&text))?;
        let uri = mutate(&legacy::to_ssb_uri(&multi).to_string(), &mutations);
        checked(&uri, legacy::from_ssb_uri(&uri))?;
    }

    #[test]
    fn any_text_is_read_for_good_or_refused_inside(text in any::<String>()) {
        if let Some(multi) = checked(&text, text.parse())? {
            check_round_trip(&multi)?;
        }
    }
}
