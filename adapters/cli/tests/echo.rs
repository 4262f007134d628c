//! `serve --echo` and `connect`: bytes, and how both end.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT, interrupt, pattern};
use std::io::{Read, Write};
use wait_timeout::ChildExt;

#[test]
fn every_byte_comes_back_and_both_sides_end_cleanly() {
    let home = Home::new();
    let (server, address) = home.serve(&["--echo", "-v"]);
    for length in [0, 1, 4097, 10 * 1024 * 1024] {
        let sent = pattern(length);
        let client = home.run(&["connect", &address], &sent);
        assert_eq!((client.status, client.errors.as_str()), (0, ""), "{length} bytes");
        assert!(client.output == sent, "{length} bytes");
    }
    interrupt(&server);
    let server = server.finish();
    assert_eq!(server.status, 0, "{}", server.errors);
    assert_eq!(server.output, b"", "nothing but the address");
    assert_eq!(server.errors.matches("ended address=").count(), 4, "{}", server.errors);
}

#[test]
fn the_address_is_on_loopback_and_names_the_default_identity() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    let key = address.strip_prefix("net:127.0.0.1:").and_then(|rest| rest.split_once("~shs:")).unwrap().1;
    assert!(std::fs::read_to_string(home.default_identity()).unwrap().contains(key));
}

#[test]
fn bytes_come_back_while_standard_input_stays_open() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    let mut client = home.start(&["connect", &address]);
    for line in ["first", "second"] {
        client.send(format!("{line}\n").as_bytes());
        assert_eq!(client.line(), line);
    }
    assert_eq!(client.end().status, 0);
}

#[test]
fn a_server_that_dies_is_a_failure_even_while_standard_input_is_silent() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo"]);
    let mut client = home.start(&["connect", &address]);
    client.send(b"are you there?\n");
    assert_eq!(client.line(), "are you there?");
    server.kill();
    let stdin = client.stdin.take();
    let client = client.finish();
    drop(stdin);
    assert!(client.failure(1).contains("went away"), "{client:?}");
}

#[test]
fn a_server_that_dies_while_bytes_flow_is_a_failure() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo"]);
    let mut client = home.start(&["connect", &address]);
    client.send(b"start\n");
    assert_eq!(client.line(), "start");
    let mut stdin = client.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || while stdin.write_all(&[0; 64 * 1024]).is_ok() {});
    server.kill();
    let client = client.finish();
    feeder.join().unwrap();
    assert!(client.failure(1).contains("went away"), "{}", client.errors);
}

#[test]
fn a_closed_standard_output_is_a_failure_and_no_panic() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = home.command(&["connect", &address]);
    command.stdin(std::process::Stdio::piped()).stdout(writer).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Held open: the program must not wait for it.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"hello").unwrap();
    let status = child.wait_timeout(LIMIT).unwrap();
    child.kill().unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(status.unwrap().code(), Some(1), "{errors}");
    assert!(errors.contains("standard output was closed") && errors.lines().count() == 1, "{errors}");
}

#[test]
fn a_signal_ends_the_server_and_cuts_who_does_not_end() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo"]);
    let mut client = home.start(&["connect", &address]);
    client.send(b"here\n");
    assert_eq!(client.line(), "here");
    interrupt(&server);
    let line = server.error_line();
    assert!(line.contains("cut 1 connection "), "{line}");
    assert_eq!(server.finish().status, 0);
    assert!(client.finish().failure(1).contains("went away"));
}
