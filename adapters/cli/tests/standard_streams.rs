//! `serve` with standard input and output for the first peer.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT, Program, pattern};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::thread::JoinHandle;

/// The lengths of a server's messages in a handshake.
const HELLO: usize = 64;
const ACCEPT: usize = 80;

#[test]
fn both_ends_talk_and_end_cleanly() {
    let home = Home::new();
    let (mut server, address) = home.serve(&[]);
    let mut client = home.start(&["connect", &address]);
    client.send(b"question\n");
    assert_eq!(server.line(), "question");
    client.stdin = None;
    server.send(b"answer after the goodbye\n");
    assert_eq!(client.line(), "answer after the goodbye");
    let server = server.end();
    assert_eq!((server.status, server.errors.as_str()), (0, ""));
    let client = client.finish();
    assert_eq!((client.status, client.errors.as_str()), (0, ""));
}

/// Peers in Node take the end of the socket for the end of both directions.
#[test]
fn the_socket_stays_open_behind_a_goodbye() {
    let home = Home::new();
    let (mut server, address) = home.serve(&[]);
    let (endpoint, key) = address.strip_prefix("net:").unwrap().split_once("~shs:").unwrap();
    let mut client = home.start(&["connect", &format!("net:{}~shs:{key}", close_both_on_one_end(endpoint))]);
    client.send(b"question\n");
    assert_eq!(server.line(), "question");
    client.stdin = None;
    let answer = vec![7; 10 * 1024 * 1024];
    let mut stdin = server.stdin.take().unwrap();
    let bytes = answer.as_slice();
    let client = std::thread::scope(|scope| {
        scope.spawn(move || {
            // If it cannot be sent, the client's result shows it.
            let _ = stdin.write_all(bytes);
            drop(stdin);
        });
        client.finish()
    });
    assert_eq!((client.status, client.errors.as_str()), (0, ""));
    assert!(client.output == answer);
    assert_eq!(server.finish().status, 0);
}

#[test]
fn a_second_peer_is_refused_and_harms_nobody() {
    let home = Home::new();
    let (second, second_key) = home.identity("second");
    let (mut server, address) = home.serve(&[]);
    let mut first = home.start(&["connect", &address]);
    first.send(b"first\n");
    assert_eq!(server.line(), "first");
    let second = home.run(&["connect", "--identity", &second, &address], b"second");
    assert!(second.failure(4).contains("does not want to talk to us"), "{second:?}");
    let line = server.error_line();
    assert!(line.contains("refused") && line.contains(&second_key) && line.contains("the first peer's"), "{line}");
    first.send(b"still here\n");
    assert_eq!(server.line(), "still here");
    first.stdin = None;
    let server = server.end();
    assert_eq!((server.status, server.output.as_slice()), (0, b"".as_slice()));
    assert_eq!(first.finish().status, 0);
}

#[test]
fn a_peer_that_is_not_allowed_does_not_take_the_slot_of_the_first() {
    let home = Home::new();
    let (friend, friend_key) = home.identity("friend");
    let (server, address) = home.serve(&["--allow", &friend_key]);
    assert_eq!(home.run(&["connect", &address], b"").status, 4);
    let friend = home.start(&["connect", "--identity", &friend, &address]);
    let server = std::thread::spawn(move || server.end());
    assert_eq!(friend.end().status, 0);
    assert_eq!(server.join().unwrap().status, 0);
}

#[test]
fn a_peer_that_dies_is_a_failure_even_while_standard_input_is_silent() {
    let home = Home::new();
    let (mut server, address) = home.serve(&[]);
    let mut client = home.start(&["connect", &address]);
    client.send(b"here\n");
    assert_eq!(server.line(), "here");
    client.kill();
    let stdin = server.stdin.take();
    let server = server.finish();
    drop(stdin);
    assert!(server.failure(1).contains("went away"), "{server:?}");
}

#[test]
fn a_large_file_goes_through_and_its_end_is_known() {
    let home = Home::new();
    let (mut server, address) = home.serve(&[]);
    server.stdin = None;
    let sent = vec![7; 10 * 1024 * 1024];
    let client = std::thread::scope(|scope| {
        let client = scope.spawn(|| home.run(&["connect", &address], &sent));
        let server = server.finish();
        assert_eq!((server.status, server.errors.as_str()), (0, ""));
        assert!(server.output == sent);
        client.join().unwrap()
    });
    assert_eq!((client.status, client.output.len()), (0, 0), "{}", client.errors);
}

#[test]
fn one_who_only_receives_leaves_standard_input_alone_and_ends_with_the_peer() {
    let home = Home::new();
    let (mut server, address) = home.serve(&[]);
    let mut client = home.start(&["connect", "--recv-only", &address]);
    client.send(b"not sent\n");
    server.send(b"gift\n");
    assert_eq!(client.line(), "gift");
    server.send(b"and more\n");
    let server = server.end();
    assert_eq!((server.status, server.output.as_slice(), server.errors.as_str()), (0, b"".as_slice(), ""));
    let stdin = client.stdin.take();
    let client = client.finish();
    drop(stdin);
    assert_eq!((client.status, client.output.as_slice(), client.errors.as_str()), (0, b"and more\n".as_slice(), ""));
}

