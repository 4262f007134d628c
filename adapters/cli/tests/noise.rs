//! `noise` beside `shs`: one server on two ports, every command that takes an address, invites and the bridge.
#![allow(clippy::unwrap_used)]

mod common;

use common::inviting::Inviting;
use common::{Home, pattern};

const BOTH: [&str; 4] = ["--net", "127.0.0.1:0", "--net", "127.0.0.1:0~noise"];

/// The address with `shs` and the one with `noise`.
fn split(address: &str) -> (&str, &str) {
    let (shs, noise) = address.split_once(';').unwrap();
    assert!(shs.contains("~shs:") && noise.contains("~noise:"), "{address}");
    (shs, noise)
}

#[test]
fn a_server_offers_both_and_each_is_reached_by_its_address() {
    let home = Home::new();
    let (_server, address) = home.serve(&[BOTH.as_slice(), &["--echo"]].concat());
    let (shs, noise) = split(&address);
    let sent = pattern(5 * 1024 * 1024);
    for address in [shs, noise, &address] {
        let client = home.run(&["connect", address], &sent);
        assert_eq!((client.status, client.errors.as_str()), (0, ""), "{address}");
        assert!(client.output == sent, "{address}: {} bytes", client.output.len());
    }
    let ping = home.run(&["ping", noise], b"");
    assert_eq!(ping.status, 0, "{ping:?}");
}

#[test]
fn shs_alone_is_the_default() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo", "--net", "127.0.0.1:0"]);
    assert!(address.contains("~shs:") && !address.contains("noise"), "{address}");
    let (_server, address) = home.serve(&["--echo", "--net", "127.0.0.1:0~noise"]);
    let other = home.run(&["connect", &address.replace("~noise:", "~shs:")], b"hello");
    assert!(other.failure(4).contains("does not speak this protocol"), "{other:?}");
}

#[test]
fn every_transport_carries_it() {
    let home = Home::new();
    let socket = format!("{}~noise", home.path("socket").to_str().unwrap());
    let places = ["--ws", "127.0.0.1:0~noise", "--unix", &socket];
    let (_server, address) = home.serve(&[&["--echo"], places.as_slice()].concat());
    for (address, start) in address.split(';').zip(["ws://127.0.0.1:", "unix:"]) {
        assert!(address.starts_with(start) && address.contains("~noise:"), "{address}");
        assert_eq!(home.run(&["connect", address], b"hello").output, b"hello");
    }
}

#[test]
fn another_key_is_not_reached_and_only_the_allowed_come_in() {
    let home = Home::new();
    let (friend, key) = home.identity("friend");
    let (stranger, _) = home.identity("stranger");
    let (_server, address) = home.serve(&["--net", "127.0.0.1:0~noise", "--echo", "--allow", &key]);
    let connect = |identity: &str, address: &str| home.run(&["connect", "--identity", identity, address], b"hello");
    assert_eq!(connect(&friend, &address).output, b"hello");
    assert_eq!(connect(&stranger, &address).status, 4, "refused");
    let other = connect(&friend, &format!("{}:{key}", address.rsplit_once(':').unwrap().0));
    let failure = other.failure(4);
    assert!(failure.contains("not the key of the address"), "{failure}");
}

#[test]
fn a_network_of_its_own_is_closed_to_others() {
    let home = Home::new();
    let network = home.path("network");
    common::write_private(&network, &"07".repeat(32));
    let in_network = ["--network-key-file", network.to_str().unwrap()];
    let (_server, address) = home.serve(&[&["--net", "127.0.0.1:0~noise", "--echo"][..], &in_network].concat());
    assert_ne!(home.run(&["connect", &address], b"hello").status, 0);
    assert_eq!(home.run(&[&["connect"][..], &in_network, &[&address]].concat(), b"hello").output, b"hello");
}

#[test]
fn one_joins_by_an_invite_over_it() {
    let case = Inviting::new();
    let (alice, key) = case.home().identity("alice");
    let (_server, address) = case.serve(&["--net", "127.0.0.1:0~noise"]);
    let invite = case.invite(&address, &[]);
    assert!(invite.starts_with(&format!("{address}:")), "a seed stands behind the key");
    let seed = invite.rsplit(':').next().unwrap();
    assert_eq!(case.join(&invite, &alice).line(), address);
    assert!(case.allowed().starts_with(&format!("{key} joined ")), "{}", case.allowed());
    let again = case.home().run(&["connect", "--identity", &alice, &address], b"hello");
    assert_eq!(again.output, b"hello");
    let explained = case.home().run(&["address", "--address-file", "-"], invite.as_bytes());
    let text = String::from_utf8(explained.output).unwrap();
    assert!(text.contains("Noise XK") && text.contains("with a seed") && !text.contains(seed), "{text}");
}

#[test]
fn a_bridge_passes_it_on_and_speaks_none_itself() {
    let home = Home::new();
    let (_server, target) = home.serve(&["--net", "127.0.0.1:0~noise", "--echo"]);
    let (_bridge, address) = home.bridge(&["--ws", "127.0.0.1:0", &target]);
    assert!(address.starts_with("ws://") && address.contains("~noise:"), "{address}");
    let sent = pattern(1024 * 1024);
    assert!(home.run(&["connect", &address], &sent).output == sent);
    let wrong = home.run(&["bridge", "--ws", "127.0.0.1:0~noise", &target], b"");
    let failure = wrong.failure(2);
    assert!(failure.contains("cannot end with `~noise`"), "{failure}");
}

/// The server goes back to `shs`, or somebody makes it look so.
#[test]
fn who_has_seen_it_does_not_fall_back_unasked() {
    let home = Home::new();
    let (server, _) = home.identity("server");
    let (client, _) = home.identity("client");
    let serve = |place: &str| home.serve(&["--net", place, "--echo", "--identity", &server]);
    let connect = |arguments: &[&str]| home.run(&[&["connect", "--identity", &client], arguments].concat(), b"hello");
    let (old, old_address) = serve("127.0.0.1:0");
    assert_eq!(connect(&[&old_address]).output, b"hello", "nothing was seen yet");
    let (new, new_address) = serve("127.0.0.1:0~noise");
    let both = format!("{old_address};{new_address}");
    assert_eq!(connect(&[&new_address]).output, b"hello");
    let file = home.path("client.protocols");
    assert!(std::fs::read_to_string(&file).unwrap().contains(" noise 100\n"));
    assert_eq!(common::mode(&file), 0o600);

    let refused = connect(&[&old_address]);
    let failure = refused.failure(4);
    assert!(failure.contains("not tried by shs") && failure.contains("--allow-downgrade"), "{failure}");
    assert_eq!(connect(&[&both]).output, b"hello", "by noise");
    drop(new);
    assert_eq!(connect(&[&both]).status, 4, "noise is gone, and shs is no way out");
    assert_eq!(connect(&["--allow-downgrade", &both]).output, b"hello");
    assert_eq!(connect(&[&old_address]).status, 4, "that was for one time");

    std::fs::write(&file, "no key\n").unwrap();
    let spoilt = connect(&[&old_address]);
    assert!(spoilt.failure(1).contains("client.protocols: line 1 is not a key"), "{spoilt:?}");
    drop(old);
}
