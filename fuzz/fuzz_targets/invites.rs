//! Legacy addresses, invites and ssb URIs: each is read as a second reading of these forms has it, what is read is
//! printed so that it reads as the same, and neither an address nor an error shows a seed.
#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use multiserver_core::address::{Address, MultiAddress, ParseError, legacy};
use reading::Read;
use std::fmt::{Debug, Display};

fuzz_target!(|text: &str| {
    if let Some(address) = compare(text, legacy::from_address(text), reading::legacy::address(text)) {
        assert!(legacy::to_address(&address).is_some());
    }
    if let Some(address) = compare(text, legacy::from_invite(text), reading::legacy::invite(text)) {
        assert!(legacy::to_invite(&address).is_some());
    }
    compare(text, legacy::from_ssb_uri(text), reading::legacy::ssb_uri(text));

    let (Ok(multi), Some(read)) = (text.parse::<MultiAddress>(), reading::multi_address(text)) else { return };
    let uri = legacy::to_ssb_uri(&multi).to_string();
    assert!(uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?=%".contains(&byte)), "{uri}");
    assert_eq!(legacy::from_ssb_uri(&uri).as_ref(), Ok(&multi));
    assert_eq!(legacy::to_ssb_uri(&legacy::from_ssb_uri(&uri).unwrap()).to_string(), uri);
    for (address, layers) in multi.addresses().zip(&read) {
        print(address, layers);
        print_with_other_transport(address);
    }
});

/// Compares what was read with the second reading of it, of which there is one where the text is of that form.
fn compare<T: Debug + Display>(text: &str, read: Result<T, ParseError>, expected: Option<Vec<Vec<Read>>>) -> Option<T> {
    match (read, expected) {
        (Ok(value), Some(expected)) => {
            assert_eq!(value.to_string(), reading::text(&expected));
            assert!(format!("{value:?}").ends_with(&format!("Address({})", reading::shown(&expected))), "{value:?}");
            if let [layers] = &*expected {
                print(&value.to_string().parse().unwrap(), layers);
            }
            Some(value)
        }
        (Err(error), None) => {
            check_error(text, &error);
            None
        }
        (read, expected) => panic!("{read:?} and not {expected:?}"),
    }
}

/// An error points into the text, and repeats nothing of it that could be a seed.
fn check_error(text: &str, error: &ParseError) {
    assert!(text.is_char_boundary(error.offset()), "{error} in {} bytes", text.len());
    let told = format!("{error} {error:?}");
    let is_of_seeds = |character: char| character.is_ascii_alphanumeric() || "+/-_".contains(character);
    for part in text.split(|character| !is_of_seeds(character)).filter(|part| part.len() >= 20) {
        assert!(!told.contains(part), "{told}");
    }
}

/// An address is printed in the legacy form that has a place for it, and in no other, and reads as the same.
fn print(address: &Address, layers: &[Read]) {
    let bare = legacy::to_address(address).map(|text| text.to_string());
    assert_eq!(bare.is_some(), reading::legacy::is_expressible(layers, false));
    if let Some(text) = bare {
        assert_eq!(legacy::from_address(&text).as_ref(), Ok(address));
        assert_eq!(legacy::from_invite(&text).ok(), None);
    }
    let invite = legacy::to_invite(address).map(|text| text.to_string());
    assert_eq!(invite.is_some(), reading::legacy::is_expressible(layers, true));
    if let Some(text) = invite {
        assert_eq!(legacy::from_invite(&text).as_ref(), Ok(address));
        assert_eq!(legacy::from_address(&text).ok(), None);
    }
}

/// The same host in the transport that is not for it.
fn print_with_other_transport(address: &Address) {
    let text = address.to_string();
    let other = match text.split_once(':') {
        Some(("net", rest)) => format!("onion:{rest}"),
        Some(("onion", rest)) => format!("net:{rest}"),
        _ => return,
    };
    let read = reading::multi_address(&other).unwrap();
    print(&other.parse().unwrap(), &read[0]);
}
