//! Which peers are let in, and what the user reads when connecting fails.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Home, LIMIT, Program, with_key};
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;

#[test]
fn only_keys_that_are_allowed_come_in() {
    let home = Home::new();
    let (friend, friend_key) = home.identity("friend");
    let (stranger, stranger_key) = home.identity("stranger");
    let (other, other_key) = home.identity("other");
    let (mut server, address) = home.serve(&["--echo", "--allow", &friend_key, "--allow", &other_key]);
    for identity in [friend, other] {
        assert_eq!(home.run(&["connect", "--identity", &identity, &address], b"hello").output, b"hello");
    }
    let refused = home.run(&["connect", "--identity", &stranger, &address], b"hello");
    assert!(refused.failure(4).contains("does not want to talk to us"), "{refused:?}");
    assert_eq!(refused.output, b"");
    let line = server.error_line();
    assert!(line.contains("refused") && line.contains(&stranger_key), "{line}");
}

#[test]
fn the_keys_in_a_file_come_in_from_when_they_are_added_until_they_are_removed() {
    let home = Home::new();
    let (friend, friend_key) = home.identity("friend");
    let (_, other_key) = home.identity("other");
    let file = home.path("allowed");
    let (mut server, address) = home.serve(&["--echo", "--allow-file", file.to_str().unwrap()]);
    let connect = || home.run(&["connect", "--identity", &friend, &address], b"hello");
    assert!(connect().failure(4).contains("does not want to talk to us"), "the file is not there yet");
    let line = server.error_line();
    assert!(line.contains("cannot read") && line.contains("lets nobody in"), "{line}");
    for (text, is_allowed) in [
        (String::new(), false),
        (format!("# friends\n\n{other_key} other\n{friend_key}\tat home"), true),
        (format!("{other_key}\n# {friend_key}\n"), false),
        (format!("no key\n{friend_key}\n"), true),
    ] {
        std::fs::write(&file, &text).unwrap();
        assert_eq!(connect().status == 0, is_allowed, "{text}");
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(connect().status, 4);
}

#[test]
fn a_network_key_keeps_others_out() {
    let home = Home::new();
    let (_, key) = home.identity("any");
    let (_server, address) = home.serve(&["--echo", "--network-key", &key]);
    let other = home.run(&["connect", &address], b"hello");
    assert!(other.failure(4).contains("another network key"), "{other:?}");

    assert_eq!(home.run(&["connect", "--network-key", &key, &address], b"hello").output, b"hello");
    let file = home.path("network");
    common::write_private(&file, &format!("{key}\n"));
    let file = ["connect", "--network-key-file", file.to_str().unwrap(), &address];
    assert_eq!(home.run(&file, b"hello").output, b"hello");
    let mut command = home.command(&["connect", &address]);
    command.env("MULTISERVER_NETWORK_KEY", &key);
    assert_eq!(Program::start(command).end().status, 0);
}

#[test]
fn a_server_with_another_key_is_not_talked_to() {
    let home = Home::new();
    let (_, key) = home.identity("other");
    let (_server, address) = home.serve(&["--echo"]);
    let client = home.run(&["connect", &with_key(&address, &key)], b"hello");
    assert!(client.failure(4).contains("another key than the address says"), "{client:?}");
}

#[test]
fn an_address_comes_from_a_file_or_the_environment_and_its_seed_is_the_identity() {
    let home = Home::new();
    let (guest, guest_key) = home.identity("guest");
    let text = std::fs::read_to_string(guest).unwrap();
    let seed = text.lines().last().unwrap().strip_prefix("ed25519-seed ").unwrap();
    let (_server, address) = home.serve(&["--echo", "--allow", &guest_key]);
    let invite = format!("{address}:{seed}");
    let file = home.path("invite");
    common::write_private(&file, &format!("{invite}\n"));
    let client = home.run(&["connect", "--address-file", file.to_str().unwrap()], b"hello");
    assert_eq!((client.status, client.output.as_slice()), (0, b"hello".as_slice()), "{}", client.errors);
    let mut command = home.command(&["connect"]);
    command.env("MULTISERVER_ADDRESS", &invite);
    assert_eq!(Program::start(command).end().status, 0);
}

#[test]
fn blanks_around_an_address_do_not_count_wherever_it_is() {
    let home = Home::new();
    let file = home.path("address");
    let in_file = ["address", "--address-file", file.to_str().unwrap()];
    for text in [" net:h:1", "net:h:1 ", "net:h:1\n"] {
        assert_eq!(home.run(&["address", text], b"").status, 0, "{text:?}");
        std::fs::write(&file, text).unwrap();
        assert_eq!(home.run(&in_file, b"").status, 0, "{text:?}");
        let mut command = home.command(&["address"]);
        command.env("MULTISERVER_ADDRESS", text);
        assert_eq!(Program::start(command).end().status, 0, "{text:?}");
    }
    assert!(home.run(&["address", "net:h :1"], b"").errors.contains("this is not an address, at byte 5"));
}

#[test]
fn a_file_that_is_too_long_is_refused_and_not_cut() {
    let home = Home::new();
    let file = home.path("address");
    let longest = 64 * 1024;
    for (length, status) in [(longest, 0), (longest + 1, 1)] {
        std::fs::write(&file, "net:h:1".to_owned() + &" ".repeat(length - "net:h:1".len())).unwrap();
        let read = home.run(&["address", "--address-file", file.to_str().unwrap()], b"");
        assert_eq!(read.status, status, "{length}: {read:?}");
        assert_eq!(read.errors.contains("it is longer than 64 KiB"), status == 1, "{read:?}");
    }
}

#[test]
fn nobody_there_and_nobody_who_speaks_shs_are_told_apart() {
    let home = Home::new();
    let (_, key) = home.identity("any");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("net:{}~shs:{key}", listener.local_addr().unwrap());
    let client = home.start(&["connect", &address]);
    let (mut socket, _) = accept(listener);
    socket.read_exact(&mut [0; 64]).unwrap();
    drop(socket);
    let deaf = client.end();
    assert!(deaf.failure(4).contains("does not speak this protocol"), "{deaf:?}");
    let address = format!("net:127.0.0.1:1~shs:{key}");
    let nobody = home.run(&["connect", &address], b"");
    assert!(nobody.failure(3).contains("nobody listens there"), "{nobody:?}");
    let both = home.run(&["connect", &format!("{address};{address}")], b"");
    assert_eq!(both.failure(3).matches("nobody listens there").count(), 2, "{both:?}");
    let unknown = home.run(&["connect", &format!("net:h:1~secret:{key}")], b"");
    assert!(unknown.failure(2).contains("only knows net, ws, wss, unix and onion"), "{unknown:?}");
}

#[test]
fn what_is_wrong_with_the_command_line_is_said_without_a_seed() {
    let home = Home::new();
    let key = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
    let seed = "gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=";
    let address = format!("net:h:1~shs:{key}:{seed}");
    let wrong = format!("net:h:x~shs:{key}:{seed}");
    for arguments in [
        ["connect", &wrong].as_slice(),
        &["address", &wrong],
        &["connect", &address, &address],
        &[&address],
        &["connect", &format!("--{seed}")],
        &["serve", "--net", &address],
        &["serve", "--allow", &address],
        &["serve", "--external", &address],
        &["serve", "--network-key", &wrong],
        &["serve", "--net", "127.0.0.1"],
        &["serve", "--net", "127.0.0.1:65536"],
    ] {
        let failed = home.run(arguments, b"");
        assert_eq!((failed.status, failed.output.as_slice()), (2, b"".as_slice()), "{failed:?}");
        assert!(!failed.errors.is_empty() && !failed.errors.contains("gfhWsB"), "{failed:?}");
    }
    for arguments in [
        ["connect", "--identity", seed, "net:h:1"].as_slice(),
        &["connect", "--address-file", seed],
        &["connect", "--config", seed, "home"],
        &["connect", "--network-key-file", seed, "net:h:1"],
        &["invite", "--invites", &format!("./no/{address}"), &format!("net:h:1~shs:{key}")],
        &["serve", "--wss", "127.0.0.1:0", "--cert", seed, "--key", seed],
        &["keygen", "--seed", &address, home.path("new").to_str().unwrap()],
    ] {
        let failed = home.run(arguments, b"");
        assert!(!failed.failure(1).contains("gfhWsB"), "{failed:?}");
    }
    assert!(home.run(&["connect", &wrong], b"").failure(2).contains("at byte 6: expected a port"));
    let none = home.run(&["forward", "--max-connections", "0", &address], b"");
    assert!(none.errors.contains("'0' for '--max-connections <N>'"), "{none:?}");
}

/// The next connection; the listener is closed then.
fn accept(listener: TcpListener) -> (TcpStream, SocketAddr) {
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(listener.accept().unwrap()));
    let (socket, address) = receiver.recv_timeout(LIMIT).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    (socket, address)
}

/// However many strangers come, what is wrong with the file is said once for each of its changes.
#[test]
fn lines_that_are_no_keys_are_told_once_for_each_change_of_the_file() {
    let home = Home::new();
    let (_, friend) = home.identity("friend");
    let file = home.path("friends");
    let write = |text: &str| std::fs::write(&file, format!("# mine\n{text}{friend}\n")).unwrap();
    write("nonsense\n\nmore of it\nand more\n");
    let (mut server, address) = home.serve(&["-v", "--echo", "--allow-file", file.to_str().unwrap()]);
    server.error_line_with("made a new identity");
    let mut strangers = |count: usize| {
        (0..count).for_each(|_| drop(home.run(&["connect", &address], b"").failure(4).to_owned()));
        // Each of them is refused, and the file is complained about before the first is.
        let lines: Vec<_> = std::iter::repeat_with(|| server.error_line()).take(count + 1).collect();
        assert!(lines[1..].iter().all(|line| line.contains("refused")), "{lines:?}");
        lines[0].clone()
    };
    let line = strangers(3);
    assert!(line.contains("line 2 and 2 more: not a public key") && !line.contains("nonsense"), "{line}");
    write("nonsense\n");
    assert!(strangers(2).ends_with("line 2: not a public key"));
}
