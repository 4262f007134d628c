//! The server's process: `bench` starts it.

use super::measure::Measure;
use super::suite_name::{LOOPBACK, SuiteName};
use crate::commands::serve;
use crate::files::identity;
use crate::options::count;
use crate::options::limits::from_one_source;
use crate::options::security::Security;
use crate::process::activation::Sockets;
use crate::process::runtime::{self, Signals};
use crate::report::exit::{self, Failure};
use crate::streams::pump::discard;
use crate::streams::standard::standard_input;
use clap::Args;
use multiserver_tokio::ws::Certificate;
use multiserver_tokio::{Limits, Multiserver, NetworkKey, Scope, Server};
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use tempfile::{NamedTempFile, TempDir};
use tokio::io::AsyncRead;
use zeroize::Zeroizing;

/// The host that the certificate is for.
const HOST: &str = "127.0.0.1";

/// Serve the connections that `bench` measures until the end of standard input, and print the addresses as the first
/// line.
#[derive(Args)]
pub(crate) struct ServerOptions {
    #[arg(value_name = "SUITE", value_enum)]
    suite: SuiteName,
    /// Serve as `serve --echo` does, for this many peers, and print the certificate's PEM text as JSON and then the address.
    #[arg(long, value_name = "N", value_parser = count::parse::<usize>)]
    idle: Option<usize>,
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
    runtime::block_on(async {
        let input = standard_input()?;
        match options.idle {
            Some(count) => serve_idle(options.suite, count, input).await,
            None => serve_all(options.suite, input).await,
        }
    })
}

async fn serve_all(suite: SuiteName, mut input: impl AsyncRead + Unpin) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let (root, key) = certificate()?;
    let certificate = Certificate::from_pem(&root, key.as_bytes()).map_err(Failure::failed)?;
    let directory = directory()?;
    // All clients are one source, which may open as many connections at once as there may be.
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

/// Serves this many peers as `serve --echo` does.
async fn serve_idle(suite: SuiteName, count: usize, mut input: impl AsyncRead + Unpin) -> Result<(), Failure> {
    let (root, key) = certificate()?;
    let directory = directory()?;
    let file = |text: &str| {
        let mut file = NamedTempFile::new_in(&directory)?;
        file.write_all(text.as_bytes()).map(|()| file)
    };
    let (certificate, key) = (file(&root).map_err(Failure::failed)?, file(&key).map_err(Failure::failed)?);
    let socket = directory.path().join("socket");
    let place = suite.endpoint(if suite.is_unix() { socket.as_os_str() } else { OsStr::new(LOOPBACK) });
    let count = OsString::from(count.to_string());
    let mut arguments: Vec<&OsStr> = ["serve", "--echo", suite.option()?].map(OsStr::new).into();
    arguments.extend([place.as_os_str(), OsStr::new("--max-peers"), &count, OsStr::new("--max-peers-per-key"), &count]);
    if suite.is_tls() {
        let files = ["--cert".as_ref(), certificate.path().as_os_str(), "--key".as_ref(), key.path().as_os_str()];
        arguments.extend(files);
    }
    let options = serve::Options::parse(arguments)?;
    exit::print(serde_json::to_string(&root).map_err(Failure::failed)?)?;
    tokio::select! {
        served = serve::serve(options, Security::new(identity::generate()?.into(), NetworkKey::SSB_MAIN), Sockets::default()) => served,
        _ = discard(&mut input) => Ok(()),
    }
}

/// A place for sockets and files, which goes with the server.
fn directory() -> Result<TempDir, Failure> {
    tempfile::tempdir().map_err(|error| Failure::failed(format_args!("no place for sockets: {error}")))
}

/// A certificate that is made for the occasion, and its key, both as PEM text.
fn certificate() -> Result<(String, Zeroizing<String>), Failure> {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()]);
    let made = made.map_err(|error| Failure::failed(format_args!("cannot make a certificate: {error}")))?;
    Ok((made.cert.pem(), Zeroizing::new(made.signing_key.serialize_pem())))
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
