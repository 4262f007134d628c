//! `serve --to` and `serve --exec`: what stands behind the handshake.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, Program};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixListener;

/// Reads all, then answers with all of it backwards: it needs the end of each direction by itself.
fn answer_backwards(mut stream: impl Read + Write) {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes.reverse();
    stream.write_all(&bytes).unwrap();
}

#[test]
fn peers_reach_a_tcp_service_and_each_direction_ends_by_itself() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().for_each(|stream| answer_backwards(stream.unwrap())));
    let (_server, address) = home.serve(&["--to", &place, "--allow-anyone"]);
    let sent: Vec<u8> = (0..=250).cycle().take(3 * 1024 * 1024).collect();
    for sent in [sent.as_slice(), b"", b"short"] {
        let client = home.run(&["connect", &address], sent);
        assert_eq!((client.status, client.errors.as_str()), (0, ""));
        assert!(client.output.iter().eq(sent.iter().rev()), "{} bytes", sent.len());
    }
}

#[test]
fn a_service_that_speaks_first_and_ends_first_is_heard() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let (_server, address) = home.serve(&["--to", &place, "--allow-anyone"]);
    let mut client = home.start(&["connect", &address]);
    let (mut service, _) = listener.accept().unwrap();
    service.write_all(b"greeting\n").unwrap();
    assert_eq!(client.line(), "greeting");
    service.shutdown(Shutdown::Write).unwrap();
    client.send(b"after your end");
    client.stdin = None;
    let mut heard = String::new();
    service.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "after your end");
    assert_eq!(client.finish().status, 0);
}

#[test]
fn peers_reach_a_unix_service() {
    let home = Home::new();
    let path = home.path("service");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(|stream| answer_backwards(stream.unwrap())));
    let (_server, address) = home.serve(&["--to", &format!("unix:{}", path.display()), "--allow-anyone"]);
    assert_eq!(home.run(&["connect", &address], b"abc").output, b"cba");
}

#[test]
fn a_service_that_is_away_is_a_failure_at_both_ends() {
    let home = Home::new();
    let closed = "127.0.0.1:1";
    let (mut server, address) = home.serve(&["--to", closed, "--allow-anyone"]);
    let client = home.run(&["connect", &address], b"");
    assert!(client.failure(1).contains("went away"), "{client:?}");
    let line = server.error_line();
    assert!(line.contains("cannot connect to") && line.contains(closed), "{line}");
}

#[test]
fn each_peer_has_a_program_that_knows_who_it_is() {
    let home = Home::new();
    let script = "echo $MULTISERVER_PEER $MULTISERVER_PEER_ADDRESS ${MULTISERVER_NETWORK_KEY-none} $0; cat";
    let mut command = home.command(&["serve", "--allow-anyone", "--exec", "sh", "-c", script, "--echo"]);
    let (_, network) = home.identity("network");
    command.env("MULTISERVER_NETWORK_KEY", &network);
    let mut server = Program::start(command);
    let address = server.line();
    for name in ["one", "two"] {
        let (identity, key) = home.identity(name);
        let client = home.run(&["connect", "--network-key", &network, "--identity", &identity, &address], b"hello\n");
        assert_eq!((client.status, client.errors.as_str()), (0, ""));
        let output = String::from_utf8(client.output).unwrap();
        let start = format!("{key} net:127.0.0.1:");
        assert!(
            output.starts_with(&start) && output.ends_with(&format!("~shs:{key} none --echo\nhello\n")),
            "{output}"
        );
    }
}

#[test]
fn a_program_may_end_without_reading_and_may_fail() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--allow-anyone", "--exec", "sh", "-c", "echo answer; exit 3"]);
    let mut client = home.start(&["connect", &address]);
    assert_eq!(client.line(), "answer");
    assert_eq!(client.end().status, 0);
    let line = server.error_line();
    assert!(line.contains("the program failed") && line.contains('3'), "{line}");
    let (mut server, address) = home.serve(&["--allow-anyone", "--exec", "/no/such/program"]);
    assert!(home.run(&["connect", &address], b"").failure(1).contains("went away"));
    assert!(server.error_line().contains("cannot run /no/such/program"));
}

#[test]
fn a_program_that_reads_no_more_is_still_heard() {
    let home = Home::new();
    let fifo = home.path("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let script = format!("exec 0<&-; echo closed; cat {}", fifo.display());
    let (_server, address) = home.serve(&["--allow-anyone", "--exec", "sh", "-c", &script]);
    let mut client = home.start(&["connect", &address]);
    assert_eq!(client.line(), "closed");
    client.send(b"nobody reads this\n");
    client.send(b"nor this\n");
    std::fs::write(&fifo, "still here\n").unwrap();
    assert_eq!(client.line(), "still here");
    assert_eq!(client.end().status, 0);
}

#[test]
fn a_program_whose_peer_dies_sees_its_input_end() {
    let home = Home::new();
    let mark = home.path("mark");
    let script = format!("echo ready; cat; echo over > {}", mark.display());
    let (mut server, address) = home.serve(&["--allow-anyone", "--exec", "sh", "-c", &script]);
    let mut client = home.start(&["connect", &address]);
    assert_eq!(client.line(), "ready");
    client.kill();
    let line = server.error_line();
    assert!(line.contains("went away") && !line.contains("killed"), "{line}");
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "over\n");
}

#[test]
fn no_more_peers_than_asked_for_are_served_at_once() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--allow-anyone", "--max-peers", "1", "--exec", "cat"]);
    let mut first = home.start(&["connect", &address]);
    first.send(b"first\n");
    assert_eq!(first.line(), "first");
    assert!(home.run(&["connect", &address], b"").failure(4).contains("does not want to talk to us"));
    assert!(server.error_line().contains("--max-peers"));
    first.send(b"still here\n");
    assert_eq!(first.line(), "still here");
    assert_eq!(first.end().status, 0);
}

#[test]
fn who_may_come_must_be_said_for_a_service() {
    let home = Home::new();
    let (_, key) = home.identity("any");
    for wrong in [
        ["--to", "127.0.0.1:1"].as_slice(),
        &["--to", "unix:/tmp/service"],
        &["--exec", "cat"],
        &["--allow-anyone", "--allow", &key, "--to", "127.0.0.1:1"],
        &["--allow-anyone", "--invites", "invites", "--to", "127.0.0.1:1"],
        &["--allow-anyone", "--echo", "--to", "127.0.0.1:1"],
        &["--allow-anyone", "--to", "127.0.0.1"],
        &["--allow-anyone", "--to", "unix:"],
    ] {
        let failed = home.run(&[&["serve"], wrong].concat(), b"");
        assert_eq!((failed.status, failed.output.as_slice()), (2, b"".as_slice()), "{failed:?}");
    }
}
