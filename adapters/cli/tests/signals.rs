//! SIGINT and SIGTERM: they end every long-running subcommand, which prints its last output and leaves nothing behind.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, Program, interrupt, terminate};

/// Both signals, each by what sends it.
const SIGNALS: [fn(&Program); 2] = [interrupt, terminate];

#[test]
fn who_listens_ends_well_and_takes_its_socket_along() {
    let home = Home::new();
    let (_target, target) = home.serve(&["--echo"]);
    let path = home.path("socket");
    let endpoint = path.to_str().unwrap();
    let listen = format!("unix:{endpoint}");
    for arguments in [
        ["serve", "--unix", endpoint].as_slice(),
        &["serve", "--unix", endpoint, "--echo"],
        &["serve", "--unix", endpoint, "--allow-anyone", "--to", "127.0.0.1:1"],
        &["serve", "--unix", endpoint, "--allow-anyone", "--exec", "cat"],
        &["bridge", "--unix", endpoint, &target],
        &["forward", "--listen", &listen, &target],
    ] {
        for signal in SIGNALS {
            let mut program = home.start(arguments);
            assert!(program.line().starts_with(&listen), "{arguments:?}");
            assert!(path.exists(), "{arguments:?}");
            signal(&program);
            let program = program.finish();
            assert_eq!((program.status, program.errors.as_str()), (0, ""), "{arguments:?}");
            assert!(!path.exists(), "{arguments:?}");
        }
    }
}

#[test]
fn a_peer_of_standard_streams_is_cut_off_and_that_is_a_failure() {
    let home = Home::new();
    let path = home.path("socket");
    for signal in SIGNALS {
        let (mut server, address) = home.serve(&["--unix", path.to_str().unwrap()]);
        let mut client = home.start(&["connect", &address]);
        client.send(b"here\n");
        assert_eq!(server.line(), "here");
        signal(&server);
        assert_eq!(server.finish().failure(1), "ended by a signal, and the peer's connection with it");
        assert!(client.finish().failure(1).contains("may be incomplete"));
        assert!(!path.exists());
    }
}

#[test]
fn peers_of_a_bridge_are_cut_off_after_the_grace() {
    let home = Home::new();
    for signal in SIGNALS {
        let (_target, target) = home.serve(&["--echo"]);
        let mut bridge = home.start(&["bridge", "--grace", "0", &target]);
        let mut client = home.start(&["connect", &bridge.line()]);
        client.send(b"here\n");
        assert_eq!(client.line(), "here");
        signal(&bridge);
        let bridge = bridge.finish();
        let cut = "multiserver: cut 1 connection that had not ended\n";
        assert_eq!((bridge.status, bridge.errors.as_str()), (0, cut));
        assert!(client.finish().failure(1).contains("may be incomplete"));
    }
}

/// `connect` catches no signal: the signal kills it, as programs in a pipe expect, and its peer notices.
#[test]
fn connect_dies_of_a_signal_and_its_peer_knows() {
    let home = Home::new();
    for signal in SIGNALS {
        let (mut server, address) = home.serve(&["--echo"]);
        let mut client = home.start(&["connect", &address]);
        client.send(b"here\n");
        assert_eq!(client.line(), "here");
        signal(&client);
        let client = client.finish();
        assert_eq!((client.status, client.errors.as_str()), (-1, ""), "no exit status of its own");
        let line = server.error_line();
        assert!(line.contains("ended early"), "{line}");
    }
}
