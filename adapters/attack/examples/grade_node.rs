//! Grades npm `multiserver` 1 and 3, server and client, over `net~shs`, and prints a table.
//!
//! Node and npm must be there; the pinned packages are installed below the target directory.

use anyhow::Result;
use multiserver_attack::grade::{Limits, Options, grade};
use multiserver_attack::kind::Kind;
use multiserver_attack::parties::Parties;
use multiserver_attack::targets::{Server, Target};
use multiserver_attack::{Counts, Report};
use multiserver_core::keys::{KeyPair, NetworkKey, Seed};
use multiserver_interop::Reference;
use std::path::Path;
use std::time::Duration;

const SEED: [u8; 32] = [5; 32];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let executable = std::env::current_exe()?;
    let target = executable.ancestors().nth(3).unwrap_or(Path::new("target"));
    let reference = Reference::install(&target.join("tmp")).await?;
    let network = *NetworkKey::SSB_MAIN.as_bytes();
    // Node takes its time to start a client, and version 1 has no end by itself where a client was cut.
    let limits = Limits { deadline: Duration::from_secs(5), pause: Duration::from_millis(1) };
    let options = Options { limits, quick: true, jobs: 8, ..Options::default() };
    let mut reports = Vec::new();
    for version in [1, 3] {
        let command = node(&reference, "server.js", &config(version, r#""allow":"all","serve":"echo","quiet":true"#));
        let mut server = Target::Server(Server::start(command).await?);
        reports.push((format!("{version}, server"), grade(&mut server, &parties(network), &options).await?));

        let address = r#""address":"net:{host}:{port}~shs:{server_key}""#;
        let mut client = Target::ClientCommand(node(&reference, "echo_client.js", &config(version, address)));
        let report = grade(&mut client, &Parties::fixed(network), &options).await?;
        reports.push((format!("{version}, client"), report));
    }
    print(&reports);
    Ok(())
}

/// One table of all, and why a peer fell.
fn print(reports: &[(String, Report)]) {
    let names = reports.iter().map(|(name, _)| format!(" {name} |"));
    println!("| attack |{}\n|---|{}", names.collect::<String>(), "--:|".repeat(reports.len()));
    for kind in Kind::ALL {
        let cells = reports.iter().map(|(_, report)| cell(report.counts(Some(*kind))));
        println!("| {} |{}", kind.name(), cells.collect::<String>());
    }
    println!();
    for (name, report) in reports {
        for (kind, reasons) in Kind::ALL.iter().map(|kind| (kind, report.reasons(*kind))) {
            if !reasons.is_empty() {
                println!("- {name}, `{}`: {}.", kind.name(), reasons.join("; "));
            }
        }
    }
}

/// How many attacks there were, when the peer held against all; else what became of them.
fn cell(Counts { held, late, fell }: Counts) -> String {
    let parts = [(held, "held"), (late, "late"), (fell, "**fell**")].into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts.map(|(count, what)| format!("{count} {what}")).collect();
    format!(" {} |", if parts.is_empty() { "-".to_owned() } else { parts.join(", ") })
}

/// The keys of a server with our seed.
fn parties(network: [u8; 32]) -> Parties {
    Parties::with_server(network, *KeyPair::from_seed(Seed::from_bytes(SEED)).public().as_bytes())
}

/// The configuration that our scripts take.
fn config(version: u8, more: &str) -> String {
    let [network, seed] = [NetworkKey::SSB_MAIN.as_bytes(), &SEED].map(|bytes| data_encoding::HEXLOWER.encode(bytes));
    format!(r#"{{"version":{version},"suites":["net~shs"],"networkKey":"{network}","seed":"{seed}",{more}}}"#)
}

/// The command that runs one of our scripts with the installed packages.
fn node(reference: &Reference, script: &str, config: &str) -> Vec<String> {
    let command = reference.script(script);
    let command = command.as_std();
    let environment = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), value?.to_string_lossy())));
    let words = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    let start = std::iter::once("env".to_owned()).chain(environment);
    start.chain(["node".to_owned()]).chain(words).chain([config.to_owned()]).collect()
}