#[test]
fn one_who_only_receives_notices_a_truncated_stream() {
    let home = Home::new();
    let (mut server, address) = home.serve(&[]);
    let mut client = home.start(&["connect", "--recv-only", &address]);
    server.send(b"gift\n");
    assert_eq!(client.line(), "gift");
    server.kill();
    assert!(client.finish().failure(1).contains("went away"));
}

#[test]
fn a_silent_peer_is_waited_for_as_long_as_asked_for_but_only_behind_the_end_of_standard_input() {
    let home = Home::new();
    let (_echo, address) = home.serve(&["--echo"]);
    let mut client = home.start(&["connect", "--eof-timeout", "0", &address]);
    for line in ["first", "second"] {
        client.send(format!("{line}\n").as_bytes());
        assert_eq!(client.line(), line);
        // Time enough to give up by mistake.
        assert_eq!(home.run(&["connect", &address], b"").status, 0);
    }
    drop(client);
    let (mut server, address) = home.serve(&[]);
    let mut client = home.start(&["connect", "--eof-timeout", "0.1", &address]);
    client.send(b"question\n");
    assert_eq!(server.line(), "question");
    let client = client.end();
    assert_eq!((client.status, client.errors.as_str()), (0, ""));
    for wrong in [["--eof-timeout", "-1"], ["--eof-timeout", "soon"], ["--eof-timeout=1", "--recv-only"]] {
        assert_eq!(home.run(&[&["connect", &address], wrong.as_slice()].concat(), b"").status, 2);
    }
}

/// The last bytes and the end without a goodbye arrive at the same time, while standard output has no room for the
/// bytes.
#[test]
fn all_that_came_before_a_stream_is_truncated_is_printed() {
    let home = Home::new();
    let sent = pattern(1000);
    std::fs::write(home.path("sent"), &sent).unwrap();
    let script = format!("cat {}; kill -9 $$", home.path("sent").display());
    let (_server, address) = home.serve(&["--allow-anyone", "--exec", "sh", "-c", &script]);
    let (endpoint, key) = address.strip_prefix("net:").unwrap().split_once("~shs:").unwrap();
    for arguments in [["connect"].as_slice(), &["connect", "--recv-only"]] {
        let (endpoint, gathered) = gather_behind_the_handshake(endpoint);
        let (mut output, full, filled) = full_pipe();
        let mut command = home.command(&[arguments, &[&format!("net:{endpoint}~shs:{key}")]].concat());
        command.stdin(Stdio::piped()).stdout(full).stderr(Stdio::piped());
        let mut client = Program::of(command.spawn().unwrap());
        drop(command);
        let stdin = client.stdin.take();
        gathered.join().unwrap();
        // Time enough to give up by mistake.
        assert_eq!(home.run(&["connect", &address], b"").status, 1);
        let mut printed = Vec::new();
        output.read_to_end(&mut printed).unwrap();
        assert!(printed.get(filled..).unwrap() == sent, "{} bytes behind {filled}", printed.len());
        assert!(client.finish().failure(1).contains("went away"));
        drop(stdin);
    }
}

/// A pipe that has no room, and how many bytes are in it.
fn full_pipe() -> (PipeReader, PipeWriter, usize) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    let mut filled = 0;
    for chunk in [[0; 4096].as_slice(), &[0]] {
        while let Ok(count) = writer.write(chunk) {
            filled += count;
        }
    }
    fcntl_setfl(&writer, flags).unwrap();
    (reader, writer, filled)
}

/// Passes one connection on to an endpoint, and what comes from there behind the handshake only when all of it has come.
///
/// The thread has ended when all is on its way to the client.
fn gather_behind_the_handshake(endpoint: &str) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let endpoint = endpoint.to_owned();
    let gathered = std::thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let server = TcpStream::connect(endpoint).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        server.set_read_timeout(Some(LIMIT)).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| pass(&client, &server));
            for length in [HELLO, ACCEPT] {
                let mut message = vec![0; length];
                (&server).read_exact(&mut message).unwrap();
                (&client).write_all(&message).unwrap();
            }
            let mut rest = Vec::new();
            (&server).read_to_end(&mut rest).unwrap();
            (&client).write_all(&rest).unwrap();
            // The client may be gone by then.
            let _ = client.shutdown(Shutdown::Both);
        });
    });
    (address, gathered)
}

/// Passes one connection on to an endpoint; when the client's direction ends, both are closed.
fn close_both_on_one_end(endpoint: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let endpoint = endpoint.to_owned();
    std::thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let server = TcpStream::connect(endpoint).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        server.set_read_timeout(Some(LIMIT)).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| pass(&server, &client));
            pass(&client, &server);
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        });
    });
    address
}

fn pass(mut from: &TcpStream, mut to: &TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(buffer.get(..count).unwrap()).is_err() {
            break;
        }
    }
}
