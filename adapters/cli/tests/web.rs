//! The program and pages in browsers: the page that `serve --page` gives out, and a bridge.
//!
//! The bridge joins worlds that cannot talk to each other: a page in a browser, which has WebSockets only, and npm `multiserver`,
//! which listens on TCP only. Whoever passes the bytes on reads nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Home;
use multiserver_interop::{Event, Peer, Reference, Under, Version, tell_of_page};
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

#[tokio::test]
#[ignore = "needs the package for web pages: `.ci/web` builds it and runs this"]
async fn the_page_that_a_server_gives_out_talks_to_it() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let reference = Reference::install(target).await.unwrap();
    let home = Home::new();
    let package = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/pkg");
    let (_server, address) = home.serve(&["--echo", "--ws", "127.0.0.1:0", "--page", package]);
    let url = address.split('~').next().unwrap().replacen("ws:", "http:", 1);
    let profile = home.path("chromium");
    let screenshot = target.join("page.png");
    let arguments = [format!("{url}/").into(), profile.into_os_string(), screenshot.clone().into_os_string()];
    let output = reference.script("page.js").args(arguments).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let key = address.rsplit(':').next().unwrap();
    assert!(text.contains("Connected by ws~shs in ") && text.contains(key), "{text}{output:?}");
    assert!(text.contains("32 MiB went there and came back at "), "{text}");
    assert!(std::fs::read(&screenshot).unwrap().starts_with(b"\x89PNG"));
}

#[tokio::test]
#[ignore = "needs the package for web pages: `.ci/web` builds it and runs this"]
async fn a_page_reaches_a_server_without_websockets_and_the_relay_reads_nothing() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let reference = Reference::install(target).await.unwrap();
    let (under, version, network) = (Under::Net, Version::V3, NetworkKey::SSB_MAIN);
    let peer = Peer { under, version, network, seed: Seed::from_bytes(SEED) };
    let mut server = peer.serve_echo(&reference, None).await.unwrap();
    let (host, key) = server.address().split_once("~shs:").unwrap();
    let port = host.rsplit(':').next().unwrap().parse().unwrap();
    let (relay, seen) = record(port);
    let home = Home::new();
    let (_bridge, address) = home.bridge(&["--ws", "127.0.0.1:0", &format!("net:127.0.0.1:{relay}~shs:{key}")]);
    assert!(address.starts_with("ws://") && address.ends_with(&format!("~shs:{key}")), "{address}");

    let config = json!({
        "addresses": [address], "networkKey": NetworkKey::SSB_MAIN.as_bytes(), "seed": CLIENT_SEED, "length": LENGTH,
    });
    assert_eq!(tell_of_page(&target.join("chromium-bridge"), &config).await.unwrap(), "ok");
    assert!(matches!(server.event().await.unwrap(), Event::Connected { .. }));
    let received = server.event().await.unwrap();
    assert_eq!(received, Event::Received { bytes: LENGTH, error: None }, "the server has read all of it");

    let seen = seen.lock().unwrap();
    assert!(seen.len() > 2 * LENGTH, "{} bytes passed the relay", seen.len());
    let plaintext: Vec<u8> = (0..16).collect();
    assert!(!seen.windows(plaintext.len()).any(|window| window == plaintext), "none of them can be read");
}
