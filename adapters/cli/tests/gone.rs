//! Peers that are gone after their goodbye: nobody waits for them, and they keep no slot.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT};
use std::time::Instant;

/// Where to listen, for each transport.
fn endpoints(home: &Home) -> [[String; 2]; 3] {
    let socket = home.path("socket").to_str().unwrap().to_owned();
    [["--net", "127.0.0.1:0"], ["--ws", "127.0.0.1:0"], ["--unix", &socket]].map(|endpoint| endpoint.map(str::to_owned))
}

#[test]
fn a_peer_that_is_gone_after_its_goodbye_does_not_keep_its_slot() {
    let home = Home::new();
    for endpoint in endpoints(&home) {
        let endpoint = endpoint.each_ref().map(String::as_str);
        let program = ["--exec", "sh", "-c", "cat; echo heard; exec sleep 100000"];
        let options = [["--allow-anyone", "--max-peers", "1"].as_slice(), &program].concat();
        let (server, address) = home.serve(&[endpoint.as_slice(), &options].concat());
        let mut client = home.start(&["connect", &address]);
        // The end of standard input says goodbye.
        drop(client.stdin.take());
        assert_eq!(client.line(), "heard");
        client.kill();
        let begun = Instant::now();
        while home.run(&["ping", &address], b"").status != 0 {
            assert!(begun.elapsed() < LIMIT, "the slot is not free: {address}");
        }
        drop(server);
    }
}

#[test]
fn connect_ends_when_the_peer_is_gone_and_there_was_nothing_left_to_send() {
    let home = Home::new();
    for endpoint in endpoints(&home) {
        let endpoint = endpoint.each_ref().map(String::as_str);
        let (_server, address) =
            home.serve(&[endpoint.as_slice(), &["--allow-anyone", "--exec", "echo", "hello"]].concat());
        // Its standard input stays open.
        let mut client = home.start(&["connect", &address]);
        assert_eq!(client.line(), "hello");
        let ended = client.finish();
        assert_eq!((ended.status, ended.errors.as_str()), (0, ""), "{address}");
    }
}
