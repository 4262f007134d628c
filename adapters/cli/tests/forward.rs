//! `forward`: a local port or socket whose connections go to a peer.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT, Program};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Starts to forward and reads where.
fn forward(home: &Home, arguments: &[&str]) -> (Program, String) {
    let mut program = home.start(&[&["forward"], arguments].concat());
    let endpoint = program.line();
    (program, endpoint)
}

fn connect(endpoint: &str) -> TcpStream {
    let stream = TcpStream::connect(endpoint).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

#[test]
fn many_connections_go_through_at_once_and_end_by_halves() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    let (_forward, endpoint) = forward(&home, &["--listen", "127.0.0.1:0", &address]);
    let mut streams: Vec<_> = (0..200).map(|_| connect(&endpoint)).collect();
    for (stream, byte) in streams.iter_mut().zip(0..) {
        stream.write_all(&[byte; 5000]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
    }
    for (mut stream, byte) in streams.into_iter().zip(0..) {
        let mut echo = Vec::new();
        stream.read_to_end(&mut echo).unwrap();
        assert!(echo == [byte; 5000], "{byte}: {} bytes", echo.len());
    }
}

#[test]
fn the_peer_may_end_first() {
    let home = Home::new();
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = service.local_addr().unwrap().to_string();
    let (_server, address) = home.serve(&["--to", &to, "--allow-anyone"]);
    let (_forward, endpoint) = forward(&home, &[&address]);
    let mut stream = connect(&endpoint);
    let (mut service, _) = service.accept().unwrap();
    service.write_all(b"all I say").unwrap();
    service.shutdown(Shutdown::Write).unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "all I say");
    stream.write_all(b"and I").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    heard.clear();
    service.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "and I");
}

#[test]
fn a_unix_socket_is_forwarded_and_its_file_goes_with_the_program() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    let path = home.path("socket");
    let listen = format!("unix:{}", path.display());
    let (forward, endpoint) = forward(&home, &["--listen", &listen, &address]);
    assert_eq!(endpoint, listen);
    assert_eq!(common::mode(&path) & 0o777, 0o600);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"hello").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut echo = String::new();
    stream.read_to_string(&mut echo).unwrap();
    assert_eq!(echo, "hello");
    common::interrupt(&forward);
    assert_eq!(forward.finish().status, 0);
    assert!(!path.exists());
}

