//! The bounds of `serve`: how many peers, how long their handshakes, their silence, and the end of the program.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Finished, Home, LIMIT, Program, interrupt};
use rustix::process::{Pid, test_kill_process};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

/// Connects and says nothing.
fn silent_socket(address: &str) -> TcpStream {
    let endpoint = address.strip_prefix("net:").and_then(|rest| rest.split_once("~shs:")).unwrap().0;
    let socket = TcpStream::connect(endpoint).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket
}

/// Reads to the end, however it comes; a socket that stays open fails.
fn closed(mut socket: &TcpStream) {
    match socket.read(&mut [0]) {
        Ok(count) => assert_eq!(count, 0, "the server speaks second"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

/// A client that is being served.
fn served(home: &Home, address: &str) -> Program {
    let mut client = home.start(&["connect", address]);
    client.send(b"here\n");
    assert_eq!(client.line(), "here");
    client
}

/// Checks the message of a client whose connection was cut.
fn truncated(client: &Finished) {
    assert!(client.failure(1).contains("may be incomplete"), "{client:?}");
}

#[test]
fn a_slot_is_free_again_when_its_peer_is_gone() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo", "--max-peers", "2"]);
    let (first, mut second) = (served(&home, &address), served(&home, &address));
    home.run(&["connect", &address], b"").failure(4);
    let line = server.error_line();
    assert!(line.contains("2 peers are served already, see --max-peers"), "{line}");
    assert_eq!(first.end().status, 0);
    let mut third = served(&home, &address);
    for client in [&mut second, &mut third] {
        client.send(b"still here\n");
        assert_eq!(client.line(), "still here");
    }
}

/// One key holds every slot; others get in, and its peer that was idle for the longest is evicted.
#[test]
fn one_key_does_not_keep_others_out() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo", "--max-peers", "2"]);
    let (idle, mut active) = (served(&home, &address), served(&home, &address));
    active.send(b"still here\n");
    assert_eq!(active.line(), "still here");
    assert_eq!(Home::new().run(&["connect", &address], b"hello").output, b"hello");
    let line = server.error_line();
    assert!(line.contains("ended to make room for others"), "{line}");
    truncated(&idle.finish());
    active.send(b"and again\n");
    assert_eq!(active.line(), "and again");
}

#[test]
fn one_source_has_no_more_handshakes_than_its_share_and_is_not_locked_out() {
    let home = Home::new();
    let limits = ["--max-pending-per-source", "2", "--handshake-timeout", "600"];
    let (mut server, address) = home.serve(&[&["--echo"], limits.as_slice()].concat());
    let silent = [silent_socket(&address), silent_socket(&address), silent_socket(&address)];
    closed(&silent[0]);
    let line = server.error_line();
    assert!(line.contains("ended to make room for others"), "{line}");
    assert_eq!(home.run(&["connect", &address], b"hello").output, b"hello");
    closed(&silent[1]);
}

#[test]
fn who_says_nothing_is_put_out_in_time_and_keeps_nobody_out() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo", "--handshake-timeout", "5"]);
    let silent = silent_socket(&address);
    assert_eq!(home.run(&["connect", &address], b"hello").output, b"hello");
    silent.set_nonblocking(true).unwrap();
    let error = (&silent).read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "others get in while it is there");
    silent.set_nonblocking(false).unwrap();
    closed(&silent);
    let line = server.error_line();
    assert!(line.contains("not ended after 5s"), "{line}");
    assert_eq!(home.run(&["connect", &address], b"hello").output, b"hello");
}

#[test]
fn a_silent_connection_is_ended_whoever_serves_it() {
    let home = Home::new();
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = service.local_addr().unwrap().to_string();
    let echo = thread::spawn(move || {
        let (mut stream, _) = service.accept().unwrap();
        let mut line = [0; 5];
        stream.read_exact(&mut line).unwrap();
        stream.write_all(&line).unwrap();
        stream.read(&mut [0]).unwrap_err().kind()
    });
    for arguments in
        [["--echo"].as_slice(), &["--allow-anyone", "--to", &endpoint], &["--allow-anyone", "--exec", "cat"]]
    {
        let (mut server, address) = home.serve(&[&["--idle-timeout", "1"], arguments].concat());
        let client = served(&home, &address);
        let line = server.error_line();
        assert!(line.contains("ended early") && line.contains("--idle-timeout"), "{arguments:?}: {line}");
        truncated(&client.finish());
    }
    assert_eq!(echo.join().unwrap(), ErrorKind::ConnectionReset, "the service sees that its stream is incomplete");
}

#[test]
fn a_silent_connection_to_standard_streams_is_ended() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--idle-timeout", "1"]);
    let mut client = home.start(&["connect", &address]);
    client.send(b"here\n");
    assert_eq!(server.line(), "here");
    assert!(server.finish().failure(1).contains("--idle-timeout"));
    truncated(&client.finish());
}

/// Neither direction has ended: the program reads no more, and the peer waits for its output.
#[test]
fn a_program_that_reads_no_more_and_says_nothing_is_idle_too() {
    let home = Home::new();
    let script = "exec 0<&-; echo closed; exec sleep 1000";
    let (mut server, address) = home.serve(&["--idle-timeout", "1", "--allow-anyone", "--exec", "sh", "-c", script]);
    let mut client = home.start(&["connect", &address]);
    assert_eq!(client.line(), "closed");
    client.send(b"nobody reads this\n");
    truncated(&client.finish());
    let line = server.error_line();
    assert!(line.contains("--idle-timeout") && line.contains("killed"), "{line}");
}

