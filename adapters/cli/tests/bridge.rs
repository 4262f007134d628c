//! `bridge`: the bytes of peers on one transport go to a server on another, and no key stands between.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT, Program, pattern, with_key};
use multiserver_tokio::core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};
use multiserver_tokio::core::shs::Client;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

const NET: [&str; 2] = ["--net", "127.0.0.1:0"];
const WS: [&str; 2] = ["--ws", "127.0.0.1:0"];

/// The layers behind the transport.
fn layers(address: &str) -> &str {
    address.split_once('~').unwrap().1
}

#[test]
fn a_server_on_one_transport_is_reached_on_another() {
    let home = Home::new();
    let socket = home.path("socket");
    let unix = ["--unix", socket.to_str().unwrap()];
    let sent = pattern(20 * 1024 * 1024);
    let pairs =
        [(WS, NET, "ws://127.0.0.1:"), (NET, WS, "net:127.0.0.1:"), (NET, unix, "net:127.0.0.1:"), (unix, WS, "unix:")];
    for (near, far, start) in pairs {
        let (server, target) = home.serve(&[["--echo"].as_slice(), &far].concat());
        let (bridge, address) = home.bridge(&[near.as_slice(), &["-v", &target]].concat());
        assert!(address.starts_with(start), "{address}");
        assert_eq!(layers(&address), layers(&target));
        for sent in [sent.as_slice(), b"", b"short"] {
            let client = home.run(&["connect", &address], sent);
            assert_eq!((client.status, client.errors.as_str()), (0, ""), "{near:?} to {far:?}");
            assert!(client.output == sent, "{near:?} to {far:?}: {} bytes", client.output.len());
        }
        for program in [bridge, server] {
            common::interrupt(&program);
            let ended = program.finish();
            assert_eq!(ended.status, 0, "{}", ended.errors);
            assert!(!ended.errors.contains("early"), "{}", ended.errors);
            let key = target.rsplit(':').next().unwrap();
            assert!(!ended.errors.contains(key), "nobody proved the target's key: {}", ended.errors);
        }
    }
}

