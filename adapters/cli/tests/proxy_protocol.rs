//! `serve --proxy-protocol`: the service of `--to` is told who the peer is.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT, pass_on};
use multiserver_interop::Nginx;
use proxy_header::{ParseConfig, ProxiedAddress, ProxyHeader, Tlv};
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What a service has received on one connection.
struct Heard {
    addresses: Option<ProxiedAddress>,
    /// The TLVs that there are.
    tlvs: Vec<(u8, Vec<u8>)>,
    /// All bytes after the header.
    bytes: Vec<u8>,
}

/// A service that reads each connection to its end, closes it, and reports what it received.
fn service() -> (String, Receiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut bytes = Vec::new();
            stream.unwrap().read_to_end(&mut bytes).unwrap();
            let (header, length) = ProxyHeader::parse(&bytes, ParseConfig::default()).unwrap();
            let tlvs = header.tlvs().map(|tlv| {
                let Tlv::Custom(kind, value) = tlv.unwrap() else { panic!("not a TLV for applications") };
                (kind, value.into_owned())
            });
            let (addresses, tlvs) = (header.proxied_address().cloned(), tlvs.collect());
            let bytes = bytes.split_off(length);
            sender.send(Heard { addresses, tlvs, bytes }).unwrap();
        }
    });
    (endpoint, receiver)
}

/// The address by way of a relay, which tells of its sockets at the server: where each is and where it leads.
fn relayed(address: &str) -> (String, Receiver<(SocketAddr, SocketAddr)>) {
    let (transport, key) = address.split_once("~shs:").unwrap();
    let (start, port) = transport.rsplit_once(':').unwrap();
    let host: IpAddr =
        start.trim_start_matches("net:").trim_start_matches("ws://").trim_matches(['[', ']']).parse().unwrap();
    let to = SocketAddr::new(host, port.parse().unwrap());
    let listener = TcpListener::bind((host, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(to).unwrap());
            sender.send((server.local_addr().unwrap(), server.peer_addr().unwrap())).unwrap();
            pass_on(client, server);
        }
    });
    (format!("{start}:{port}~shs:{key}"), receiver)
}

/// Checks that the headers of two peers at this endpoint are right.
fn told_of_by_ip(option: &str, endpoint: &str) {
    let home = Home::new();
    let (to, heard) = service();
    let (_server, address) = home.serve(&[option, endpoint, "--to", &to, "--allow-anyone", "--proxy-protocol"]);
    let (address, sockets) = relayed(&address);
    for (name, text) in [("one", "first"), ("two", "")] {
        let (identity, key) = home.identity(name);
        let client = home.run(&["connect", "--identity", &identity, &address], text.as_bytes());
        assert_eq!((client.status, client.errors.as_str()), (0, ""));
        let heard = heard.recv_timeout(LIMIT).unwrap();
        let (source, destination) = sockets.recv_timeout(LIMIT).unwrap();
        assert_eq!(heard.addresses, Some(ProxiedAddress::stream(source, destination)));
        assert_eq!(heard.tlvs, [(0xE0, key.into_bytes())]);
        assert_eq!(heard.bytes, text.as_bytes(), "no second header");
    }
}

#[test]
fn a_service_is_told_of_peers_over_tcp_and_web_sockets() {
    told_of_by_ip("--net", "127.0.0.1:0");
    told_of_by_ip("--ws", "127.0.0.1:0");
}

#[test]
fn a_service_is_told_of_peers_over_ipv6() {
    told_of_by_ip("--net", "[::1]:0");
    told_of_by_ip("--ws", "[::1]:0");
}

#[test]
fn a_peer_at_a_unix_socket_is_a_local_one_with_a_key() {
    let home = Home::new();
    let (to, heard) = service();
    let path = home.path("socket");
    let endpoint = path.to_str().unwrap();
    let (_server, address) = home.serve(&["--unix", endpoint, "--to", &to, "--allow-anyone", "--proxy-protocol"]);
    let (identity, key) = home.identity("one");
    assert_eq!(home.run(&["connect", "--identity", &identity, &address], b"hello").status, 0);
    let heard = heard.recv_timeout(LIMIT).unwrap();
    assert_eq!(heard.addresses, None);
    assert_eq!(heard.tlvs, [(0xE0, key.into_bytes())]);
    assert_eq!(heard.bytes, b"hello");
}

#[test]
fn the_header_comes_before_the_peer_says_anything() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap().to_string();
    let (_server, address) = home.serve(&["--to", &to, "--allow-anyone", "--proxy-protocol"]);
    let mut client = home.start(&["connect", &address]);
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    // The fixed part, two IPv4 addresses and ports, and the key with its type and length.
    let mut header = [0; 16 + 12 + 3 + 44];
    stream.read_exact(&mut header).unwrap();
    assert!(header.starts_with(b"\r\n\r\n\0\r\nQUIT\n\x21\x11"), "{header:?}");
    stream.write_all(b"who are you?\n").unwrap();
    assert_eq!(client.line(), "who are you?");
    client.send(b"a friend");
    client.stdin = None;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "a friend");
}

#[test]
fn a_header_is_for_services_only() {
    let home = Home::new();
    for wrong in [["--echo"].as_slice(), &["--allow-anyone", "--exec", "cat"], &[]] {
        let failed = home.run(&[&["serve", "--proxy-protocol"], wrong].concat(), b"");
        assert_eq!((failed.status, failed.output.as_slice()), (2, b"".as_slice()), "{failed:?}");
        assert!(failed.errors.contains("--to"), "{failed:?}");
    }
}

#[test]
fn nginx_understands_it() {
    let home = Home::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let nginx = runtime.block_on(Nginx::telling_sources(&home.path("nginx"))).unwrap();
    let to = nginx.address().to_string();
    let (_server, address) = home.serve(&["--to", &to, "--allow-anyone", "--proxy-protocol"]);
    let (address, sockets) = relayed(&address);
    let mut client = home.start(&["connect", &address]);
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let (source, _) = sockets.recv_timeout(LIMIT).unwrap();
    let client = client.end();
    let answer = String::from_utf8(client.output).unwrap();
    assert_eq!((client.status, client.errors.as_str()), (0, ""), "{answer}");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&format!("\r\n\r\n{source}")), "{answer}");
}
