//! The reference in a browser, Chromium, against our ws~shs server, which serves the page on the same port.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use multiserver_interop::{Chromium, PATIENCE, Reference};
use multiserver_tokio::ws::http::Response;
use multiserver_tokio::{Multiserver, NetworkKey, Scope, Shs, Ws};
use serde_json::json;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use support::pair;
use tokio::io::{AsyncWriteExt, copy};
use tokio::sync::mpsc;
use tokio::time::timeout;

const NETWORK: [u8; 32] = [1; 32];
const THEIR_SEED: [u8; 32] = [3; 32];
const OUR_SEED: [u8; 32] = [4; 32];
const LENGTH: usize = 1 << 20;

#[tokio::test]
async fn a_page_of_our_server_talks_to_it_over_the_secret_handshake() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let reference = Reference::install(target).await.unwrap();
    let bundled = reference.script("bundle.js").output().await.unwrap();
    assert!(bundled.status.success(), "{}", String::from_utf8_lossy(&bundled.stderr));

    let page = Arc::new(Page { bundle: bundled.stdout, address: OnceLock::new() });
    let (results, mut result) = mpsc::channel(1);
    let served = Arc::clone(&page);
    let ws = Ws::bind("127.0.0.1:0").http(move |request| {
        let (page, results) = (Arc::clone(&served), results.clone());
        async move {
            if request.uri().path() == "/result" {
                let _ = results.send(request.uri().query().unwrap_or_default().to_owned()).await;
            }
            page.answer(request.uri().path())
        }
    });
    let shs = Shs::new(pair(OUR_SEED)).network(NetworkKey::from_bytes(NETWORK));
    let server = Multiserver::builder().suite(ws.then(shs)).build().unwrap().listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap().to_string();
    page.address.set(address.clone()).unwrap();

    let (ends, mut end) = mpsc::channel(1);
    let serving = tokio::spawn(server.serve(
        |peer| async move { (peer.key == Some(pair(THEIR_SEED).public())).then_some(()) },
        move |connection, ()| {
            let ends = ends.clone();
            async move {
                let (mut read, mut write) = connection.into_split();
                let copied = copy(&mut read, &mut write).await.map_err(|error| error.to_string());
                let _ = write.shutdown().await;
                let _ = ends.send(copied).await;
            }
        },
    ));
    let url = address.split('~').next().unwrap().replacen("ws:", "http:", 1);
    let browser = Chromium::open(&url, &target.join("chromium")).await.unwrap();
    let result = timeout(PATIENCE, result.recv()).await.expect("the page tells how it went").unwrap();
    assert_eq!(result, "ok");
    let end = timeout(PATIENCE, end.recv()).await.expect("the page ends").unwrap();
    assert_eq!(end, Ok(u64::try_from(LENGTH).unwrap()), "with a goodbye");
    drop(browser);
    serving.abort();
}

/// What the browser loads.
struct Page {
    bundle: Vec<u8>,
    address: OnceLock<String>,
}

impl Page {
    fn answer(&self, path: &str) -> Response<Vec<u8>> {
        let (kind, body) = match path {
            "/" => {
                ("text/html", b"<!doctype html><script src=config.js></script><script src=bundle.js></script>".to_vec())
            }
            "/config.js" => ("text/javascript", self.config().into_bytes()),
            "/bundle.js" => ("text/javascript", self.bundle.clone()),
            _ => ("text/plain", Vec::new()),
        };
        Response::builder().header("content-type", kind).body(body).unwrap()
    }

    fn config(&self) -> String {
        let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let config = json!({
            "address": self.address.get(),
            "networkKey": hex(NETWORK),
            "seed": hex(THEIR_SEED),
            "length": LENGTH,
        });
        format!("window.onerror = (text) => fetch(`/result?${{encodeURIComponent(text)}}`)\nwindow.config = {config}")
    }
}
