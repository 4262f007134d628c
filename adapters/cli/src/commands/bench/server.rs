//! The server's process: `bench` starts it.

use super::measure::Measure;
use super::suite_name::SuiteName;
use crate::options::limits::from_one_source;
use crate::process::runtime::{self, Signals};
use crate::report::exit::{self, Failure};
use crate::streams::pump::discard;
use crate::streams::standard::standard_input;
use clap::Args;
use multiserver_tokio::ws::Certificate;
use multiserver_tokio::{Limits, Multiserver, Scope, Server};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The host that the certificate is for.
const HOST: &str = "127.0.0.1";

/// Serve the connections that `bench` measures until the end of standard input, and print the addresses as the first
/// line.
#[derive(Args)]
pub(crate) struct ServerOptions {
    #[arg(value_name = "SUITE", value_enum)]
    suite: SuiteName,
}

/// The first line that the server prints, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Greeting {
    /// The address of each measurement's server, in the order of [`Measure::ALL`]. Each has a port of its own, so that
    /// the client can use all its ports with each.
    pub(super) addresses: [String; Measure::ALL.len()],
    /// The certificate that the server has, as PEM text.
    pub(super) root: String,
}

pub(crate) fn serve(options: &ServerOptions) -> Result<(), Failure> {
    runtime::block_on(serve_all(options.suite))
}

async fn serve_all(suite: SuiteName) -> Result<(), Failure> {
    let (mut signals, mut input) = (Signals::catch()?, standard_input()?);
    let (certificate, root) = certificate()?;
    let directory = tempfile::tempdir();
    let directory = directory.map_err(|error| Failure::failed(format_args!("no place for sockets: {error}")))?;
    // All clients are one source, which may open as many connections at once as all sources together.
    let limits = from_one_source(Limits::default());
    let mut addresses = Measure::ALL.map(|_| String::new());
    for (number, (measure, address)) in Measure::ALL.into_iter().zip(&mut addresses).enumerate() {
        let suite = suite.bind(&certificate, directory.path().join(number.to_string()))?;
        let multiserver = Multiserver::builder().suite(suite).limits(limits).build().map_err(Failure::failed)?;
        let server = multiserver.listen().await.map_err(Failure::failed)?;
        *address = server.address(Scope::Device).map(|address| address.to_string()).unwrap_or_default();
        tokio::spawn(serve_measure(server, measure));
    }
    exit::print(serde_json::to_string(&Greeting { addresses, root }).map_err(Failure::failed)?)?;
    tokio::select! {
        _ = discard(&mut input) => {}
        () = signals.next() => {}
    }
    Ok(())
}

/// A certificate that is made for this run, and its PEM text; its key stays in this process.
fn certificate() -> Result<(Certificate, String), Failure> {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()]);
    let made = made.map_err(|error| Failure::failed(format_args!("cannot make a certificate: {error}")))?;
    let (root, key) = (made.cert.pem(), Zeroizing::new(made.signing_key.serialize_pem()));
    let certificate = Certificate::from_pem(&root, key.as_bytes()).map_err(Failure::failed)?;
    Ok((certificate, root))
}

async fn serve_measure(server: Server, measure: Measure) {
    let anyone = |_| async { Some(()) };
    let serve = move |connection, ()| async move {
        if let Err(error) = measure.serve(connection).await {
            tracing::debug!("ended early: {error}");
        }
    };
    server.serve(anyone, serve).await;
}
