//! Servers and clients of the reference.

use crate::{Reference, patiently};
use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use multiserver_core::keys::{NetworkKey, PublicKey, Seed};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};

/// A version of npm `multiserver`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 1.13.7, the last of the first generation.
    V1,
    /// 3.8.2.
    V3,
}

/// The transport below a peer's secret handshake, or several suites at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Under {
    /// TCP.
    Net,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss {
        /// The certificate, as PEM text: a server's own, and the one that a client trusts.
        chain: String,
        /// Its private key, as PEM text.
        key: String,
    },
    /// These suites.
    Suites {
        /// Their layers' names: `net~shs`, `ws~shs` or `net~noauth`.
        layers: Vec<&'static str>,
        /// The host of `net` in the public scope: with it, version 1 serves in that scope only, and version 3 there too.
        external: Option<&'static str>,
    },
}

/// A peer's version, transport, network and identity.
#[derive(Debug)]
pub struct Peer {
    /// What is under the secret handshake.
    pub under: Under,
    /// The version of the reference.
    pub version: Version,
    /// The network that the peer is of.
    pub network: NetworkKey,
    /// The seed of the peer's identity.
    pub seed: Seed,
}

impl Peer {
    /// Starts a server for `allow`, or for everybody when that is `None`, which returns every byte.
    ///
    /// # Errors
    /// It did not start.
    pub async fn serve_echo(&self, reference: &Reference, allow: Option<&[PublicKey]>) -> Result<ReferenceServer> {
        self.serve(reference, allow, "echo").await
    }

    /// Starts a server for everybody that sends `hello`, ends that direction and reads to the end of the other.
    ///
    /// # Errors
    /// It did not start.
    pub async fn serve_greeting(&self, reference: &Reference) -> Result<ReferenceServer> {
        self.serve(reference, None, "greet").await
    }

    /// Starts servers that say nothing of what happens, lets a client of the reference measure them for about this many
    /// seconds a measure, and returns its values by the names that `multiserver bench --json` has for them.
    ///
    /// # Errors
    /// A server or the client did not start, or the client failed.
    pub async fn measure(&self, reference: &Reference, seconds: f64) -> Result<HashMap<String, f64>> {
        let discard = self.serve_with(reference, json!({ "allow": "all", "serve": "discard", "quiet": true })).await?;
        let echo = self.serve_with(reference, json!({ "allow": "all", "serve": "echo", "quiet": true })).await?;
        let settings = json!({ "seconds": seconds, "discard": discard.address(), "echo": echo.address() });
        let output = self.start(reference, "bench.js", settings, Stdio::inherit())?.wait_with_output().await?;
        ensure!(output.status.success(), "the measuring client ended with {}", output.status);
        serde_json::from_slice(&output.stdout).context("the measuring client printed no values")
    }

    /// Starts a client that connects to `address`.
    ///
    /// # Errors
    /// It did not start.
    pub fn connect(&self, reference: &Reference, address: &str) -> Result<ReferenceClient> {
        let mut child = self.start(reference, "client.js", json!({ "address": address }), Stdio::piped())?;
        Ok(ReferenceClient {
            input: child.stdin.take().context("no standard input")?,
            output: child.stdout.take().context("no standard output")?,
            reports: BufReader::new(child.stderr.take().context("no standard error")?).lines(),
            child,
        })
    }

    async fn serve(&self, reference: &Reference, allow: Option<&[PublicKey]>, what: &str) -> Result<ReferenceServer> {
        let allow = allow.map_or(json!("all"), |keys| keys.iter().map(|key| format!("{key:x}")).collect());
        let certificate = match &self.under {
            Under::Net | Under::Ws | Under::Suites { .. } => Value::Null,
            Under::Wss { chain, key } => json!({ "chain": chain, "key": key }),
        };
        self.serve_with(reference, json!({ "allow": allow, "serve": what, "certificate": certificate })).await
    }

    async fn serve_with(&self, reference: &Reference, settings: Value) -> Result<ReferenceServer> {
        let mut child = self.start(reference, "server.js", settings, Stdio::inherit())?;
        let input = child.stdin.take().context("no standard input")?;
        let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let line = patiently(lines.next_line()).await??.context("the server ended before it printed its address")?;
        let addresses = serde_json::from_str(&line).with_context(|| format!("not addresses: {line}"))?;
        Ok(ReferenceServer { child, input, lines, addresses })
    }

