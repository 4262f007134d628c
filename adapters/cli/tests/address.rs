//! `address`: what is printed for people and for programs.
#![allow(clippy::unwrap_used)]

mod common;

use common::Home;

const ADDRESS: &str = "net:[2001:db8::1]:8008~shs:@DTNmX-4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ.ed25519:\
    gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=;wss://example.com/path~noauth;other:a!:b";

#[test]
fn json_says_every_layer_and_no_seed() {
    let printed = Home::new().run(&["address", "--json", ADDRESS], b"");
    assert_eq!((printed.status, printed.errors.as_str()), (0, ""));
    assert_eq!(str::from_utf8(&printed.output).unwrap(), include_str!("address.json"));
}

#[test]
fn the_text_says_every_layer_and_no_seed() {
    let printed = Home::new().run(&["address", ADDRESS], b"");
    assert_eq!((printed.status, printed.errors.as_str()), (0, ""));
    assert_eq!(str::from_utf8(&printed.output).unwrap(), include_str!("address.txt"));
}

#[test]
fn an_error_points_at_its_byte() {
    let printed = Home::new().run(&["address", "net:localhost:80o8"], b"");
    assert_eq!(printed.status, 2);
    let expected = "\
multiserver: this is not an address, at byte 14: expected a port: a number from 0 to 65535, in decimal digits
  net:localhost:80o8
                ^
";
    assert_eq!(printed.errors, expected);
}
