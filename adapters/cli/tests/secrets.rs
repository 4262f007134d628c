//! Secrets are kept: no message repeats one, and other users can read no file with one.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, Program, set_mode, write_private};
use std::net::TcpListener;

const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
const SEED: &str = "gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=";
const HEX_SEED: &str = "81f856b0160810e6736029926172 4a9a3df28fe7fc1f632acb6259934fc8e98b";

/// Texts with a seed, given by mistake or with a mistake in them.
fn texts() -> Vec<String> {
    let texts = [
        "net:127.0.0.1:1~shs:KEY:SEED",
        "net:127.0.0.1:1~shs:KEY:SEED:",
        "net:127.0.0.1:1~sha:KEY:SEED",
        "net:127.0.0.1:1~shs2:KEY:SEED",
        "net:127.0.0.1:1~shs2:KEY:SEED~shs:KEY",
        "net:127.0.0.1:1~Shs:KEY:SEED",
        "net:127.0.0.1:80o8~shs:KEY:SEED",
        "net:127.0.0.1:1~shs:KEYSEED",
        "net:127.0.0.1:1~shs::SEED",
        "127.0.0.1:1:@KEY.ed25519:SEED",
        "127.0.0.1:1:@KEY.ed25519~SEED",
        "ws://127.0.0.1:1/path?token=SEED~shs:KEY",
        "net:127.0.0.1:1~noauth:KEY:SEED",
        "SEED",
        "HEX",
    ];
    let hex = HEX_SEED.replace(' ', "");
    let filled = |text: &str| text.replace("KEY", KEY).replace("SEED", SEED).replace("HEX", &hex);
    texts.into_iter().map(filled).collect()
}

/// Places where a text may be given, which stands for `TEXT`; `TAKEN` is where nobody can listen.
const PLACES: [&[&str]; 29] = [
    &["keygen", "TEXT"],
    &["keygen", "--seed", "TEXT"],
    &["invite", "--invites", "invites", "--output", "TEXT", "net:127.0.0.1:1~shs:KEY"],
    &["connect", "TEXT"],
    &["ping", "TEXT"],
    &["ping", "--json", "TEXT"],
    &["forward", "--retry", "0", "--max-connections", "0", "TEXT"],
    &["bridge", "--net", "TAKEN", "TEXT"],
    &["join", "TEXT"],
    &["address", "TEXT"],
    &["address", "--json", "TEXT"],
    &["address", "--from", "legacy", "TEXT"],
    &["invite", "--invites", "invites", "TEXT"],
    &["invite", "--invites", "TEXT", "net:127.0.0.1:1~shs:KEY"],
    &["connect", "--address-file", "TEXT"],
    &["connect", "--identity", "TEXT", "net:127.0.0.1:1~shs:KEY"],
    &["connect", "--network-key", "TEXT~", "net:127.0.0.1:1~shs:KEY"],
    &["connect", "--network-key-file", "TEXT", "net:127.0.0.1:1~shs:KEY"],
    &["connect", "--ca", "TEXT", "net:127.0.0.1:1~shs:KEY"],
    &["connect", "--proxy", "TEXT", "net:127.0.0.1:1~shs:KEY"],
    &["connect", "--proxy-file", "TEXT", "net:127.0.0.1:1~shs:KEY"],
    &["connect", "--config", "TEXT", "home"],
    &["forward", "--listen", "TEXT", "net:127.0.0.1:1~shs:KEY"],
    &["serve", "--net", "TEXT", "--echo"],
    &["serve", "--ws", "TEXT", "--echo"],
    &["serve", "--net", "TAKEN", "--external", "TEXT", "--echo"],
    &["serve", "--net", "TAKEN", "--allow", "TEXT", "--echo"],
    &["serve", "--to", "TEXT", "--allow-anyone", "--net", "TAKEN"],
    &["TEXT"],
];

#[test]
fn no_text_that_is_given_by_mistake_shows_its_seed() {
    let home = Home::new();
    let hex = HEX_SEED.replace(' ', "");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    for text in texts() {
        // An invite is the whole address, for its guest.
        let is_for_guest = |place: &&[&str]| place[0] == "invite" && text.contains('?');
        for place in PLACES.into_iter().filter(|place| !is_for_guest(place)) {
            let arguments: Vec<_> = place
                .iter()
                .map(|part| part.replace("TEXT", &text).replace("KEY", KEY).replace("TAKEN", &taken))
                .collect();
            let mut arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            arguments.push("-vvv");
            let mut command = home.command(&arguments);
            command.current_dir(home.path(""));
            let run = Program::start(command).end();
            let said = format!("{}{}", String::from_utf8_lossy(&run.output), run.errors);
            let parts = [SEED.get(..20).unwrap(), SEED.get(22..40).unwrap(), hex.get(..20).unwrap()];
            assert!(!parts.iter().any(|part| said.contains(part)), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn a_socket_file_has_no_seed_in_its_name() {
    let home = Home::new();
    for text in texts() {
        let failed = home.run(&["serve", "--echo", "--unix", &text], b"");
        assert_eq!(failed.status, 2, "{failed:?}");
        assert!(!failed.errors.contains(SEED), "{failed:?}");
    }
}

#[test]
fn a_file_with_a_secret_must_not_be_open_to_others() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    let file = home.path("file");
    let path = file.to_str().unwrap();
    let private = "mode 0644 lets others at the secret in it";
    for (text, arguments) in [
        (format!("{address}:{SEED}"), ["connect", "--address-file", path].as_slice()),
        (KEY.to_owned(), &["connect", "--network-key-file", path, &address]),
        ("user:hunter2@127.0.0.1:1".to_owned(), &["connect", "--proxy-file", path, &address]),
        (format!("[names]\nhome = \"{address}:{SEED}\"\n"), &["connect", "--config", path, "home"]),
        ("key".to_owned(), &["serve", "--echo", "--wss", "127.0.0.1:0", "--cert", path, "--key", path]),
    ] {
        write_private(&file, &text);
        set_mode(&file, 0o644);
        let failed = home.run(arguments, b"");
        assert!(failed.failure(1).contains(private), "{arguments:?}: {failed:?}");
        set_mode(&file, 0o600);
        assert!(!home.run(arguments, b"").errors.contains(private), "{arguments:?}");
    }
    // Without a seed there is no secret in it.
    write_private(&file, &address);
    set_mode(&file, 0o644);
    assert_eq!(home.run(&["connect", "--address-file", path], b"hello").output, b"hello");
}

#[test]
fn a_bridge_hands_no_layer_on_that_may_hold_a_secret() {
    let home = Home::new();
    let target = format!("net:127.0.0.1:1~shs2:{KEY}:{SEED}");
    let refused = home.run(&["bridge", "--net", "127.0.0.1:0", &target], b"");
    assert!(refused.failure(2).contains(&format!("shs2:{KEY}:<hidden>")), "{refused:?}");
    let (_bridge, address) = home.bridge(&[&format!("net:127.0.0.1:1~shs2:{KEY}")]);
    assert!(address.ends_with(&format!("~shs2:{KEY}")), "{address}");
}
