//! `multiserver ping`.

mod attempt;
mod one_ip;
mod timed;

use crate::options::dial::{DialOptions, Dialer};
use crate::options::security::Security;
use crate::options::{AddressOptions, IdentityOptions, count};
use crate::process::runtime::{self, Signals};
use crate::report::exit::{self, Class, Failure};
use crate::report::progress::Progress;
use crate::report::table::{Cell, Column, Table};
use attempt::{Attempt, STAGES, attempt};
use clap::Args;
use multiserver_tokio::MultiAddress;
use one_ip::OneIp;

/// Try every address of a multi-address at every IP address of its host, and say which of them work and how long each
/// stage took.
///
/// A stage that is not shown was not needed or not reached. One that was over at once, such as connecting to this
/// machine, may also be missing; its time is counted with the next stage. A host is looked up once for all its IP
/// addresses, and that time is shown with the first of them.
///
/// A connection that succeeds is ended at once. A seed is never used: if there is one, our identity is used instead,
/// and a peer that knows only the seed refuses us. To a server that serves its first peer with standard input and
/// output, the ping counts as that peer.
///
/// Ctrl-C (SIGINT) and SIGTERM end it, and the results so far are shown. The exit status is 0 when one of the attempts
/// succeeded.
#[derive(Args)]
#[command(after_help = examples!(
    "try both ways to a peer":
        "multiserver ping 'net:example.com:8008~shs:KEY;wss://example.com~shs:KEY'",
    "five times each, for a program":
        "multiserver ping --count 5 --json --address-file home.address"
))]
pub(crate) struct Options {
    #[command(flatten)]
    address: AddressOptions,
    /// How many times to try each address.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count::parse::<u32>)]
    count: u32,
    /// Print JSON at the end, for programs: an array with an object for each attempt, with times in milliseconds.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    dial: DialOptions,
    #[command(flatten)]
    identity: IdentityOptions,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let addresses = options.address.parse()?;
    let security = options.identity.security()?;
    let dialer = options.dial.read()?;
    runtime::block_on(ping(options, &addresses, &dialer, &security))
}

async fn ping(
    options: &Options,
    addresses: &MultiAddress,
    dialer: &Dialer,
    security: &Security,
) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let mut attempts = Vec::new();
    tokio::select! {
        tried = try_all(options.count, addresses, dialer, security, &mut attempts) => tried?,
        () = signals.next() => {}
    }
    if options.json {
        exit::print(serde_json::to_string_pretty(&attempts).map_err(Failure::failed)?)?;
    } else {
        exit::print(table(&attempts))?;
    }
    if attempts.iter().any(|attempt| attempt.works) {
        return Ok(());
    }
    let class = attempts.iter().filter_map(|attempt| attempt.class).max();
    Err(Failure::new(class.unwrap_or(Class::Failed), "no address works"))
}

/// Tries each address this many times at each IP address, one after the other.
async fn try_all(
    count: u32,
    addresses: &MultiAddress,
    dialer: &Dialer,
    security: &Security,
    attempts: &mut Vec<Attempt>,
) -> Result<(), Failure> {
    let progress = Progress::spinner();
    for _ in 0..count {
        for address in addresses.addresses() {
            let mut next = Some(OneIp::first_of(address, dialer.is_through_proxy()));
            while let Some(ip) = next {
                attempts.push(attempt(address, &ip, dialer, security, &progress).await?);
                next = ip.next();
            }
        }
    }
    Ok(())
}

fn table(attempts: &[Attempt]) -> Table {
    let columns = ["address", "IP", "milliseconds"].map(Column::Text);
    let mut table = Table::new(columns.into_iter().chain([Column::Number("total"), Column::Text("outcome")]));
    for attempt in attempts {
        let ip = attempt.ip.map_or_else(nothing, |ip| ip.to_string());
        let stages = STAGES.into_iter().filter_map(|(_, title, name)| {
            let time = attempt.stages.get(name)?;
            Some(format!("{title} {time:.1}"))
        });
        let stages = stages.reduce(|all, stage| format!("{all}, {stage}")).unwrap_or_else(nothing);
        let texts = [attempt.address.clone(), ip, stages, format!("{:.1}", attempt.total)];
        let outcome = match &attempt.failure {
            None => Cell::Good("works".to_owned()),
            Some(reason) => Cell::Bad(format!("failed: {reason}")),
        };
        table.add(texts.map(Cell::Plain).into_iter().chain([outcome]));
    }
    table
}

fn nothing() -> String {
    "-".to_owned()
}
