//! `ping`: which addresses work, and how long each stage takes.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, with_key};
use serde_json::Value;
use std::net::TcpListener;

#[test]
fn every_address_is_tried_and_one_that_works_is_enough() {
    let home = Home::new();
    let socket = home.path("socket");
    let (_server, address) =
        home.serve(&["--echo", "--net", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--unix", socket.to_str().unwrap()]);
    let addresses: Vec<_> = address.split(';').collect();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let key = address.rsplit_once(':').unwrap().1;
    let dead = format!("net:{closed}~shs:{key}");
    let unknown = format!("net:h:1~secret:{key}");

    let table = home.run(&["ping", "--count", "2", &format!("{dead};{address};{unknown}")], b"");
    assert_eq!((table.status, table.errors.as_str()), (0, ""));
    let text = String::from_utf8(table.output).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 2 * (3 + 2 * 2), "{text}");
    let titles: Vec<_> = lines[0].split_whitespace().collect();
    assert_eq!(titles, ["lookup", "connect", "proxy", "TLS", "WebSocket", "handshake", "total", "address"]);
    let column = lines[0].find("address").unwrap();
    for (line, address) in lines[1..]
        .iter()
        .filter(|line| !line.starts_with("  failed"))
        .zip([&[dead.as_str()], addresses.as_slice(), &[unknown.as_str()]].concat().iter().cycle())
    {
        assert_eq!(line.get(column..), Some(*address), "{text}");
    }
    assert_eq!(text.matches("failed: nobody listens there").count(), 2, "{text}");
    assert_eq!(text.matches("failed: this program only knows").count(), 2, "{text}");
}

#[test]
fn json_has_the_stages_that_were_reached() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo", "--net", "127.0.0.1:0", "--ws", "127.0.0.1:0"]);
    let (_, other) = home.identity("other");
    let (net, ws) = address.split_once(';').unwrap();
    let (wrong, ws) = (with_key(net, &other), ws.replace("127.0.0.1", "localhost"));
    let output = home.run(&["ping", "--json", &format!("{net};{ws};{wrong}")], b"");
    assert_eq!((output.status, output.errors.as_str()), (0, ""));
    let attempts: Value = serde_json::from_slice(&output.output).unwrap();
    // Those that may be over at once are counted with the next.
    let stages = |index: usize, passing: &[&str]| -> Vec<_> {
        let stages = attempts[index]["stages"].as_object().unwrap().keys().map(String::as_str);
        stages.filter(|name| !passing.contains(name)).collect()
    };
    assert_eq!(stages(0, &["resolve"]), ["connect", "handshake"]);
    assert_eq!(stages(1, &["resolve", "connect"]), ["handshake", "websocket"]);
    for (index, address) in [net, &ws, &wrong].into_iter().enumerate() {
        let attempt = &attempts[index];
        assert_eq!(attempt["address"], address);
        assert_eq!(attempt["works"], index < 2, "{attempt}");
        assert_eq!(attempt["failure"].is_null(), index < 2, "{attempt}");
        let sum: f64 = attempt["stages"].as_object().unwrap().values().map(|time| time.as_f64().unwrap()).sum();
        assert!(sum > 0.0 && sum <= attempt["total"].as_f64().unwrap() + 0.01, "{attempt}");
    }
    assert!(attempts[2]["failure"].as_str().unwrap().contains("another key"), "{attempts}");
}

#[test]
fn nothing_that_works_is_a_failure_and_a_seed_is_not_used() {
    let home = Home::new();
    let (guest, guest_key) = home.identity("guest");
    let text = std::fs::read_to_string(guest).unwrap();
    let seed = text.lines().last().unwrap().strip_prefix("ed25519-seed ").unwrap();
    let (mut server, address) = home.serve(&["--echo", "--allow", &guest_key]);
    let ping = home.run(&["ping", &format!("{address}:{seed}")], b"");
    assert!(ping.failure(1).contains("no address works"), "{ping:?}");
    let table = String::from_utf8(ping.output).unwrap();
    assert!(table.contains("its seed was not used") && !table.contains(seed), "{table}");
    let refused = server.error_line();
    assert!(refused.contains("refused") && !refused.contains(&guest_key), "{refused}");
    assert_eq!(home.run(&["ping", &format!("{address}:{seed}"), "--count", "0"], b"").status, 2);
}
