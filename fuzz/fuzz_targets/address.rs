//! A text that is read as an address is printed so that it reads as the same address; for any other text, the error's
//! offset is inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use multiserver_core::address::{Address, LayerBuf, MultiAddress, ParseError, Scope, legacy};

fuzz_target!(|text: &str| {
    if let Some(multi) = read::<MultiAddress>(text, text.parse()) {
        let printed = multi.to_string();
        assert_eq!(printed.parse(), Ok(multi.clone()));
        assert_eq!(printed.parse::<MultiAddress>().unwrap().to_string(), printed);
        assert_eq!(legacy::from_ssb_uri(&legacy::to_ssb_uri(&multi).to_string()), Ok(multi.clone()));
        multi.addresses().for_each(check_address);
    }
    if let Some(address) = read(text, legacy::from_address(text)) {
        check_address(&address);
    }
    if let Some(address) = read(text, legacy::from_invite(text)) {
        check_address(&address);
    }
    if let Some(multi) = read(text, legacy::from_ssb_uri(text)) {
        multi.addresses().for_each(check_address);
    }
    if let Ok(scope) = text.parse::<Scope>() {
        assert_eq!(scope.to_string().parse(), Ok(scope));
    }
});

fn read<T>(text: &str, result: Result<T, ParseError>) -> Option<T> {
    let error = match result {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    assert!(text.is_char_boundary(error.offset()), "{error} in {} bytes", text.len());
    assert!(!error.to_string().is_empty());
    None
}

fn check_address(address: &Address) {
    assert_eq!(address.to_string().parse().as_ref(), Ok(address));
    let mut layers = address.layers().map(LayerBuf::from);
    let first = layers.next().expect("an address has a layer");
    assert_eq!(&layers.fold(Address::new(first), Address::then), address);
    for layer in address.layers() {
        let fields: Vec<_> = layer.fields().collect();
        let rebuilt = LayerBuf::new(layer.name(), &fields).expect("fields of a layer make a layer");
        assert_eq!(rebuilt.as_layer().fields().collect::<Vec<_>>(), fields);
        assert_eq!(rebuilt.to_string().parse(), Ok(rebuilt.clone()));
    }
    let redacted = format!("{address:?} {}", address.redacted());
    for layer in address.layers().filter(|layer| layer.name() == "shs") {
        if let Some(seed) = layer.fields().nth(1) {
            assert!(!redacted.contains(&*seed));
        }
    }
    if let Some(text) = legacy::to_address(address) {
        assert_eq!(legacy::from_address(&text.to_string()).as_ref(), Ok(address));
    }
    if let Some(text) = legacy::to_invite(address) {
        assert_eq!(legacy::from_invite(&text.to_string()).as_ref(), Ok(address));
    }
}