#[test]
fn tls_ends_at_the_bridge_and_the_handshake_does_not() {
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (cert, key) = (home.path("cert.pem"), home.path("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    common::write_private(&key, &made.signing_key.serialize_pem());
    let (_server, target) = home.serve(&["--echo"]);
    let tls = ["--wss", "localhost:0", "--cert", cert.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let (_bridge, address) = home.bridge(&[tls.as_slice(), &[&target]].concat());
    assert!(address.starts_with("wss://localhost:"), "{address}");
    let mut client = home.command(&["connect", &address]);
    client.env("SSL_CERT_FILE", &cert);
    let mut client = Program::start(client);
    client.send(b"hello");
    let client = client.end();
    assert_eq!((client.status, client.output.as_slice()), (0, b"hello".as_slice()), "{}", client.errors);
}

#[test]
fn both_peers_prove_their_own_keys_through_two_bridges_without_one() {
    let home = Home::new();
    let (client, client_key) = home.identity("client");
    let (_server, target) = home.serve(&["--allow", &client_key, "--exec", "printenv", "MULTISERVER_PEER"]);
    let between = Home::new();
    let (_second, inner) = between.bridge(&[WS.as_slice(), &[&target]].concat());
    let (_first, address) = between.bridge(&[NET.as_slice(), &[&inner]].concat());
    assert_eq!(layers(&address), layers(&target));
    let connected = home.run(&["connect", "--identity", &client, &address], b"");
    assert_eq!((connected.status, connected.output), (0, format!("{client_key}\n").into_bytes()));
    assert_eq!(home.run(&["connect", &address], b"").status, 4, "another key is not let in");
    let impostor = home.run(&["connect", "--identity", &client, &with_key(&address, &client_key)], b"");
    assert_eq!(impostor.status, 4, "another key in the address: {impostor:?}");
    assert_eq!(std::fs::read_dir(between.path("")).unwrap().count(), 0, "the bridges made no identity");
}

#[test]
fn a_seed_in_the_address_of_the_target_is_kept() {
    let home = Home::new();
    let (_, seed) = home.identity("guest");
    let (_server, target) = home.serve(&["--echo"]);
    let file = home.path("invite");
    common::write_private(&file, &format!("{target}:{seed}"));
    let (mut bridge, address) = home.bridge(&["-vvv", "--address-file", file.to_str().unwrap()]);
    assert_eq!(layers(&address), layers(&target));
    assert_eq!(home.run(&["connect", &address], b"hello").output, b"hello");
    loop {
        let line = bridge.error_line();
        assert!(!line.contains(&seed), "{line}");
        if line.contains("ended") {
            break;
        }
    }
}

#[test]
fn of_several_targets_the_first_that_answers_is_taken() {
    let home = Home::new();
    let (_, other) = home.identity("other");
    let (_server, target) = home.serve(&["--echo"]);
    let nobody = format!("ws://127.0.0.1:1~{}", layers(&target));
    let (_bridge, address) = home.bridge(&[&format!("{nobody};{target}")]);
    assert!(address.starts_with("net:127.0.0.1:") && !address.contains(';'), "{address}");
    assert_eq!(home.run(&["connect", &address], b"hello").output, b"hello");
    for different in [with_key(&target, &other), "net:127.0.0.1:1".to_owned(), "net:127.0.0.1:1~noauth".to_owned()] {
        let wrong = home.run(&["bridge", &format!("{target};{different}")], b"");
        assert!(wrong.failure(2).contains("different handshakes or keys"), "{wrong:?}");
    }
    assert_eq!(home.run(&["bridge"], b"").status, 2);
}

#[test]
fn many_peers_pass_at_once_and_no_more_than_asked_for() {
    let home = Home::new();
    // The peers come from one source, and are in their handshakes at the same time.
    let crowd = ["--max-pending-per-source", "100"];
    let (_server, target) = home.serve(&[["--echo"].as_slice(), &crowd].concat());
    let (mut bridge, address) = home.bridge(&[WS.as_slice(), &crowd, &["--max-peers", "100", &target]].concat());
    let mut clients: Vec<_> = (0..100).map(|_| home.start(&["connect", &address])).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("client {number}\n").as_bytes());
    }
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.line(), format!("client {number}"));
    }
    assert_eq!(home.run(&["connect", &address], b"").status, 4);
    let line = bridge.error_line();
    assert!(line.contains("100 peers are connected already, see --max-peers"), "{line}");
    for client in clients {
        let client = client.end();
        assert_eq!((client.status, client.output.as_slice()), (0, b"".as_slice()), "{}", client.errors);
    }
}

#[test]
fn silent_peers_from_one_source_keep_nobody_from_the_target() {
    let home = Home::new();
    let (_server, target) = home.serve(&["--echo", "--max-pending-per-source", "3"]);
    let (mut bridge, address) = home.bridge(&["-v", "--max-pending-per-source", "2", &target]);
    let endpoint = address.strip_prefix("net:").unwrap().split('~').next().unwrap();
    let silent: Vec<_> = (0..3).map(|_| TcpStream::connect(endpoint).unwrap()).collect();
    bridge.error_line_with("to make room");
    for leads_there in [&target, &address, &address, &address] {
        assert_eq!(home.run(&["connect", leads_there], b"hello").output, b"hello");
    }
    drop(silent);
}

