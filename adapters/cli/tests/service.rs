//! `serve --to` and `serve --exec`: the services after the handshake.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT, Program, terminate};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

/// Reads all, then answers with all of it backwards, which needs each direction to end separately.
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
    let endpoint = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().for_each(|stream| answer_backwards(stream.unwrap())));
    let (_server, address) = home.serve(&["--to", &endpoint, "--allow-anyone"]);
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
    let endpoint = listener.local_addr().unwrap().to_string();
    let (_server, address) = home.serve(&["--to", &endpoint, "--allow-anyone"]);
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
fn a_program_that_a_signal_ends_leaves_a_truncated_stream() {
    let home = Home::new();
    let script = "head -c 1000 /dev/zero; kill -9 $$";
    let (mut server, address) = home.serve(&["--allow-anyone", "--exec", "sh", "-c", script]);
    let client = home.start(&["connect", &address]).finish();
    assert_eq!(client.output, [0; 1000]);
    assert!(client.failure(1).contains("went away"), "{client:?}");
    let line = server.error_line();
    assert!(line.contains("ended by signal 9"), "{line}");
}

#[test]
fn a_program_that_closes_its_output_goes_on_reading() {
    let home = Home::new();
    let heard = home.path("heard");
    let script = format!("echo answer; exec >&-; cat > {}", heard.display());
    let (mut server, address) = home.serve(&["-v", "--allow-anyone", "--exec", "sh", "-c", &script]);
    let mut client = home.start(&["connect", &address]);
    assert_eq!(client.line(), "answer");
    while !server.error_line().contains("has closed its output") {}
    client.send(b"after your end");
    assert_eq!(client.end().status, 0);
    while !server.error_line().contains("ended") {}
    assert_eq!(std::fs::read_to_string(heard).unwrap(), "after your end");
}

#[test]
fn a_program_that_has_ended_gives_its_slot_back_while_its_peer_stays() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--allow-anyone", "--max-peers", "1", "--exec", "echo", "answer"]);
    let mut first = home.start(&["connect", &address]);
    assert_eq!(first.line(), "answer");
    comes_true(|| home.run(&["connect", &address], b"").output == b"answer\n");
    drop(first);
}

#[test]
fn a_program_that_has_closed_its_streams_does_not_keep_its_slot() {
    let home = Home::new();
    let script = "echo answer; exec >&- <&-; sleep 98761; true";
    let (mut server, address) = home.serve(&["--allow-anyone", "--exec", "sh", "-c", script]);
    assert_eq!(home.run(&["connect", &address], b"").output, b"answer\n");
    let line = server.error_line();
    assert!(line.contains("was killed"), "{line}");
    comes_true(|| !runs("98761"));
}

/// The peer goes, the server is asked to end, and the program itself ends before its child.
#[test]
fn nothing_that_a_program_has_started_outlives_its_connection() {
    let home = Home::new();
    for (number, script, is_asked) in [
        ("98762", "echo ready; sleep 98762; true", false),
        ("98763", "echo ready; sleep 98763; true", true),
        ("98764", "sleep 98764 & echo ready", false),
        ("98765", "trap '' TERM; echo ready; sleep 98765; true", false),
    ] {
        let (server, address) = home.serve(&["--grace", "0", "--allow-anyone", "--exec", "sh", "-c", script]);
        let mut client = home.start(&["connect", &address]);
        assert_eq!(client.line(), "ready");
        comes_true(|| runs(number));
        if is_asked {
            terminate(&server);
            assert_eq!(server.finish().status, 0);
            comes_true(|| !runs(number));
        } else {
            client.kill();
            comes_true(|| !runs(number));
            drop(server);
        }
    }
}

/// Whether a `sleep` with this argument runs.
fn runs(argument: &str) -> bool {
    let wanted = format!("sleep\0{argument}\0");
    let is_it = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.and_then(|entry| std::fs::read(entry.path().join("cmdline"))).is_ok_and(|line| line == wanted.as_bytes())
    };
    std::fs::read_dir("/proc").unwrap().any(is_it)
}

/// Checks again and again until it is true.
fn comes_true(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LIMIT, "it does not come true");
        std::thread::sleep(Duration::from_millis(20));
    }
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
