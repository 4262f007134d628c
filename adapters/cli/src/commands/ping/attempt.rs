//! One attempt to reach a peer.

use super::one_ip::OneIp;
use super::timed::Timed;
use crate::options::dial::Dialer;
use crate::options::security::Security;
use crate::report::exit::{Class, Failure};
use crate::report::failure_words::{class, reasons};
use crate::report::progress::Progress;
use crate::seeds::without_seeds;
use crate::streams::parting::part_soon;
use multiserver_tokio::{Address, Stage};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// The stages in their order, each with its title and its name in JSON.
pub(super) const STAGES: [(Stage, &str, &str); 6] = [
    (Stage::Resolve, "lookup", "resolve"),
    (Stage::Connect, "connect", "connect"),
    (Stage::Proxy, "proxy", "proxy"),
    (Stage::Tls, "TLS", "tls"),
    (Stage::WebSocket, "WebSocket", "websocket"),
    (Stage::Handshake, "handshake", "handshake"),
];

/// The result of an attempt.
#[derive(Debug, Serialize)]
pub(super) struct Attempt {
    /// The address, without a seed.
    pub(super) address: String,
    /// The IP address that was tried, if the host name could be looked up.
    pub(super) ip: Option<IpAddr>,
    pub(super) works: bool,
    /// How long the stages that it reached took, in milliseconds, by their names.
    pub(super) stages: BTreeMap<&'static str, f64>,
    /// How long the whole attempt took, in milliseconds.
    pub(super) total: f64,
    /// Why it failed.
    pub(super) failure: Option<String>,
    /// The kind of failure.
    #[serde(skip)]
    pub(super) class: Option<Class>,
}

/// Connects to the peer at one IP address, and ends the connection.
pub(super) async fn attempt(
    address: &Address,
    ip: &OneIp,
    dialer: &Dialer,
    security: &Security,
    progress: &Progress,
) -> Result<Attempt, Failure> {
    let (unseeded, had_seed) = without_seeds(address);
    let timed = Timed::new(security.clone());
    let multiserver = dialer.multiserver_on(ip.clone(), &timed)?;
    let text = unseeded.redacted().to_string();
    progress.say(match ip.ip() {
        Some(ip) => format!("trying {text} at {ip}"),
        None => format!("trying {text}"),
    });
    let begun = Instant::now();
    let connected = multiserver.connect(&unseeded.into()).await;
    let (durations, total) = (timed.durations(), milliseconds(begun.elapsed()));
    let stages = STAGES.iter().filter_map(|(stage, _, name)| {
        let times = durations.iter().filter(|(other, _)| other == stage);
        times.map(|(_, duration)| milliseconds(*duration)).reduce(|sum, time| sum + time).map(|time| (*name, time))
    });
    let stages = stages.collect();
    let (failure, class) = match connected {
        Ok(connection) => {
            part_soon(connection).await;
            (None, None)
        }
        Err(error) => {
            let note = if had_seed { " (its seed was not used)" } else { "" };
            (Some(format!("{}{note}", reasons(&error))), Some(class(&error)))
        }
    };
    Ok(Attempt { address: text, ip: ip.ip(), works: failure.is_none(), stages, total, failure, class })
}

/// The duration in milliseconds, with three decimal places.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