    fn start(&self, reference: &Reference, script: &str, mut settings: Value, stderr: Stdio) -> Result<Child> {
        let version = match self.version {
            Version::V1 => 1,
            Version::V3 => 3,
        };
        let (suites, external) = match &self.under {
            Under::Net => (json!(["net~shs"]), None),
            Under::Ws => (json!(["ws~shs"]), None),
            Under::Wss { .. } => (json!(["wss~shs"]), None),
            Under::Suites { layers, external } => (json!(layers), *external),
        };
        let own = [
            ("suites", suites),
            ("external", json!(external)),
            ("version", json!(version)),
            ("networkKey", json!(HEXLOWER.encode(self.network.as_bytes()))),
            ("seed", json!(HEXLOWER.encode(self.seed.as_bytes()))),
        ];
        let all = settings.as_object_mut().context("settings are an object")?;
        all.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let mut command = reference.script(script);
        if let Under::Wss { chain, .. } = &self.under {
            command.env("NODE_EXTRA_CA_CERTS", reference.trusted(chain)?);
        }
        command.arg(settings.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        Ok(command.spawn()?)
    }
}

/// Something that happened in a [`ReferenceServer`]; an error of `None` is a clean end.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// A client was accepted.
    Connected {
        /// The client's public key in hexadecimal digits.
        peer: String,
    },
    /// A client was not accepted.
    Failed {
        /// Why.
        error: String,
    },
    /// The peer's bytes ended.
    Received {
        /// How many there were.
        bytes: usize,
        /// What broke them off.
        error: Option<String>,
    },
    /// The server's bytes ended.
    Sent {
        /// How many there were.
        bytes: usize,
        /// What broke them off.
        error: Option<String>,
    },
}

/// A running server of the reference; dropping it kills it.
#[derive(Debug)]
pub struct ReferenceServer {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    addresses: Addresses,
}

/// The multi-address of a [`ReferenceServer`] in each scope, empty where it is not found.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Addresses {
    /// On this device.
    pub device: String,
    /// In the local network.
    pub local: String,
    /// The local network by its old name, the only one that version 1 knows.
    pub private: String,
    /// Everywhere.
    pub public: String,
}

impl ReferenceServer {
    /// Its multi-address on this device.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.addresses.device
    }

    /// Its multi-address in each scope.
    #[must_use]
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Waits for the next thing to happen.
    ///
    /// # Errors
    /// Nothing happens in [`PATIENCE`](crate::PATIENCE), or the server ended.
    pub async fn event(&mut self) -> Result<Event> {
        let line = patiently(self.lines.next_line()).await??.context("the server ended")?;
        serde_json::from_str(&line).with_context(|| format!("not an event: {line}"))
    }

    /// Ends the server, and returns the events that were not read yet.
    ///
    /// # Errors
    /// It ended with an error.
    pub async fn stop(mut self) -> Result<Vec<Event>> {
        drop(self.input);
        let mut events = Vec::new();
        while let Some(line) = patiently(self.lines.next_line()).await?? {
            events.push(serde_json::from_str(&line).with_context(|| format!("not an event: {line}"))?);
        }
        let status = patiently(self.child.wait()).await??;
        ensure!(status.success(), "the server ended with {status}");
        Ok(events)
    }
}

/// A running client of the reference; dropping it kills it.
#[derive(Debug)]
pub struct ReferenceClient {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    reports: Lines<BufReader<ChildStderr>>,
}

/// How a [`ReferenceClient`] ended.
#[derive(Debug, PartialEq, Eq)]
pub enum ClientEnd {
    /// Both directions ended cleanly; these bytes came.
    Clean(Vec<u8>),
    /// It could not connect, for this reason.
    NotConnected(String),
    /// A direction did not end cleanly; what the client printed about both.
    Broken(String),
}

impl ReferenceClient {
    /// Waits until the client says that the peer's bytes ended cleanly.
    ///
    /// # Errors
    /// It says something else, or nothing in [`PATIENCE`](crate::PATIENCE).
    pub async fn clean_end_of_receiving(&mut self) -> Result<()> {
        let line = patiently(self.reports.next_line()).await??.context("the client ended")?;
        ensure!(line == "receiving: clean end", "the client said: {line}");
        Ok(())
    }

    /// Has it send these bytes and end, and waits for its end.
    ///
    /// # Errors
    /// It does not end in [`PATIENCE`](crate::PATIENCE).
    pub async fn send(mut self, bytes: &[u8]) -> Result<ClientEnd> {
        let mut input = self.input;
        let send = async move {
            // A client that could not connect does not read its input; its exit status says so.
            let _ = input.write_all(bytes).await;
        };
        let mut received = Vec::new();
        let receive = self.output.read_to_end(&mut received);
        let mut said = String::new();
        let listen = async {
            while let Some(line) = self.reports.next_line().await? {
                said.push_str(&line);
                said.push('\n');
            }
            std::io::Result::Ok(())
        };
        let ((), receive, listen) = patiently(async { tokio::join!(send, receive, listen) }).await?;
        receive?;
        listen?;
        Ok(match patiently(self.child.wait()).await??.code() {
            Some(0) => ClientEnd::Clean(received),
            Some(1) => ClientEnd::NotConnected(said),
            Some(_) | None => ClientEnd::Broken(said),
        })
    }
}
