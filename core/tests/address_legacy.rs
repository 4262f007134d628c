//! Legacy addresses, invites and ssb URIs.
#![allow(clippy::unwrap_used)]

use multiserver_core::address::{Address, Expected, MultiAddress, ParseError, legacy};
use multiserver_core::keys::ParseKeyError;

const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
const SEED: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn with_keys(text: &str) -> String {
    text.replace("KEY", KEY).replace("SEED", SEED)
}

fn address(text: &str) -> Address {
    with_keys(text).parse().unwrap()
}

fn place<T>(result: Result<T, ParseError>) -> Option<(usize, Expected)> {
    result.err().map(|error| (error.offset(), error.expected()))
}

#[test]
fn legacy_addresses_go_both_ways() {
    for (old, new) in [
        ("example.com:8008:@KEY.ed25519", "net:example.com:8008~shs:KEY"),
        ("::1:8008:@KEY.ed25519", "net:::1:8008~shs:KEY"),
        ("a.onion:8008:@KEY.ed25519", "onion:a.onion:8008~shs:KEY"),
    ] {
        assert_eq!(legacy::from_address(&with_keys(old)), Ok(address(new)));
        assert_eq!(legacy::to_address(&address(new)).unwrap().to_string(), with_keys(old));
    }
    assert_eq!(legacy::from_address(&with_keys(":1:KEY")), Ok(address("net:localhost:1~shs:KEY")));
    assert_eq!(legacy::from_address(&with_keys("[::1]:1:@KEY")), Ok(address("net:::1:1~shs:KEY")));
}

#[test]
fn legacy_invites_go_both_ways() {
    for (old, new) in [
        ("example.com:8008:@KEY.ed25519~SEED", "net:example.com:8008~shs:KEY:SEED"),
        ("a.ONION:8008:@KEY.ed25519~SEED", "onion:a.ONION:8008~shs:KEY:SEED"),
    ] {
        assert_eq!(legacy::from_invite(&with_keys(old)), Ok(address(new)));
        assert_eq!(legacy::to_invite(&address(new)).unwrap().to_string(), with_keys(old));
    }
}

#[test]
fn what_a_legacy_form_cannot_say_is_none() {
    for text in [
        "net:h:1",
        "net:h:1~shs:KEY:SEED",
        "net:h:1~shs:KEY~foo",
        "net:h:1~noauth",
        "net:a.onion:1~shs:KEY",
        "onion:h:1~shs:KEY",
        "ws://h~shs:KEY",
    ] {
        assert!(legacy::to_address(&address(text)).is_none(), "{text}");
    }
    assert!(legacy::to_invite(&address("net:h:1~shs:KEY")).is_none());
}

#[test]
fn what_is_no_legacy_form_is_refused_where_it_stands() {
    let address = |text: &str| place(legacy::from_address(&with_keys(text)));
    assert_eq!(address(""), Some((0, Expected::LegacyAddress)));
    assert_eq!(address("h:@KEY.ed25519"), Some((0, Expected::LegacyAddress)));
    assert_eq!(address("h:70000:@KEY.ed25519"), Some((2, Expected::Port)));
    assert_eq!(address("a b:1:@KEY.ed25519"), Some((1, Expected::Host)));
    assert_eq!(address("h:1:"), Some((4, Expected::Key(ParseKeyError::Empty))));
    let invite = |text: &str| place(legacy::from_invite(&with_keys(text)));
    assert_eq!(invite("h:1:@KEY.ed25519"), Some((57, Expected::InviteSeed)));
    assert_eq!(invite("h:1:@KEY.ed25519~"), Some((58, Expected::Seed(ParseKeyError::Empty))));
}

#[test]
fn ssb_uris_go_both_ways() {
    let multi: MultiAddress = with_keys("net:h:1~shs:KEY;ws://h").parse().unwrap();
    let encoded = "net%3Ah%3A1~shs%3ADTNmX%2B4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ%3D%3Bws%3A%2F%2Fh";
    let uri = format!("ssb:address/multiserver?multiserverAddress={encoded}");
    assert_eq!(legacy::to_ssb_uri(&multi).to_string(), uri);
    for start in ["ssb:address/multiserver?", "ssb:address:multiserver?", "ssb://address/multiserver?"] {
        for rest in [
            format!("multiserverAddress={encoded}"),
            format!("a=b&multiserverAddress={}&c=d#e", encoded.replace("%3A", "%3a").replace("%2B", "+")),
            with_keys("multiserverAddress=net:h:1~shs:KEY;ws://h"),
        ] {
            assert_eq!(legacy::from_ssb_uri(&format!("{start}{rest}")).as_ref(), Ok(&multi));
        }
    }
}

#[test]
fn what_is_no_ssb_uri_is_refused_where_it_stands() {
    let uri = |text: &str| place(legacy::from_ssb_uri(&text.replace("URI", "ssb:address/multiserver?")));
    assert_eq!(uri("ssb:message/sha256/x"), Some((0, Expected::SsbUri)));
    assert_eq!(uri("URI"), Some((24, Expected::SsbUriParameter)));
    assert_eq!(uri("URIa=b&c#multiserverAddress=foo"), Some((29, Expected::SsbUriParameter)));
    assert_eq!(uri("URImultiserverAddress="), Some((43, Expected::Name)));
    assert_eq!(uri("URIa=b&multiserverAddress=foo%3"), Some((51, Expected::PercentDigits)));
    assert_eq!(uri("URImultiserverAddress=foo%+1"), Some((47, Expected::PercentDigits)));
    assert_eq!(uri("URImultiserverAddress=foo%C3%A9"), Some((47, Expected::PercentDigits)));
    assert_eq!(uri("URImultiserverAddress=net%3Ah%3A70000"), Some((53, Expected::Port)));
    assert_eq!(uri("URImultiserverAddress=foo%20"), Some((46, Expected::AfterName)));
}