/// As long as a peer has not said its first message whole, the target knows nothing of it.
#[test]
fn the_target_is_reached_when_the_first_message_has_come() {
    let home = Home::new();
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let key = "U9bQyvjq1OCw+ySppKNhdQS7bTtE/7AM7G3e/6OPT/M=";
    let (_bridge, address) = home.bridge(&[&format!("net:{}~shs:{key}", target.local_addr().unwrap())]);
    let endpoint = address.strip_prefix("net:").unwrap().split('~').next().unwrap();
    let hello: Vec<_> = (0..64).collect();
    let mut early = TcpStream::connect(endpoint).unwrap();
    early.write_all(&hello[..63]).unwrap();
    let mut whole = TcpStream::connect(endpoint).unwrap();
    whole.write_all(&hello).unwrap();
    let read_hello = |mut socket: TcpStream| {
        socket.set_read_timeout(Some(LIMIT)).unwrap();
        let mut read = [0; 64];
        socket.read_exact(&mut read).unwrap();
        read.to_vec()
    };
    let (first, _) = target.accept().unwrap();
    assert_eq!(read_hello(first), hello);
    target.set_nonblocking(true).unwrap();
    assert_eq!(target.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the other one has said too little");
    target.set_nonblocking(false).unwrap();
    early.write_all(&hello[63..]).unwrap();
    let (second, _) = target.accept().unwrap();
    assert_eq!(read_hello(second), hello);
}

/// What comes first belongs to a layer of which nothing is known but its name.
#[test]
fn below_a_layer_that_is_not_known_nothing_is_waited_for() {
    let home = Home::new();
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let key = "U9bQyvjq1OCw+ySppKNhdQS7bTtE/7AM7G3e/6OPT/M=";
    let (_bridge, address) = home.bridge(&[&format!("net:{}~other~shs:{key}", target.local_addr().unwrap())]);
    let endpoint = address.strip_prefix("net:").unwrap().split('~').next().unwrap();
    let mut peer = TcpStream::connect(endpoint).unwrap();
    peer.write_all(b"short").unwrap();
    let (mut socket, _) = target.accept().unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let mut read = [0; 5];
    socket.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"short");
}

/// Any peer that knows the network's key can send a hello and gets the target's.
#[test]
fn peers_that_only_say_hello_leave_the_target_to_others() {
    let home = Home::new();
    let (_server, target) = home.serve(&["--echo", "--max-pending-per-source", "3"]);
    let (mut bridge, address) = home.bridge(&["-v", "--max-pending-per-source", "2", &target]);
    let endpoint = address.strip_prefix("net:").unwrap().split('~').next().unwrap();
    let greeters: Vec<_> = (0..3).map(|number| say_hello(endpoint, number)).collect();
    let line = closed(&mut bridge);
    assert!(line.contains("in their handshakes with the target"), "{line}");
    assert_eq!(home.run(&["connect", &target], b"hello").output, b"hello");
    drop(greeters);
}

/// Says hello as any client can, and waits for the answer or the end.
fn say_hello(endpoint: &str, number: u8) -> TcpStream {
    let random = [number; 32];
    let ephemeral = Ephemeral::from_random(random);
    let anybody = KeyPair::from_seed(Seed::from_bytes([7; 32]));
    let server = anybody.public();
    let client = Client::new(anybody, &server, &NetworkKey::SSB_MAIN).unwrap();
    let (_, hello) = client.start(ephemeral);
    let mut socket = TcpStream::connect(endpoint).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket.write_all(&hello).unwrap();
    let mut answer = [0; 64];
    let _ = socket.read_exact(&mut answer);
    socket
}

/// The next line that says that a peer was closed.
fn closed(bridge: &mut Program) -> String {
    std::iter::repeat_with(|| bridge.error_line()).find(|line| line.contains("closed")).unwrap()
}

#[test]
fn what_has_no_handshake_stays_within_this_machine() {
    let home = Home::new();
    let open = home.run(&["bridge", "net:127.0.0.1:1"], b"");
    assert!(open.failure(2).contains("everybody would reach it"), "{open:?}");
    let far = home.run(&["bridge", "--net", "0.0.0.0:0", "net:127.0.0.1:1~noauth"], b"");
    assert!(far.failure(2).contains("public scope"), "{far:?}");
    let (_bridge, address) = home.bridge(&["net:127.0.0.1:1~noauth"]);
    assert!(address.ends_with("~noauth"), "{address}");
}
