//! The program and pages in browsers: the page that `serve --page` gives out, and a bridge.
//!
//! The bridge joins worlds that cannot talk to each other: a page in a browser, which has WebSockets only, and npm `multiserver`,
//! which listens on TCP only. Whoever passes the bytes on reads nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Home;
use multiserver_interop::{Chromium, Event, Peer, Reference, Under, Version, tell_of_page, web_package};
use multiserver_tokio::core::keys::{NetworkKey, Seed};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

const SEED: [u8; 32] = [3; 32];
const CLIENT_SEED: [u8; 32] = [5; 32];
const LENGTH: usize = 1 << 20;

/// Passes the bytes of one connection to this port on in both directions, and keeps them.
fn record(port: u16) -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (own, seen) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
    let kept = Arc::clone(&seen);
    thread::spawn(move || {
        let (near, _) = listener.accept().unwrap();
        let far = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let ends = [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)];
        for (mut from, mut to) in ends {
            let kept = Arc::clone(&kept);
            thread::spawn(move || {
                let mut bytes = vec![0; 65_536];
                while let Ok(count @ 1..) = from.read(&mut bytes) {
                    kept.lock().unwrap().extend_from_slice(&bytes[..count]);
                    if to.write_all(&bytes[..count]).is_err() {
                        break;
                    }
                }
                let _ = to.shutdown(Shutdown::Write);
            });
        }
    });
    (own, seen)
}

/// The text of the page that this server, which prints an address of a WebSocket first, gives out after it is done.
async fn shown(home: &Home, address: &str, screenshot: &str) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let reference = Reference::install(target).await.unwrap();
    let url = address.split('~').next().unwrap().replacen("ws:", "http:", 1);
    let browser = Chromium::open(&url, &home.path("chromium")).await.unwrap();
    let screenshot = target.join(screenshot);
    let text = browser.shown(&reference, &screenshot).await.unwrap();
    assert!(std::fs::read(&screenshot).unwrap().starts_with(b"\x89PNG"));
    text
}

#[tokio::test]
#[ignore = "needs the package for web pages: `.ci/web` builds it and runs this"]
async fn the_page_that_a_server_gives_out_talks_to_it() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo", "--ws", "127.0.0.1:0", "--page", web_package().to_str().unwrap()]);
    let text = shown(&home, &address, "page.png").await;
    let key = address.rsplit(':').next().unwrap();
    assert!(text.contains("Connected by ws~shs in ") && text.contains(key), "{text}");
    assert!(text.contains("32 MiB went there and came back at "), "{text}");
}

/// The server reaches nobody to pass the page's bytes on to.
#[tokio::test]
#[ignore = "needs the package for web pages: `.ci/web` builds it and runs this"]
async fn the_page_says_in_words_what_failed() {
    let home = Home::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (_server, address) = home.serve(&[
        "--to",
        &closed,
        "--allow-anyone",
        "--ws",
        "127.0.0.1:0",
        "--page",
        web_package().to_str().unwrap(),
    ]);
    let text = shown(&home, &address, "failed_page.png").await;
    assert!(text.contains("Connected by ws~shs in "), "{text}");
    assert!(text.contains("It failed: "), "{text}");
}

/// What a page tells that exchanges bytes with an echo at this address.
async fn exchange(name: &str, address: &str) -> String {
    let config = json!({
        "case": "exchange", "addresses": [address], "networkKey": NetworkKey::SSB_MAIN.as_bytes(), "seed": CLIENT_SEED,
        "length": LENGTH,
    });
    tell_of_page(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), &config).await.unwrap()
}

/// Whether these bytes, which passed a relay, show what the page has sent.
fn shows_the_text(seen: &[u8]) -> bool {
    assert!(seen.len() >= 2 * LENGTH, "{} bytes passed the relay", seen.len());
    let text: Vec<u8> = (0..16).collect();
    seen.windows(text.len()).any(|window| window == text)
}

#[tokio::test]
#[ignore = "needs the package for web pages: `.ci/web` builds it and runs this"]
async fn a_page_reaches_a_server_without_websockets_and_the_relay_reads_nothing() {
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    let (under, version, network) = (Under::Net, Version::V3, NetworkKey::SSB_MAIN);
    let peer = Peer { under, version, network, seed: Seed::from_bytes(SEED) };
    let mut server = peer.serve_echo(&reference, None).await.unwrap();
    let (host, key) = server.address().split_once("~shs:").unwrap();
    let port = host.rsplit(':').next().unwrap().parse().unwrap();
    let (relay, seen) = record(port);
    let home = Home::new();
    let (_bridge, address) = home.bridge(&["--ws", "127.0.0.1:0", &format!("net:127.0.0.1:{relay}~shs:{key}")]);
    assert!(address.starts_with("ws://") && address.ends_with(&format!("~shs:{key}")), "{address}");

    assert_eq!(exchange("chromium-bridge", &address).await, "ok");
    assert!(matches!(server.event().await.unwrap(), Event::Connected { .. }));
    let received = server.event().await.unwrap();
    assert_eq!(received, Event::Received { bytes: LENGTH, error: None }, "the server has read all of it");
    assert!(!shows_the_text(&seen.lock().unwrap()), "none of it can be read");
}

/// The control of the test above: the same relay reads everything where a server in front of it ends the secret handshake.
#[tokio::test]
#[ignore = "needs the package for web pages: `.ci/web` builds it and runs this"]
async fn a_relay_behind_the_end_of_the_handshake_reads_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (relay, seen) = record(listener.local_addr().unwrap().port());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut write = stream.try_clone().unwrap();
        std::io::copy(&mut stream, &mut write).unwrap();
        write.shutdown(Shutdown::Write).unwrap();
    });
    let home = Home::new();
    let (_server, address) =
        home.serve(&["--to", &format!("127.0.0.1:{relay}"), "--allow-anyone", "--ws", "127.0.0.1:0"]);
    assert_eq!(exchange("chromium-control", &address).await, "ok");
    assert!(shows_the_text(&seen.lock().unwrap()), "all of it can be read");
}
