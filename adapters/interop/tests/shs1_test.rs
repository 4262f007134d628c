//! npm `shs1-test` drives our client and our server: well-behaved peers, and peers with a fault in each message.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use multiserver_interop::{PATIENCE, Reference, example};
use std::path::Path;
use std::process::Stdio;
use tokio::time::timeout;

const SEEDS: std::ops::Range<u32> = 0..10;

#[tokio::test]
async fn our_server_passes_with_every_seed() {
    pass("shs1-test/test-server.js", "shs1_server").await;
}

#[tokio::test]
async fn our_client_passes_with_every_seed() {
    pass("shs1-test/test-client.js", "shs1_client").await;
}

/// Runs a suite on one of our executables with every seed.
async fn pass(suite: &str, executable: &str) {
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    let executable = example("multiserver-interop", executable).unwrap();
    for seed in SEEDS {
        let mut command = reference.script(reference.file(suite));
        command.arg(&executable).arg(seed.to_string()).stdin(Stdio::null()).env("RUST_BACKTRACE", "0");
        let output = timeout(PATIENCE, command.output()).await.expect("the suite has no end").unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "seed {seed}: {}\n{said}\n{complaints}", output.status);
        // The suite takes every early end of an executable for a rejection, a panic's too.
        assert!(!complaints.contains("panicked"), "seed {seed}:\n{complaints}");
        assert!(said.contains("Passed the"), "seed {seed}:\n{said}");
    }
}
