//! A page of ours in Chromium, which uses the package for web pages as a test asks it to.

use crate::{Chromium, PATIENCE};
use anyhow::{Context, Result};
use multiserver_tokio::ws::http::{HeaderValue, Response};
use multiserver_tokio::{Multiserver, Scope, Shs, Ws, generate_identity};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A page that does one of the cases with each address in turn.
const PAGE: &str = include_str!("web/page.html");
const CASES: &str = include_str!("web/cases.js");

/// The directory of the package for web pages, which `.ci/web` builds.
#[must_use]
pub fn web_package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/pkg")
}

/// Opens the page in a browser, whose profile is in this directory, and returns what it tells of each address, with `;`
/// between them: what its case returns, or what went wrong.
///
/// The configuration has the name of the `case`, `addresses`, the `networkKey` and the `seed` as arrays of bytes, and what
/// else the case takes.
///
/// # Errors
/// Chromium or the package is missing, and the text says what brings them; or the page tells nothing.
pub async fn tell_of_page(directory: &Path, config: &Value) -> Result<String> {
    let (results, mut result) = mpsc::channel(1);
    let package = web_package();
    let read =
        |name: &str| fs::read(package.join(name)).context("this test needs our package for web pages: run `.ci/web`");
    let files = Arc::new([
        ("/", "text/html", PAGE.replace("CONFIG", &config.to_string()).into_bytes()),
        ("/cases.js", "text/javascript", CASES.as_bytes().to_vec()),
        ("/index.js", "text/javascript", read("index.js")?),
        ("/multiserver_web.js", "text/javascript", read("multiserver_web.js")?),
        ("/multiserver_web_bg.wasm", "application/wasm", read("multiserver_web_bg.wasm")?),
    ]);
    let ws = Ws::bind("127.0.0.1:0").http(move |request| {
        let (files, results) = (Arc::clone(&files), results.clone());
        async move {
            if request.uri().path() == "/result" {
                let told = percent_decode_str(request.uri().query().unwrap_or_default());
                let _ = results.send(told.decode_utf8_lossy().into_owned()).await;
            }
            let file = files.iter().find(|(path, ..)| *path == request.uri().path());
            let (kind, body) = file.map_or(("text/plain", Vec::new()), |(_, kind, body)| (*kind, body.clone()));
            let mut response = Response::new(body);
            response.headers_mut().insert("content-type", HeaderValue::from_static(kind));
            response
        }
    });
    let multiserver = Multiserver::builder().suite(ws.then(Shs::new(generate_identity()?))).build()?;
    let server = multiserver.listen().await?;
    let address = server.address(Scope::Device).context("the page has no address")?.to_string();
    let serving = tokio::spawn(server.serve(|_| async { None::<()> }, |_, ()| async {}));
    let url = address.split('~').next().unwrap_or_default().replacen("ws:", "http:", 1);
    let _browser = Chromium::open(&url, directory).await?;
    let told = timeout(PATIENCE, result.recv()).await.context("the page tells nothing")?;
    serving.abort();
    told.context("the page's server has ended")
}
