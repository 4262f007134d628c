//! How many files and sockets the program may have open at the same time.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, PROGRAM, Program};
use std::fs;

/// The server with limits that a shell sets before it.
fn limited(home: &Home, ulimit: &str) -> (Program, String) {
    let mut shell = home.other_command("sh");
    shell.args(["-c", &format!("ulimit {ulimit} && exec \"$0\" serve --echo"), PROGRAM]);
    let mut server = Program::start(shell);
    let address = server.line();
    (server, address)
}

#[test]
fn the_limit_is_raised_to_what_the_system_allows() {
    let home = Home::new();
    let (server, address) = limited(&home, "-Sn 100");
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let [.., soft, hard, _] = *line.split_whitespace().collect::<Vec<_>>() else { panic!("{line}") };
    assert!(soft == hard && soft != "100", "{line}");
    assert_eq!(home.run(&["connect", &address], b"hello").output, b"hello");
}

#[test]
fn a_limit_that_is_too_low_for_all_peers_is_told() {
    let home = Home::new();
    let (mut server, address) = limited(&home, "-n 200");
    let line = server.error_line();
    assert!(line.contains("would need 833 open files, and the system allows 200"), "{line}");
    assert_eq!(home.run(&["connect", &address], b"hello").output, b"hello");
}
