//! The program `shs-attack`: its exit statuses and what it prints.
#![allow(clippy::unwrap_used)]

use data_encoding::{BASE64, HEXLOWER};
use multiserver_attack::kind::Kind;
use multiserver_core::keys::{KeyPair, Seed};
use multiserver_interop::example;
use std::process::{Command, Output};

const NETWORK: [u8; 32] = [0x97; 32];

fn attack(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shs-attack")).args(arguments).output().unwrap()
}

fn program(name: &str) -> String {
    example("multiserver-attack", name).unwrap().to_str().unwrap().to_owned()
}

fn printed(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn the_exit_status_is_0_for_full_marks_alone() {
    let holding = attack(&["stdio-server", "--kind", "box", "--kind", "signature", "--", &program("holding_server")]);
    assert_eq!(holding.status.code(), Some(0), "{}", printed(&holding));
    assert!(printed(&holding).contains("| signature | 12 | 0 | 0 |"), "{}", printed(&holding));

    let arguments = ["stdio-client", "--kind", "signature", "--verbose", "--"];
    let broken = attack(&[&arguments[..], &[&program("broken_peer"), "client", "any-signature"]].concat());
    assert_eq!(broken.status.code(), Some(1), "{}", printed(&broken));
    assert!(printed(&broken).contains("signature.other-key: Fell"), "{}", printed(&broken));

    let missing = attack(&["stdio-server", "--", "/no/such/program"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("cannot start"));
}

#[test]
fn a_server_of_another_network_is_attacked_with_its_key() {
    let pair = KeyPair::from_seed(Seed::from_bytes([1; 32]));
    let secret = [pair.seed().as_bytes().as_slice(), pair.public().as_bytes()].concat();
    let [network, secret] = [NETWORK.as_slice(), &secret].map(|bytes| HEXLOWER.encode(bytes));
    let command = format!("'{}' server none {network} {secret}", program("socket_peer"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    std::fs::write(&file, BASE64.encode(&NETWORK) + "\n").unwrap();

    let key = pair.public().to_string();
    let server = ["server", "--kind", "signature", "--command", &command, "--server-key", &key];
    let with_file = attack(&[&server[..], &["--network-key-file", file.to_str().unwrap()]].concat());
    assert_eq!(with_file.status.code(), Some(0), "{}", printed(&with_file));
    let without = attack(&server);
    assert_eq!(without.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&without.stderr).contains("fails an honest session"));
}

#[test]
fn every_kind_is_explained() {
    let output = attack(&["kinds"]);
    assert_eq!(printed(&output).lines().count(), Kind::ALL.len());
    assert!(Kind::ALL.iter().all(|kind| printed(&output).contains(kind.sentence())));
}

#[test]
fn the_vectors_are_printed() {
    // Without the files themselves, which are long.
    let is_same = printed(&attack(&["vectors"])) == include_str!("../vectors/attacks.json");
    assert!(is_same, "vectors/attacks.json is not what `shs-attack vectors` prints: write it anew");
}
