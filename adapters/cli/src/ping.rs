//! `multiserver ping`.

mod timed;

use crate::dial;
use crate::exit::{self, Failure};
use crate::failure_words::reasons;
use crate::options::{AddressOptions, IdentityOptions};
use crate::runtime;
use crate::seeds::without_seeds;
use clap::Args;
use multiserver_tokio::{Address, Connection, MultiAddress, Shs, Stage};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use timed::Timed;
use tokio::io::AsyncWriteExt;

/// How long a peer's goodbye is waited for.
const PARTING: Duration = Duration::from_secs(1);

/// The columns: a stage, its title and its name in JSON.
const STAGES: [(Stage, &str, &str); 6] = [
    (Stage::Resolve, "lookup", "resolve"),
    (Stage::Connect, "connect", "connect"),
    (Stage::Proxy, "proxy", "proxy"),
    (Stage::Tls, "TLS", "tls"),
    (Stage::WebSocket, "WebSocket", "websocket"),
    (Stage::Handshake, "handshake", "handshake"),
];

/// Try every address of a multi-address, and say which of them work and how long each stage took.
///
/// A stage without a time was not needed or not reached, or was over at once, as connecting to this machine may be, and
/// is counted with the next one.
///
/// A connection that could be had is ended at once. A seed is never used: where there is one, our identity stands in for
/// it, and a peer that only knows the seed refuses us. A server with standard input and output serves the ping as its
/// first peer.
///
/// The exit status is 0 when one of the addresses worked at least once.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    multiserver ping 'net:example.com:8008~shs:KEY;wss://example.com~shs:KEY'\n  \
    multiserver ping --count 5 --json --address-file address.txt")]
pub(crate) struct Options {
    #[command(flatten)]
    address: AddressOptions,
    /// How many times to try each address.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// Print JSON in the end, for programs: an array with an object for each attempt, with times in milliseconds.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    identity: IdentityOptions,
}

/// What came of an attempt.
#[derive(Debug, Serialize)]
struct Attempt {
    /// Without a seed.
    address: String,
    works: bool,
    /// How long the stages that it reached took, in milliseconds, by their names.
    stages: BTreeMap<&'static str, f64>,
    /// How long all of it took, in milliseconds.
    total: f64,
    /// Why it came to nothing.
    failure: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let addresses = options.address.parse()?;
    let shs = options.identity.shs()?;
    runtime::block_on(ping(options, &addresses, &shs))
}

async fn ping(options: &Options, addresses: &MultiAddress, shs: &Shs) -> Result<(), Failure> {
    let mut attempts = Vec::new();
    if !options.json {
        exit::print(row(STAGES.map(|(_, title, _)| title.to_owned()), "total", "address"))?;
    }
    for _ in 0..options.count {
        for address in addresses.addresses() {
            let attempt = attempt(address, shs).await?;
            if !options.json {
                exit::print(attempt.to_text())?;
            }
            attempts.push(attempt);
        }
    }
    if options.json {
        exit::print(serde_json::to_string_pretty(&attempts).map_err(Failure::failed)?)?;
    }
    let works = attempts.iter().any(|attempt| attempt.works);
    if works { Ok(()) } else { Err(Failure::failed("no address works")) }
}

async fn attempt(address: &Address, shs: &Shs) -> Result<Attempt, Failure> {
    let (unseeded, had_seed) = without_seeds(address);
    let timed = Timed::new(shs.clone());
    let multiserver = dial::multiserver(&timed)?;
    let text = unseeded.redacted().to_string();
    let begun = Instant::now();
    let connected = multiserver.connect(&unseeded.into()).await;
    let (durations, total) = (timed.durations(), milliseconds(begun.elapsed()));
    let stage_names = STAGES.iter().filter_map(|(stage, _, name)| {
        let times = durations.iter().filter(|(other, _)| other == stage);
        times.map(|(_, duration)| milliseconds(*duration)).reduce(|sum, time| sum + time).map(|time| (*name, time))
    });
    let stages = stage_names.collect();
    let failure = match connected {
        Ok(connection) => {
            part(connection).await;
            None
        }
        Err(error) if had_seed => Some(format!("{} (its seed was not used)", reasons(&error))),
        Err(error) => Some(reasons(&error)),
    };
    Ok(Attempt { address: text, works: failure.is_none(), stages, total, failure })
}

/// Says goodbye, and lets the peer say it too.
async fn part(mut connection: Connection) {
    let goodbyes = async {
        connection.shutdown().await?;
        tokio::io::copy(&mut connection, &mut tokio::io::sink()).await
    };
    match tokio::time::timeout(PARTING, goodbyes).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!("no goodbye: {error}"),
        Err(_) => tracing::debug!("no goodbye within {PARTING:?}"),
    }
}

/// In milliseconds, with three digits behind the point.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

impl Attempt {
    /// A row of the table, and the failure in a line below.
    fn to_text(&self) -> String {
        let stages = STAGES.map(|(.., name)| self.stages.get(name).map_or_else(|| "-".to_owned(), |time| shown(*time)));
        let row = row(stages, &shown(self.total), &self.address);
        match &self.failure {
            Some(failure) => format!("{row}\n  failed: {failure}"),
            None => row,
        }
    }
}

fn shown(milliseconds: f64) -> String {
    format!("{milliseconds:.1} ms")
}

fn row(stages: [String; 6], total: &str, address: &str) -> String {
    let stages: String = stages.iter().map(|stage| format!("{stage:>9}  ")).collect();
    format!("{stages}{total:>9}  {address}")
}
