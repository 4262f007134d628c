//! A text that is read as an address is printed so that it reads as the same address; for any other text, the error's
//! offset is inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use multiserver_core::address::{Address, LayerBuf, MultiAddress, Scope};

fuzz_target!(|text: &str| {
    match text.parse::<MultiAddress>() {
        Ok(multi) => {
            let printed = multi.to_string();
            assert_eq!(printed.parse(), Ok(multi.clone()));
            assert_eq!(printed.parse::<MultiAddress>().unwrap().to_string(), printed);
            multi.addresses().for_each(check_address);
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.offset()), "{error} in {} bytes", text.len());
            assert!(!error.to_string().is_empty());
        }
    }
    if let Ok(scope) = text.parse::<Scope>() {
        assert_eq!(scope.to_string().parse(), Ok(scope));
    }
});

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
}
