//! The `secret` files of npm `ssb-keys` and ours, each read by the other.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../cli/src/files/ssb_secret.rs"]
mod ssb_secret;
mod support;

use data_encoding::BASE64;
use multiserver_interop::Reference;
use multiserver_tokio::KeyPair;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use support::{pair, patiently};

#[tokio::test]
async fn theirs_reads_what_ours_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    let pair = pair([7; 32]);
    std::fs::write(&path, ssb_secret::text(&pair).as_bytes()).unwrap();
    assert_eq!(theirs("load", &path).await, fields(&pair));
}

#[tokio::test]
async fn ours_reads_what_theirs_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    let created = theirs("create", &path).await;
    let pair = ssb_secret::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(fields(&pair), created);
}

/// The fields of a secret file with this pair.
fn fields(pair: &KeyPair) -> Value {
    let public = format!("{}.ed25519", pair.public());
    let private = BASE64.encode(&[pair.seed().as_bytes().as_slice(), pair.public().as_bytes()].concat());
    json!({ "curve": "ed25519", "public": public, "private": format!("{private}.ed25519"), "id": format!("@{public}") })
}

/// What their library has loaded or created.
async fn theirs(what: &str, path: &Path) -> Value {
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    let mut command = reference.script("secret.js");
    command.arg(what).arg(path).stdin(Stdio::null());
    let output = patiently(command.output()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
