//! `bench`: what it prints, and that nothing is left of it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, Program, interrupt};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;

const MEASURES: [&str; 4] =
    ["handshakes_per_second", "handshakes_per_second_32_at_once", "one_way_mib_per_second", "echo_mib_per_second"];

/// Starts to measure a suite for long, with its own directory for temporary files, and waits for the server.
fn start(home: &Home, suite: &str) -> (Program, Pid) {
    fs::create_dir(home.path("temporary")).unwrap();
    let mut command = home.command(&["bench", "-v", "--seconds", "600", "--suite", suite]);
    command.env("TMPDIR", home.path("temporary"));
    let mut bench = Program::start(command);
    let line = bench.error_line();
    let (_, server) = line.rsplit_once("is process ").unwrap();
    (bench, Pid::from_raw(server.parse().unwrap()).unwrap())
}

#[test]
fn json_has_every_measure_of_every_suite() {
    let home = Home::new();
    let suites = ["unix", "net~shs", "ws~shs", "wss~shs", "unix~shs", "net"];
    let (first, others) = suites.split_at(2);
    let options = ["bench", "--json", "--seconds", "0.05", "--suite", &first.join(","), "--suite", &others.join(",")];
    let output = home.run(&options, b"");
    assert_eq!((output.status, output.errors.as_str()), (0, ""));
    let measured: Vec<Value> = serde_json::from_slice(&output.output).unwrap();
    let expected = suites.iter().flat_map(|suite| MEASURES.map(|measure| (*suite, measure)));
    assert_eq!(measured.len(), expected.clone().count(), "{measured:?}");
    for (object, (suite, measure)) in measured.iter().zip(expected) {
        assert_eq!((object["suite"].as_str(), object["measure"].as_str()), (Some(suite), Some(measure)));
        assert_eq!(object.as_object().unwrap().len(), 3, "{object}");
        let value = object["value"].as_f64().unwrap();
        assert!(value.is_finite() && value > 0.0, "{object}");
    }
}

#[test]
fn the_table_has_a_row_for_each_suite() {
    let home = Home::new();
    let output = home.run(&["bench", "--seconds", "0"], b"");
    assert_eq!((output.status, output.errors.as_str()), (0, ""));
    let text = String::from_utf8(output.output).unwrap();
    let suites = text.lines().skip(1).map(|line| {
        let (suite, values) = line.split_once(' ').unwrap();
        assert_eq!(values.split_whitespace().filter_map(|value| value.parse::<f64>().ok()).count(), 4, "{text}");
        suite
    });
    assert_eq!(suites.collect::<Vec<_>>(), ["net~shs", "ws~shs", "wss~shs", "unix~shs", "net"]);
}

#[test]
#[cfg(target_os = "linux")]
fn idle_connections_are_measured_on_both_sides() {
    let home = Home::new();
    let suites = ["net~shs", "wss~shs"];
    let output = home.run(&["bench", "--json", "--idle", "20", "--suite", &suites.join(",")], b"");
    assert_eq!((output.status, output.errors.as_str()), (0, ""));
    let measured: Vec<Value> = serde_json::from_slice(&output.output).unwrap();
    let measures = [
        "opened_per_second",
        "server_bytes_when_new",
        "server_bytes_when_used",
        "server_bytes_left",
        "client_bytes_when_new",
        "client_bytes_when_used",
        "client_bytes_left",
    ];
    let names = measured.iter().map(|object| (object["suite"].as_str().unwrap(), object["measure"].as_str().unwrap()));
    let expected = suites.iter().flat_map(|suite| measures.map(|measure| (*suite, measure)));
    assert_eq!(names.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    for object in measured.iter().filter(|object| object["measure"] == "opened_per_second") {
        assert!(object["value"].as_f64().unwrap() > 0.0, "{object}");
    }

    let output = home.run(&["bench", "--idle", "1"], b"");
    assert_eq!((output.status, output.errors.as_str()), (0, ""));
    let text = String::from_utf8(output.output).unwrap();
    assert!(text.lines().nth(1).unwrap().starts_with("net~shs "), "{text}");
    for wrong in [["--idle", "0"], ["--idle", "x"], ["--suite", "net"]] {
        let failed = home.run(&[&["bench", "--idle", "1"], wrong.as_slice()].concat(), b"");
        assert_eq!((failed.status, failed.output.as_slice()), (2, b"".as_slice()), "{failed:?}");
    }
}

#[test]
fn the_server_ends_with_the_client() {
    for (is_killed, status) in [(true, -1), (false, 1)] {
        let home = Home::new();
        let (mut bench, _) = start(&home, "unix~shs");
        assert_eq!(fs::read_dir(home.path("temporary")).unwrap().count(), 1);
        if is_killed {
            bench.kill()
        } else {
            interrupt(&bench)
        }
        // Standard error is the server's too, and ends with the last of them.
        let finished = bench.finish();
        assert_eq!(finished.status, status, "{finished:?}");
        assert_eq!(fs::read_dir(home.path("temporary")).unwrap().count(), 0);
    }
}

#[test]
fn the_client_fails_with_the_server() {
    let home = Home::new();
    let (bench, server) = start(&home, "net~shs");
    kill_process(server, Signal::KILL).unwrap();
    let finished = bench.finish();
    let failure = finished.failure(1);
    assert!(failure.contains("the server for net~shs died") && failure.contains("SIGKILL"), "{finished:?}");
    assert_eq!(finished.output, b"");

    let mut nowhere = home.command(&["bench", "--suite", "ws~shs"]);
    nowhere.env("TMPDIR", home.path("missing"));
    let finished = Program::start(nowhere).finish();
    assert_eq!(finished.status, 1);
    let lines: Vec<_> = finished.errors.lines().collect();
    assert!(lines[0].contains("no place for sockets"), "{finished:?}");
    assert!(lines[1].contains("cannot start the server for ws~shs"), "{finished:?}");
}

#[test]
fn a_suite_that_is_not_known_is_a_usage_error() {
    let home = Home::new();
    for wrong in ["http", "net,http", ""] {
        let failed = home.run(&["bench", "--suite", wrong], b"");
        assert_eq!((failed.status, failed.output.as_slice()), (2, b"".as_slice()), "{failed:?}");
        for known in ["net~shs", "ws~shs", "wss~shs", "unix~shs", "net", "unix"] {
            assert!(failed.errors.contains(known), "{failed:?}");
        }
    }
    let failed = home.run(&["bench", "--seconds", "soon"], b"");
    assert!(failed.status == 2 && failed.errors.contains("expected a time"), "{failed:?}");
}
