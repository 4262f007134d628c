//! `address`: what is printed for people and for programs, and in which forms.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Home;

const ADDRESS: &str = "net:[2001:db8::1]:8008~shs:@DTNmX-4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ.ed25519:\
    gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=;wss://example.com/path~noauth;other:a!:b";

const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
const SEED: &str = "gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=";

/// Each text in the form of an address, and in that of a legacy address or an invite.
const LEGACY: [(&str, &str, &str); 4] = [
    ("net:example.com:8008~shs:KEY", "legacy", "example.com:8008:@KEY.ed25519"),
    ("net:localhost:8008~shs:KEY", "legacy", "localhost:8008:@KEY.ed25519"),
    ("onion:a.onion:8008~shs:KEY:SEED", "invite", "a.onion:8008:@KEY.ed25519~SEED"),
    ("net:localhost:8008~shs:KEY:SEED", "invite", "localhost:8008:@KEY.ed25519~SEED"),
];

fn with_keys(text: &str) -> String {
    text.replace("KEY", KEY).replace("SEED", SEED)
}

/// What `address` prints in one line.
fn converted(options: &[&str], text: &str) -> String {
    Home::new().run(&[&["address"], options, &[text]].concat(), b"").line()
}

#[test]
fn every_form_leads_to_every_other_and_back() {
    for (address, form, old) in LEGACY {
        let (address, old) = (with_keys(address), with_keys(old));
        let uri = converted(&["--to", "uri"], &address);
        assert!(uri.starts_with("ssb:address/multiserver?multiserverAddress="), "{uri}");
        for (own_form, text) in [("address", &address), (form, &old), ("uri", &uri)] {
            for from in ["auto", own_form] {
                for (to, expected) in [("canonical", &address), (form, &old), ("uri", &uri)] {
                    assert_eq!(&converted(&["--from", from, "--to", to], text), expected, "{from} {to}");
                }
            }
        }
    }
    let many = converted(&["--to", "canonical"], ADDRESS);
    assert_eq!(converted(&["--to", "canonical"], &converted(&["--to", "uri"], ADDRESS)), many);
    assert!(many.contains(&format!("net:2001:db8::1:8008~shs:{KEY}:{SEED};wss://example.com/path~noauth;")), "{many}");
}

#[test]
fn a_legacy_form_is_explained_as_what_it_means() {
    for (address, _, old) in LEGACY {
        let explain = |text| Home::new().run(&["address", text], b"");
        let (new, old) = (explain(&with_keys(address)), explain(&with_keys(old)));
        assert_eq!((old.status, &old.output), (0, &new.output));
        assert!(!str::from_utf8(&old.output).unwrap().contains(SEED));
    }
}

#[test]
fn json_has_the_converted_address() {
    let printed = Home::new().run(&["address", "--json", "--to", "legacy", &with_keys("net:h:1~shs:KEY")], b"");
    assert_eq!((printed.status, printed.errors.as_str()), (0, ""));
    let json: serde_json::Value = serde_json::from_slice(&printed.output).unwrap();
    assert_eq!(json, serde_json::json!({ "address": with_keys("h:1:@KEY.ed25519") }));
}

#[test]
fn a_form_that_cannot_say_it_is_an_error_that_says_why() {
    for (to, address, reason) in [
        ("legacy", "net:h:1~shs:KEY:SEED", "a legacy address has no place for the seed"),
        ("invite", "net:h:1~shs:KEY", "a legacy invite needs a seed, and this has none"),
        ("legacy", "ws://h~shs:KEY", "legacy forms say net~shs or onion~shs, and this is ws~shs"),
        ("invite", "net:h:1~shs:KEY:SEED;net:h:2~shs:KEY:SEED", "legacy forms have one address, and these are 2"),
    ] {
        let printed = Home::new().run(&["address", "--to", to, &with_keys(address)], b"");
        assert!(printed.failure(2).contains(reason), "{}", printed.errors);
        assert!(printed.output.is_empty() && !printed.errors.contains(SEED));
    }
}

