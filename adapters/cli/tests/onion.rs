//! `serve --onion`: the address of an onion service that leads to it.
#![allow(clippy::unwrap_used)]

mod common;

use common::Home;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;

/// 35 bytes in base32, the length of a name of version 3.
const NAME: &str = "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd.onion";

#[test]
fn the_public_address_is_the_onion_service_with_its_own_port_alone() {
    let home = Home::new();
    for name in [NAME.to_owned(), format!("www.{NAME}")] {
        let (_server, address) = home.serve(&["--echo", "--net", "127.0.0.1:0", "--onion", &format!("{name}:80")]);
        assert!(address.starts_with(&format!("onion:{name}:80~shs:")) && !address.contains(';'), "{address}");
    }
    let onion = format!("{NAME}:80");
    let arguments = ["--echo", "--net", "127.0.0.1:0", "--onion", &onion, "--scope", "device"];
    let (_server, address) = home.serve(&arguments);
    assert!(address.starts_with("net:127.0.0.1:") && !address.contains(';'), "{address}");
    assert_eq!(home.run(&["connect", &address], b"hello").output, b"hello");
}

#[test]
fn it_leads_to_the_first_endpoint_and_stands_beside_other_names() {
    let home = Home::new();
    let onion = format!("{NAME}:80");
    let arguments = ["--net", "127.0.0.1:0", "--net", "127.0.0.1:0", "--onion", &onion, "--external", "example.org"];
    let (_server, address) = home.serve(&[&["--echo"], arguments.as_slice()].concat());
    let addresses: Vec<_> = address.split(';').collect();
    let starts = ["net:example.org:", &format!("onion:{NAME}:80~shs:"), "net:example.org:"];
    assert_eq!(addresses.len(), starts.len(), "{address}");
    assert!(addresses.iter().zip(starts).all(|(address, start)| address.starts_with(start)), "{address}");
}

/// All peers that connect through Tor have one IP address.
#[test]
fn one_source_may_have_all_handshakes_there() {
    let home = Home::new();
    let onion = format!("{NAME}:80");
    let limits = ["--max-pending", "3", "--max-pending-per-source", "1", "--handshake-timeout", "600"];
    let arguments = ["--echo", "--net", "127.0.0.1:0", "--onion", &onion, "--scope", "device"];
    let (_server, address) = home.serve(&[arguments.as_slice(), &limits].concat());
    let endpoint = address.strip_prefix("net:").unwrap().split_once("~shs:").unwrap().0;
    let pending = [TcpStream::connect(endpoint).unwrap(), TcpStream::connect(endpoint).unwrap()];
    assert_eq!(home.run(&["connect", &address], b"hello").output, b"hello");
    for mut socket in pending {
        socket.set_nonblocking(true).unwrap();
        assert_eq!(socket.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock, "it was not closed");
    }
}

#[test]
fn what_is_no_onion_service_or_leads_nowhere_is_refused() {
    let home = Home::new();
    let short = NAME.get(1..).unwrap();
    let net = ["--net", "127.0.0.1:0"];
    for (endpoints, onion) in [
        (net.as_slice(), NAME.to_owned()),
        (&net, format!("{NAME}:0")),
        (&net, format!("{NAME}:65536")),
        (&net, format!("{short}:80")),
        (&net, format!("a{NAME}:80")),
        (&net, format!("1{short}:80")),
        (&net, ".onion:80".to_owned()),
        (&net, "example.org:80".to_owned()),
        (&[], format!("{NAME}:80")),
        (&["--ws", "127.0.0.1:0"], format!("{NAME}:80")),
    ] {
        let failed = home.run(&[&["serve", "--echo", "--onion", &onion], endpoints].concat(), b"");
        assert_eq!((failed.status, failed.output.as_slice()), (2, b"".as_slice()), "{onion}: {failed:?}");
        assert!(failed.errors.contains(if endpoints == net { "--onion" } else { "--net" }), "{failed:?}");
    }
}