#[test]
fn a_truncated_stream_is_reset_and_does_not_look_complete() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo"]);
    let (mut forward, endpoint) = forward(&home, &["--retry", "0", &address]);
    let mut stream = connect(&endpoint);
    stream.write_all(b"here").unwrap();
    stream.read_exact(&mut [0; 4]).unwrap();
    server.kill();
    assert_eq!(stream.read_exact(&mut [0; 4]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(forward.error_line().contains("went away"));
    let mut refused = connect(&endpoint);
    assert_eq!(refused.read_exact(&mut [0; 4]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(forward.error_line().contains("cannot connect to"));
}

/// A server that has no slot left refuses as one that knows us does, and may have a slot a little later.
#[test]
fn a_server_that_is_busy_is_tried_again() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo", "--max-peers", "1"]);
    let mut first = home.start(&["connect", &address]);
    first.send(b"here\n");
    assert_eq!(first.line(), "here");
    let (mut forward, endpoint) = forward(&home, &["--retry", "60", &address]);
    let mut waiting = connect(&endpoint);
    waiting.write_all(b"hello").unwrap();
    let line = forward.error_line();
    assert!(line.contains("refused, busy or cut off") && line.contains("trying again"), "{line}");
    assert_eq!(first.end().status, 0);
    let mut echo = [0; 5];
    waiting.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"hello");
}

#[test]
fn a_signal_resets_what_is_under_way() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo"]);
    let (forward, endpoint) = forward(&home, &[&address]);
    let mut stream = connect(&endpoint);
    stream.write_all(b"here").unwrap();
    stream.read_exact(&mut [0; 4]).unwrap();
    common::interrupt(&forward);
    assert_eq!(stream.read_exact(&mut [0; 4]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let forward = forward.finish();
    assert_eq!((forward.status, forward.errors.as_str()), (0, ""));
    assert!(server.error_line().contains("ended early"));
}

#[test]
fn a_signal_resets_who_waits_for_a_connection() {
    let home = Home::new();
    let (_, key) = home.identity("any");
    let (mut forward, endpoint) = forward(&home, &[&format!("net:127.0.0.1:1~shs:{key}")]);
    let mut stream = connect(&endpoint);
    assert!(forward.error_line().contains("trying again"));
    common::interrupt(&forward);
    assert_eq!(stream.read_exact(&mut [0; 4]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(forward.finish().status, 0);
}

#[test]
fn more_connections_than_asked_for_wait_for_their_turn() {
    let home = Home::new();
    let (identity, _) = home.identity("server");
    let (mut server, address) = home.serve(&["--echo", "-v", "--identity", &identity]);
    let (_forward, endpoint) = forward(&home, &["--max-connections", "1", &address]);
    let mut first = connect(&endpoint);
    first.write_all(b"first").unwrap();
    first.read_exact(&mut [0; 5]).unwrap();
    let mut second = connect(&endpoint);
    second.write_all(b"second").unwrap();
    first.write_all(b"again").unwrap();
    first.read_exact(&mut [0; 5]).unwrap();
    first.shutdown(Shutdown::Write).unwrap();
    assert_eq!(first.read_to_end(&mut Vec::new()).unwrap(), 0);
    let mut echo = [0; 6];
    second.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"second");
    for what in ["accepted", "ended", "accepted"] {
        let line = server.error_line();
        assert!(line.contains(what), "{what}: {line}");
    }
}

#[test]
fn an_endpoint_that_is_taken_and_an_address_that_is_none_end_the_start() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let (_, key) = home.identity("any");
    let address = format!("net:127.0.0.1:1~shs:{key}");
    let failed = home.run(&["forward", "--listen", &taken, &address], b"");
    assert!(failed.failure(1).contains(&format!("cannot listen on {taken}")), "{failed:?}");
    assert!(home.run(&["forward", "net:h:x"], b"").failure(2).contains("this is not an address"));
}

#[test]
fn a_peer_that_is_away_is_tried_again_until_it_comes() {
    let home = Home::new();
    let (server_identity, key) = home.identity("server");
    let socket = home.path("socket").to_str().unwrap().to_owned();
    let (mut forward, endpoint) = forward(&home, &[&format!("unix:{socket}~shs:{key}")]);
    let mut stream = connect(&endpoint);
    stream.write_all(b"early").unwrap();
    let line = forward.error_line();
    assert!(line.contains("trying again for 30s"), "{line}");
    let mut gone = connect(&endpoint);
    gone.write_all(b"delete everything").unwrap();
    assert!(forward.error_line().contains("trying again"));
    // Closed by a reset.
    rustix::net::sockopt::set_socket_linger(&gone, Some(Duration::ZERO)).unwrap();
    drop(gone);
    let line = forward.error_line();
    assert!(line.contains("whoever came has gone"), "{line}");
    let (mut server, _) = home.serve(&["--unix", &socket, "--identity", &server_identity, "--echo", "-v"]);
    stream.shutdown(Shutdown::Write).unwrap();
    let mut echo = Vec::new();
    stream.read_to_end(&mut echo).unwrap();
    assert_eq!(echo, b"early");
    assert!(server.error_line().contains("accepted"));
    let ended = server.error_line();
    assert!(ended.contains("ended") && ended.contains("bytes=5"), "{ended}");
    common::interrupt(&server);
    let server = server.finish();
    assert!(!server.errors.contains("accepted"), "nothing of who had gone: {}", server.errors);
}

#[test]
fn who_does_not_speak_the_protocol_is_not_tried_again() {
    let home = Home::new();
    let (_, key) = home.identity("any");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("net:{}~shs:{key}", other.local_addr().unwrap());
    let (mut forward, endpoint) = forward(&home, &["--retry", "600", &address]);
    let mut program = connect(&endpoint);
    let (mut peer, _) = other.accept().unwrap();
    peer.write_all(&[b'x'; 64]).unwrap();
    assert_eq!(program.read_exact(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let line = forward.error_line();
    assert!(line.contains("of another network") && !line.contains("trying again"), "{line}");
}

/// A server that is busy closes where one of another network does.
#[test]
fn without_time_to_try_again_a_refusal_is_an_error_at_once() {
    let home = Home::new();
    let (_, key) = home.identity("any");
    let (_server, address) = home.serve(&["--echo", "--network-key", &key]);
    let (mut forward, endpoint) = forward(&home, &["--retry", "0", &address]);
    assert_eq!(connect(&endpoint).read_exact(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let line = forward.error_line();
    assert!(line.contains("is busy, has another network key") && !line.contains("trying again"), "{line}");
}