/// Each byte comes when the server has seen less than the limit of silence; a second peer, which is silent, shows that
/// the limit has passed by then.
#[test]
fn a_byte_now_and_then_keeps_a_connection() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo", "--idle-timeout", "2"]);
    let silent = served(&home, &address);
    let mut steady = served(&home, &address);
    let ended = thread::spawn(move || silent.finish());
    while !ended.is_finished() {
        steady.send(b".\n");
        assert_eq!(steady.line(), ".");
    }
    truncated(&ended.join().unwrap());
    assert!(server.error_line().contains("--idle-timeout"));
    steady.send(b"still here\n");
    assert_eq!(steady.line(), "still here");
    assert_eq!(steady.end().status, 0);
}

/// A program whose connection has ended also has time to end, and does not outlive the server.
#[test]
fn a_program_that_has_work_left_is_waited_for_and_then_killed() {
    let home = Home::new();
    let done = home.path("done");
    let script = format!("echo $$; exec >&- <&-; until [ -e {} ]; do sleep 0.02; done", done.display());
    for (grace, is_cut) in [("0", true), ("600", false)] {
        let arguments = ["-v", "--grace", grace, "--allow-anyone", "--exec", "sh", "-c", &script];
        let (mut server, address) = home.serve(&arguments);
        let client = home.run(&["connect", &address], b"");
        assert_eq!(client.status, 0, "{}", client.errors);
        let id = str::from_utf8(&client.output).unwrap().trim().parse().unwrap();
        ask_to_end(&mut server);
        if !is_cut {
            std::fs::write(&done, "").unwrap();
        }
        let server = server.finish();
        assert_eq!((server.status, server.errors.contains("cut 1 connection")), (0, is_cut), "{}", server.errors);
        // After it is killed, it is gone as soon as the system has cleaned up.
        let begun = Instant::now();
        while test_kill_process(Pid::from_raw(id).unwrap()).is_ok() {
            assert!(begun.elapsed() < LIMIT, "the program lives on");
        }
    }
}

/// Asks the server to end, and returns when it has logged that.
fn ask_to_end(server: &mut Program) {
    interrupt(server);
    while !server.error_line().contains("asked to end") {}
}

#[test]
fn a_connection_that_ends_within_the_grace_is_whole() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo", "-v", "--grace", "600"]);
    let mut client = served(&home, &address);
    ask_to_end(&mut server);
    let sent: Vec<u8> = (0..=250).cycle().take(1024 * 1024).collect();
    let mut stdin = client.stdin.take().unwrap();
    let client = thread::scope(|scope| {
        scope.spawn(|| {
            stdin.write_all(&sent).unwrap();
            drop(stdin);
        });
        client.finish()
    });
    assert_eq!((client.status, client.errors.as_str()), (0, ""));
    assert!(client.output == sent);
    let server = server.finish();
    assert_eq!(server.status, 0);
    assert!(!server.errors.contains("cut"), "{}", server.errors);
}

#[test]
fn a_second_signal_cuts_at_once_and_so_does_no_grace() {
    let home = Home::new();
    for (grace, signals) in [("600", 2), ("0", 1)] {
        let (mut server, address) = home.serve(&["--echo", "-v", "--grace", grace]);
        let clients = [served(&home, &address), served(&home, &address)];
        ask_to_end(&mut server);
        if signals == 2 {
            interrupt(&server);
        }
        let server = server.finish();
        assert_eq!(server.status, 0);
        assert!(server.errors.contains("multiserver: cut 2 connections that had not ended\n"), "{}", server.errors);
        clients.into_iter().for_each(|client| truncated(&client.finish()));
    }
}

#[test]
fn what_is_cut_looks_incomplete_to_a_service_and_ends_a_program() {
    let home = Home::new();
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = service.local_addr().unwrap().to_string();
    let (server, address) = home.serve(&["--grace", "0", "--allow-anyone", "--to", &endpoint]);
    let mut client = home.start(&["connect", &address]);
    client.send(b"half of it\n");
    let (mut stream, _) = service.accept().unwrap();
    stream.read_exact(&mut [0; 11]).unwrap();
    interrupt(&server);
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    truncated(&client.finish());

    let script = "echo ready; exec sleep 1000";
    let (server, address) = home.serve(&["--grace", "0", "--allow-anyone", "--exec", "sh", "-c", script]);
    let mut client = home.start(&["connect", &address]);
    assert_eq!(client.line(), "ready");
    interrupt(&server);
    // The program shares standard error, which ends only when the program does.
    assert_eq!(server.finish().status, 0);
}

#[test]
fn one_key_has_no_more_slots_than_its_share() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo", "--max-peers-per-key", "2"]);
    let clients = [served(&home, &address), served(&home, &address)];
    home.run(&["connect", &address], b"").failure(4);
    let line = server.error_line();
    assert!(line.contains("--max-peers-per-key"), "{line}");
    assert_eq!(Home::new().run(&["connect", &address], b"hello").output, b"hello");
    for client in clients {
        assert_eq!(client.end().status, 0);
    }
}
