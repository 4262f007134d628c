//! `--proxy-protocol-from`: a load balancer says who comes, and `--reuse-port`: several servers at one port.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT, pass_on};
use proxy_header::{ParseConfig, ProxiedAddress, ProxyHeader};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

const HEADER: &[u8] = b"PROXY TCP4 203.0.113.5 198.51.100.2 4711 443\r\n";

/// The address by way of a balancer, which sends this header before the client's bytes.
fn balanced(address: &str, header: &'static [u8]) -> String {
    let (transport, key) = address.split_once("~shs:").unwrap();
    let to = transport.trim_start_matches("net:").trim_start_matches("ws://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let balancer = transport.replace(&to, &listener.local_addr().unwrap().to_string());
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, mut server) = (client.unwrap(), TcpStream::connect(&to).unwrap());
            server.write_all(header).unwrap();
            pass_on(client, server);
        }
    });
    format!("{balancer}~shs:{key}")
}

#[test]
fn a_program_and_the_log_are_told_of_the_peer_behind_the_balancer() {
    let home = Home::new();
    for (option, place, named) in
        [("--net", "127.0.0.1:0", "net:203.0.113.5:4711~shs:"), ("--ws", "127.0.0.1:0", "ws://203.0.113.5:4711~shs:")]
    {
        let arguments = [option, place, "--proxy-protocol-from", "192.0.2.1,127.0.0.0/8", "-v", "--allow-anyone"];
        let program = ["--exec", "sh", "-c", "echo $MULTISERVER_PEER_ADDRESS"];
        let (mut server, address) = home.serve(&[arguments.as_slice(), &program].concat());
        let client = home.run(&["connect", &balanced(&address, HEADER)], b"");
        let told = String::from_utf8(client.output).unwrap();
        assert!(told.starts_with(named), "{told}");
        let line = server.error_line_with("accepted");
        assert!(line.contains(named), "{line}");
    }
}

#[test]
fn a_service_is_told_of_the_peer_behind_the_balancer() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap().to_string();
    let config = home.path("config.toml");
    fs::write(&config, "[serve]\nproxy-protocol-from = [\"127.0.0.1\", \"::1\"]\nproxy-protocol = true\n").unwrap();
    let arguments = ["--config", config.to_str().unwrap(), "--allow-anyone", "--to", &to];
    let (_server, address) = home.serve(&arguments);
    let client = home.start(&["connect", &balanced(&address, HEADER)]);
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.end().status, 0);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let (header, _) = ProxyHeader::parse(&bytes, ParseConfig::default()).unwrap();
    let (source, destination) = ("203.0.113.5:4711", "198.51.100.2:443");
    let told = ProxiedAddress::stream(source.parse().unwrap(), destination.parse().unwrap());
    assert_eq!(header.proxied_address(), Some(&told));
}

#[test]
fn a_balancer_without_a_header_is_refused_and_told_of() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo", "--proxy-protocol-from", "127.0.0.1"]);
    home.run(&["connect", &address], b"hello").failure(4);
    let line = server.error_line();
    assert!(line.contains("reading the PROXY header failed: there is no header of the PROXY protocol"), "{line}");
    assert_eq!(home.run(&["connect", &balanced(&address, HEADER)], b"hello").output, b"hello");
}

#[test]
fn a_header_from_elsewhere_is_no_handshake() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo", "--proxy-protocol-from", "192.0.2.0/24"]);
    home.run(&["connect", &balanced(&address, HEADER)], b"hello").failure(4);
    let line = server.error_line();
    assert!(line.contains("net:127.0.0.1:") && line.contains("the handshake failed"), "{line}");
    assert_eq!(home.run(&["connect", &address], b"hello").output, b"hello", "and none is asked for");
}

#[test]
fn a_bridge_passes_on_what_is_behind_the_header() {
    let home = Home::new();
    let (_server, target) = home.serve(&["--echo"]);
    let (_bridge, address) = home.bridge(&["--net", "127.0.0.1:0", "--proxy-protocol-from", "127.0.0.1", &target]);
    let by_balancer = balanced(&address, HEADER);
    assert_eq!(home.run(&["connect", &by_balancer], b"hello").output, b"hello");
}

#[test]
fn what_is_no_network_or_has_no_socket_of_tcp_is_refused() {
    let home = Home::new();
    let socket = home.path("socket");
    let unix = ["--unix", socket.to_str().unwrap()];
    for wrong in ["192.0.2.1/33", "balancer.example", ""] {
        let failed = home.run(&["serve", "--echo", "--proxy-protocol-from", wrong], b"");
        assert_eq!(failed.status, 2, "{failed:?}");
        assert!(failed.errors.contains("expected an IP address"), "{failed:?}");
    }
    for option in [["--proxy-protocol-from", "192.0.2.1"].as_slice(), &["--reuse-port"]] {
        let failed = home.run(&[&["serve", "--echo"], unix.as_slice(), option].concat(), b"");
        assert!(failed.failure(2).contains("is for --net, --ws or --wss"), "{failed:?}");
    }
}

/// How many connections may all go to one of two servers: each is as likely to go to either.
const ALL_TO_ONE: usize = 100;

#[test]
fn two_servers_share_a_port_and_both_get_connections() {
    let home = Home::new();
    let serve = |place: &str, name: &str| {
        let options = ["--net", place, "--reuse-port", "--allow-anyone", "--exec", "echo", name];
        home.serve(&options)
    };
    let (_first, address) = serve("127.0.0.1:0", "first");
    let place = address.strip_prefix("net:").unwrap().split('~').next().unwrap();
    let (_second, same) = serve(place, "second");
    assert_eq!(address, same, "one identity at one port");
    let mut answers = BTreeSet::new();
    for _ in 0..ALL_TO_ONE {
        let answer = home.run(&["connect", &address], b"");
        assert_eq!(answer.status, 0, "{answer:?}");
        answers.insert(answer.output);
        if answers.len() == 2 {
            break;
        }
    }
    assert!(answers.iter().eq([b"first\n".as_slice(), b"second\n"]), "{answers:?}");
    let alone = home.run(&["serve", "--net", place, "--echo"], b"");
    assert!(alone.failure(1).contains("cannot listen on"), "{alone:?}");
}
