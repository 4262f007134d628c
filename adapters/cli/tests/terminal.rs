//! What is shown on a terminal, and elsewhere not.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use wait_timeout::ChildExt;

/// Runs the program with a terminal of this many columns for its output and errors, and returns all that it gets.
fn on_terminal(mut command: Command, columns: u16) -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let end = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    tcsetwinsize(&end, Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    command.env("TERM", "xterm").stdin(Stdio::null()).stdout(end.try_clone().unwrap()).stderr(end);
    let mut child = command.spawn().unwrap();
    // It holds the program's end of the terminal, whose last one ends what is read.
    drop(command);
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        // The end of a terminal is an error.
        let _ = File::from(terminal).read_to_end(&mut bytes);
        String::from_utf8(bytes).unwrap()
    });
    let status = child.wait_timeout(LIMIT).unwrap();
    let _ = child.kill();
    let text = reader.join().unwrap();
    assert!(status.is_some_and(|status| status.success()), "{text:?}");
    text
}

#[test]
fn a_terminal_shows_a_spinner_that_goes_and_a_table_with_borders_and_colors() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    let mut command = home.command(&["ping", &address]);
    command.env_remove("NO_COLOR");
    let text = on_terminal(command, 200);
    let (before, table) = text.split_at(text.find('╭').unwrap());
    let (_, behind_spinner) = before.rsplit_once(&format!("trying {address}")).unwrap();
    assert!(behind_spinner.trim_end().ends_with("\x1b[2K"), "{text:?}");
    assert!(table.contains("\x1b[32m✓\x1b[0m works") && table.trim_end().ends_with('╯'), "{text:?}");
    assert!(table.contains(&address), "{text:?}");
}

/// Every stage that a dial may go through, and the longest IP address that there is of loopback.
#[test]
fn a_narrow_terminal_has_the_table_folded_and_no_color_takes_the_colors_away() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo", "--ws", "127.0.0.1:0"]);
    let mut command = home.command(&["ping", &address.replace("127.0.0.1", "localhost")]);
    command.env("NO_COLOR", "1");
    let text = on_terminal(command, 80);
    let table = text.get(text.find('╭').unwrap()..).unwrap();
    assert!(table.contains("✓ works") && !table.contains('\x1b'), "{text:?}");
    assert!(table.lines().all(|line| line.chars().count() <= 80) && !table.contains(&address), "{text:?}");
    for stage in ["WebSocket", "handshake", "total"] {
        assert!(table.contains(stage), "{text:?}");
    }
}

#[test]
fn a_bar_shows_how_far_a_bench_has_come_and_goes() {
    let home = Home::new();
    let text = on_terminal(home.command(&["bench", "--suite", "unix", "--seconds", "0"]), 100);
    let (before, table) = text.split_at(text.find('╭').unwrap());
    assert!(before.contains("/4 unix: ") && before.trim_end().ends_with("\x1b[2K"), "{text:?}");
    assert_eq!(table.lines().count(), 5, "{text:?}");
}