#[test]
fn a_check_answers_by_its_status_alone() {
    let legacy = with_keys("localhost:8008:@KEY.ed25519");
    for (options, text, status) in [
        (&[][..], ADDRESS, 0),
        (&[], "net:localhost:80o8", 1),
        (&["--from", "legacy"], &legacy, 0),
        (&["--from", "invite"], &legacy, 1),
        (&["--to", "legacy"], &legacy, 0),
        (&["--to", "invite"], &legacy, 1),
    ] {
        let printed = Home::new().run(&[&["address", "--check"], options, &[text]].concat(), b"");
        assert_eq!(
            (printed.status, printed.errors.as_str(), printed.output.as_slice()),
            (status, "", &[][..]),
            "{text}"
        );
    }
    let unreadable = Home::new().run(&["address", "--check", "--address-file", "none"], b"");
    assert!(unreadable.failure(1).contains("cannot read none"));
    assert_eq!(Home::new().run(&["address", "--check"], b"").status, 2);
}

#[test]
fn an_error_points_at_its_byte_in_every_form() {
    for (from, text, at, what) in [
        ("legacy", "localhost:80o8:@KEY.ed25519", 10, "a legacy address, at byte 10: expected a port"),
        ("invite", "localhost:8008:@KEY.ed25519", 68, "a legacy invite, at byte 68: expected `~` and the seed"),
        ("invite", "localhost:8008:@KEY~=", 61, "a legacy invite, at byte 61: expected a seed"),
        (
            "uri",
            "ssb:address/multiserver?multiserverAddress=net%3Ah%3A8o8",
            53,
            "an ssb URI, at byte 53: expected a port",
        ),
        ("auto", "ssb:address/multiserver?x=y", 27, "an ssb URI, at byte 27: expected the parameter"),
    ] {
        let printed = Home::new().run(&["address", "--from", from, &with_keys(text)], b"");
        let lines: Vec<_> = printed.errors.lines().collect();
        assert_eq!((printed.status, lines.len()), (2, 3), "{}", printed.errors);
        assert!(lines[0].starts_with(&format!("multiserver: this is not {what}")), "{}", printed.errors);
        let hidden = if lines[1].starts_with("  ...") { at - 50 } else { 0 };
        let before = if hidden > 0 { 2 + 3 } else { 2 };
        assert_eq!(lines[2].find('^'), Some(before + at - hidden), "{}", printed.errors);
    }
}

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

/// The key is of low order: an address can have any 32 bytes, and not all of them are a key that a peer can have.
#[test]
fn a_key_that_nobody_can_have_is_told_at_once() {
    let home = Home::new();
    let key = "A".repeat(43) + "=";
    let address = format!("net:127.0.0.1:1~shs:{key}");
    assert_eq!(home.run(&["address", "--check", &address], b"").status, 1);
    assert_eq!(home.run(&["address", &address], b"").status, 0, "it is an address all the same");
    assert!(home.run(&["connect", &address], b"").failure(2).contains("not a usable one"));
    let served = home.run(&["serve", "--echo", "--allow", &key], b"");
    assert!(served.status == 2 && served.errors.contains("nobody can have this key"), "{served:?}");
}

#[test]
fn a_missing_socket_and_a_directory_are_called_so() {
    let home = Home::new();
    let address = format!("unix:{}~noauth", home.path("socket").display());
    let missing = home.run(&["connect", &address], b"");
    assert!(
        missing.failure(3).contains("there is no such socket") && !missing.errors.contains("os error"),
        "{missing:?}"
    );
    let directory = home.path("");
    let directory = home.run(&["connect", "--identity", directory.to_str().unwrap(), &address], b"");
    assert!(directory.failure(1).contains("it is a directory"), "{directory:?}");
}
