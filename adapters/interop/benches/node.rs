//! The program beside the reference in Node, in the same run: `cargo bench -p multiserver-interop --bench node`.
//!
//! Both measure themselves, a server and a client process each on the loopback interface, by turns; a line has the
//! medians of all rounds and their ratio. With `-- --test`, one short round, with the program as the tests build it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use multiserver_core::keys::{NetworkKey, Seed};
use multiserver_interop::{Peer, Reference, Under, Version};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How often each side measures itself, and for how many seconds a measure.
const ROUNDS: usize = 5;
const SECONDS: f64 = 2.0;

/// What of `multiserver bench` has its like here.
const MEASURES: [&str; 4] =
    ["handshakes_per_second", "handshakes_per_second_32_at_once", "one_way_mib_per_second", "echo_mib_per_second"];

/// How users build the program, and how the tests do.
const AS_USERS: [&str; 3] = ["--release", "--package", "multiserver-cli"];
const AS_THE_TESTS: [&str; 2] = ["--workspace", "--all-features"];

#[derive(Deserialize)]
struct Measured {
    measure: String,
    value: f64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (rounds, seconds) = if is_test { (1, 0.1) } else { (ROUNDS, SECONDS) };
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    if is_test {
        println!("As a test, with an unoptimised program: these figures say nothing about speed.");
    }
    let program = build(if is_test { &AS_THE_TESTS } else { &AS_USERS });
    for (suite, under) in [("net~shs", Under::Net), ("ws~shs", Under::Ws)] {
        let peer = Peer { under, version: Version::V3, network: NetworkKey::SSB_MAIN, seed: Seed::from_bytes([3; 32]) };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(measure(&program, suite, seconds));
            theirs.push(peer.measure(&reference, seconds).await.unwrap());
        }
        for measure in MEASURES {
            let (ours, theirs) = (median(&ours, measure), median(&theirs, measure));
            println!("{suite} {measure}: {ours:.0}, Node {theirs:.0}, ratio {:.2}", ours / theirs);
        }
    }
    let plain: Vec<_> = (0..rounds).map(|_| measure(&program, "net", seconds)).collect();
    for measure in MEASURES {
        println!("net {measure}: {:.0}", median(&plain, measure));
    }
}

/// Builds the program, with these options of Cargo.
fn build(options: &[&str]) -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--bin", "multiserver", "--message-format", "json"]).args(options);
    let output = cargo.arg("--manifest-path").arg(manifest).stderr(std::process::Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the program does not build");
    let messages = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<serde_json::Value>();
    let executables = messages.filter_map(|message| Some(message.ok()?.get("executable")?.as_str()?.to_owned()));
    executables.last().expect("an executable was built").into()
}

fn measure(program: &Path, suite: &str, seconds: f64) -> HashMap<String, f64> {
    let time = format!("{}ms", seconds * 1000.0);
    let output =
        Command::new(program).args(["bench", "--json", "--suite", suite, "--seconds", &time]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let measured: Vec<Measured> = serde_json::from_slice(&output.stdout).unwrap();
    measured.into_iter().map(|measured| (measured.measure, measured.value)).collect()
}

fn median(rounds: &[HashMap<String, f64>], measure: &str) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(|round| *round.get(measure).expect("every measure is made")).collect();
    values.sort_by(f64::total_cmp);
    *values.get(values.len() / 2).expect("there is a round")
}
