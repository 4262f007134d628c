//! `multiserver bench`.

mod child;
mod idle;
mod measure;
mod memory;
mod server;
mod suite_name;

pub(crate) use server::{ServerOptions, serve};

use crate::options::{count, duration};
use crate::process::runtime::{self, Signals};
use crate::report::exit::{self, Failure};
use crate::report::progress::Progress;
use crate::report::table::{Cell, Column, Table};
use child::Child;
use clap::Args;
use idle::IdleMeasure;
use measure::{Measure, Peer};
use serde::Serialize;
use server::Greeting;
use std::time::Duration;
use suite_name::SuiteName;

/// How long the warm-up before each measurement takes at most.
const WARM_UP: Duration = Duration::from_millis(200);

/// How much longer than asked for a measurement may take, since the last connections have to end and all bytes have to
/// arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// Measure connections and throughput on this machine, between two processes over the loopback interface.
///
/// A handshake is one connection from its opening until both sides have said goodbye: first one after the other, then
/// 32 at once. One way, the client sends, and the time ends with the server's goodbye after the last byte; with echo,
/// every byte comes back and is counted once. The keys, and the certificate for wss, are made for this run.
///
/// The suites without shs are the bare transport, as the limit to compare with.
///
/// Each measure opens 10000 connections at most, so that the system does not run out of ports; fast ones then take less
/// time than asked for.
///
/// With --idle it measures what connections cost that carry nothing, on both sides: the memory of `serve --echo` and that
/// of a client, in bytes per connection, when all are open and when each has carried 100 kB and every thousandth 100 MB; and
/// what is left some seconds after all are gone, in MiB.
#[derive(Args)]
#[command(after_help = examples!(
    "all suites with shs, and TCP alone":
        "multiserver bench",
    "what the handshake costs, in 10 seconds each":
        "multiserver bench --suite net,net~shs --seconds 10",
    "what 10000 idle connections cost":
        "multiserver bench --idle 10000",
    "for a program":
        "multiserver bench --json > bench.json"
))]
pub(crate) struct Options {
    /// The suite to measure; give several by repeating the option or with commas. By default all with shs, and net.
    #[arg(long = "suite", value_name = "SUITE", value_enum, value_delimiter = ',')]
    suites: Vec<SuiteName>,
    /// How long each of the four measures of a suite takes.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "2")]
    seconds: Duration,
    /// Measure the memory of this many connections that are open at once; by default of net~shs. Each needs a port and an
    /// open file. Only Linux tells how much memory a process has.
    #[arg(long, value_name = "N", value_parser = count::parse::<usize>, conflicts_with = "seconds")]
    idle: Option<usize>,
    /// Print JSON, for programs: an array of objects such as {"suite": "net~shs", "measure": "echo_mib_per_second",
    /// "value": 812.5}.
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Measured<M = Measure> {
    suite: &'static str,
    measure: M,
    value: f64,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    runtime::block_on(bench(options))
}

async fn bench(options: &Options) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let work = async {
        match options.idle {
            Some(count) => {
                let suites = suites(options, || vec![SuiteName::NetShs]);
                let measured = idle::measure_all(&suites, count).await?;
                print(options, &measured, IdleMeasure::table)
            }
            None => {
                let suites = suites(options, SuiteName::default_ones);
                let measured = measure_all(&suites, options.seconds).await?;
                print(options, &measured, table)
            }
        }
    };
    tokio::select! {
        done = work => done,
        () = signals.next() => Err(Failure::failed("ended by a signal")),
    }
}

/// The suites that are asked for.
fn suites(options: &Options, default: impl FnOnce() -> Vec<SuiteName>) -> Vec<SuiteName> {
    if options.suites.is_empty() { default() } else { options.suites.clone() }
}

fn print<M: Serialize>(
    options: &Options,
    measured: &[Measured<M>],
    table: impl FnOnce(&[Measured<M>]) -> Table,
) -> Result<(), Failure> {
    if options.json {
        exit::print(serde_json::to_string_pretty(measured).map_err(Failure::failed)?)
    } else {
        exit::print(table(measured))
    }
}

async fn measure_all(suites: &[SuiteName], time: Duration) -> Result<Vec<Measured>, Failure> {
    let progress = Progress::bar(suites.len() * Measure::ALL.len());
    let mut measured = Vec::new();
    for suite in suites {
        progress.say(format!("{suite}: starting the server"));
        let (mut server, greeting) = Child::start(*suite, &[]).await?;
        let greeting: Greeting = serde_json::from_str(&greeting).map_err(Failure::failed)?;
        let peers = server.peers(&greeting.root, &greeting.addresses)?;
        for (measure, peer) in Measure::ALL.into_iter().zip(peers) {
            progress.say(format!("{suite}: {}", measure.title()));
            let value = server.attend(warm(measure, &peer, time)).await?;
            measured.push(Measured { suite: suite.name(), measure, value });
            progress.step();
        }
        server.stop().await?;
    }
    Ok(measured)
}

/// Runs the measurement after a warm-up, in which everything is done that happens only once.
async fn warm(measure: Measure, peer: &Peer, time: Duration) -> Result<f64, Failure> {
    let measured = async {
        measure.run(peer, WARM_UP.min(time / 10)).await?;
        measure.run(peer, time).await
    };
    let limit = time.saturating_add(PATIENCE);
    let measured = tokio::time::timeout(limit, measured).await;
    measured.unwrap_or_else(|_| Err(Failure::failed(format_args!("{} had no end within {limit:?}", measure.title()))))
}

fn table(measured: &[Measured]) -> Table {
    let measures = Measure::ALL.map(|measure| Column::Number(measure.title()));
    let mut table = Table::new([Column::Word("suite")].into_iter().chain(measures));
    for measured in measured.chunks(Measure::ALL.len()) {
        let suite = measured.first().map(|measured| measured.suite.to_owned());
        let values = measured.iter().map(|measured| measured.measure.show(measured.value));
        table.add(suite.into_iter().chain(values).map(Cell::Plain));
    }
    table
}
