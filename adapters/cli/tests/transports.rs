//! `serve` and `connect` on every transport, and the addresses that `serve` prints.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, Program};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

#[test]
fn every_transport_is_served_and_reached() {
    let home = Home::new();
    let socket = home.path("socket");
    let socket = socket.to_str().unwrap();
    let places = ["--net", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--net", "127.0.0.1:0", "--unix", socket];
    let (_server, address) = home.serve(&[&["--echo"], places.as_slice()].concat());
    let addresses: Vec<_> = address.split(';').collect();
    let starts = ["net:127.0.0.1:", "net:127.0.0.1:", "ws://127.0.0.1:", &format!("unix:{socket}~shs:")];
    assert_eq!(addresses.len(), starts.len(), "{address}");
    for (address, start) in addresses.iter().zip(starts) {
        assert!(address.starts_with(start), "{address}");
        let client = home.run(&["connect", address], b"hello");
        assert_eq!((client.status, client.output.as_slice()), (0, b"hello".as_slice()), "{}", client.errors);
    }
}

/// As the socket of an SSB server is, which only its owner can connect to.
#[test]
fn a_unix_socket_is_reached_without_a_proof() {
    let home = Home::new();
    let path = home.path("socket");
    let service = UnixListener::bind(&path).unwrap();
    let mut client = home.start(&["connect", &format!("unix:{}~noauth", path.display())]);
    let (mut service, _) = service.accept().unwrap();
    service.write_all(b"hello\n").unwrap();
    assert_eq!(client.line(), "hello");
    client.send(b"bye");
    drop(client.stdin.take());
    let mut heard = String::new();
    service.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "bye");
    drop(service);
    assert_eq!(client.finish().status, 0);
}

#[test]
fn tls_is_served_with_a_certificate_and_reached_where_that_is_trusted() {
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (cert, key) = (home.path("cert.pem"), home.path("key.pem"));
    common::write_private(&cert, &made.cert.pem());
    common::write_private(&key, &made.signing_key.serialize_pem());
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    let (_server, address) = home.serve(&["--echo", "--wss", "localhost:0", "--cert", cert, "--key", key]);
    assert!(address.starts_with("wss://localhost:"), "{address}");
    let client = home.run(&["connect", &address], b"hello");
    let failure = client.failure(4);
    assert!(failure.contains("no TLS with that host") && failure.contains("self-signed"), "{failure}");
    assert!(failure.contains("--ca"), "{failure}");
    let told = home.run(&["connect", &address, "--ca", cert], b"hello");
    assert_eq!((told.status, told.output.as_slice()), (0, b"hello".as_slice()), "{}", told.errors);
    for (wrong, status) in [(key, 1), ("/nowhere.pem", 1)] {
        let failed = home.run(&["connect", &address, "--ca", wrong], b"hello");
        assert!(failed.failure(status).contains(wrong), "{failed:?}");
    }
    // What is in the place of the platform's roots, as with OpenSSL, where these are files.
    let mut trusting = home.command(&["connect", &address]);
    trusting.env("SSL_CERT_FILE", cert);
    let mut trusting = Program::start(trusting);
    trusting.send(b"hello");
    let trusting = trusting.end();
    assert_eq!((trusting.status, trusting.output.as_slice()), (0, b"hello".as_slice()), "{}", trusting.errors);
    let swapped = home.run(&["serve", "--echo", "--wss", "localhost:0", "--cert", key, "--key", cert], b"");
    assert!(swapped.failure(1).contains("certificate"), "{swapped:?}");
}

#[test]
fn one_endpoint_that_does_not_work_ends_the_start() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for transport in ["--net", "--ws"] {
        let failed = home.run(&["serve", "--echo", "--net", "127.0.0.1:0", transport, &taken], b"");
        assert!(failed.failure(1).contains(&taken), "{failed:?}");
        assert_eq!(failed.output, b"");
    }
    let file = home.path("file");
    std::fs::write(&file, "precious").unwrap();
    let failed = home.run(&["serve", "--echo", "--net", "127.0.0.1:0", "--unix", file.to_str().unwrap()], b"");
    assert!(failed.failure(1).contains("cannot listen on"), "{failed:?}");
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
}

#[test]
fn the_address_has_the_names_outside_and_is_for_the_scope_asked_for() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo", "--external", "example.org"]);
    assert!(address.starts_with("net:example.org:") && !address.contains(';'), "{address}");
    let (_server, address) = home.serve(&["--echo", "--external", "example.org", "--scope", "device"]);
    assert!(address.starts_with("net:127.0.0.1:"), "{address}");
    let url = "wss://example.org/path";
    let (_server, address) = home.serve(&["--echo", "--ws", "127.0.0.1:0", "--external", url]);
    assert!(address.starts_with("wss://example.org/path~shs:"), "{address}");

    let nowhere = home.run(&["serve", "--echo", "--scope", "public"], b"");
    assert!(nowhere.failure(1).contains("--scope"), "{nowhere:?}");
    let socket = home.path("socket");
    for places in [
        ["--ws", "127.0.0.1:0", "--external", "example.org"],
        ["--net", "127.0.0.1:0", "--external", url],
        ["--net", "127.0.0.1:0", "--external", "not a name"],
        ["--unix", socket.to_str().unwrap(), "--external", "example.org"],
    ] {
        let wrong = home.run(&[&["serve", "--echo"], places.as_slice()].concat(), b"");
        assert!(wrong.failure(2).contains("external"), "{wrong:?}");
    }
}
