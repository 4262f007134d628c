//! `ping`: which addresses work, and how long each stage takes.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, interrupt, with_key};
use serde_json::Value;
use std::net::ToSocketAddrs;

#[test]
fn every_address_is_tried_and_one_that_works_is_enough() {
    let home = Home::new();
    let socket = home.path("socket");
    let (_server, address) =
        home.serve(&["--echo", "--net", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--unix", socket.to_str().unwrap()]);
    let addresses: Vec<_> = address.split(';').collect();
    let key = address.rsplit_once(':').unwrap().1;
    let dead = format!("net:127.0.0.1:1~shs:{key}");
    let unknown = format!("net:h:1~secret:{key}");

    let table = home.run(&["ping", "--count", "2", &format!("{dead};{address};{unknown}")], b"");
    assert_eq!((table.status, table.errors.as_str()), (0, ""));
    let text = String::from_utf8(table.output).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 2 * (3 + 2), "{text}");
    let expected = ["address", "IP", "milliseconds", "total", "outcome"];
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), expected);
    let column = |title: &str| lines[0].find(title).unwrap();
    let tried = [&[dead.as_str()], addresses.as_slice(), &[unknown.as_str()]].concat();
    for (line, address) in lines[1..].iter().zip(tried.iter().cycle()) {
        assert_eq!(line.split_whitespace().next(), Some(*address), "{text}");
        let has_ip = address.contains("127.0.0.1");
        let ip = line.get(column("IP")..).unwrap().split_whitespace().next();
        assert_eq!(ip, Some(if has_ip { "127.0.0.1" } else { "-" }), "{text}");
        let outcome = line.get(column("outcome")..).unwrap();
        assert_eq!(outcome == "works", addresses.contains(address), "{text}");
        let total = line.get(..column("total") + "total".len()).unwrap().split_whitespace().last().unwrap();
        assert!(total.parse::<f64>().is_ok(), "{text}");
        let stages = line.get(column("milliseconds")..).unwrap();
        let expected = match address.split_once(':').unwrap().0 {
            _ if !addresses.contains(address) => continue,
            "ws" => "WebSocket ",
            _ => "handshake ",
        };
        assert!(stages.contains(expected), "{text}");
    }
    assert_eq!(text.matches("failed: nobody listens there").count(), 2, "{text}");
    assert!(!text.contains("os error"), "{text}");
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
fn every_ip_address_of_a_host_is_tried() {
    let home = Home::new();
    let socket = home.path("socket");
    let (_server, address) = home.serve(&["--echo", "--net", "127.0.0.1:0", "--unix", socket.to_str().unwrap()]);
    let (net, unix) = address.split_once(';').unwrap();
    let port = net.split([':', '~']).nth(2).unwrap().parse().unwrap();
    let mut ips = Vec::new();
    for found in ("localhost", port).to_socket_addrs().unwrap() {
        if !ips.contains(&found.ip()) {
            ips.push(found.ip());
        }
    }
    let nowhere = net.replace("127.0.0.1", "nowhere.invalid");
    let named = net.replace("127.0.0.1", "localhost");
    let output = home.run(&["ping", "--json", &format!("{nowhere};{named};{unix}")], b"");
    assert_eq!((output.status, output.errors.as_str()), (0, ""));
    let attempts: Vec<Value> = serde_json::from_slice(&output.output).unwrap();
    let [unresolved, by_name @ .., by_path] = attempts.as_slice() else { panic!("{attempts:?}") };
    assert!(unresolved["ip"].is_null() && unresolved["address"] == nowhere.as_str(), "{unresolved}");
    assert!(unresolved["failure"].as_str().unwrap().contains("the host is not found"), "{unresolved}");
    assert_eq!(by_name.len(), ips.len(), "{by_name:?}");
    for (attempt, ip) in by_name.iter().zip(ips) {
        assert_eq!(attempt["ip"], ip.to_string());
        assert_eq!(attempt["address"], named.as_str());
        assert_eq!(attempt["works"], ip.to_string() == "127.0.0.1", "{attempt}");
    }
    assert!(by_path["ip"].is_null() && by_path["works"] == true, "{by_path}");
}

#[test]
fn what_was_found_out_is_shown_after_an_interruption() {
    let home = Home::new();
    let (mut server, address) = home.serve(&["--echo", "-v"]);
    let ping = home.start(&["ping", "--json", "--count", "4000000", &address]);
    // The first is over when the second begins.
    for _ in 0..2 {
        while !server.error_line().contains("accepted") {}
    }
    interrupt(&ping);
    let output = ping.finish();
    assert_eq!((output.status, output.errors.as_str()), (0, ""));
    let attempts: Vec<Value> = serde_json::from_slice(&output.output).unwrap();
    assert!(!attempts.is_empty() && attempts.iter().all(|attempt| attempt["works"] == true), "{attempts:?}");
}

#[test]
fn nothing_that_works_is_a_failure_and_a_seed_is_not_used() {
    let home = Home::new();
    let (guest, guest_key) = home.identity("guest");
    let text = std::fs::read_to_string(guest).unwrap();
    let seed = text.lines().last().unwrap().strip_prefix("ed25519-seed ").unwrap();
    let (mut server, address) = home.serve(&["--echo", "--allow", &guest_key]);
    let ping = home.run(&["ping", &format!("{address}:{seed}")], b"");
    assert!(ping.failure(4).contains("no address works"), "{ping:?}");
    let table = String::from_utf8(ping.output).unwrap();
    assert!(table.contains("its seed was not used") && !table.contains(seed), "{table}");
    let refused = server.error_line();
    assert!(refused.contains("refused") && !refused.contains(&guest_key), "{refused}");
    assert_eq!(home.run(&["ping", &format!("{address}:{seed}"), "--count", "0"], b"").status, 2);
}
