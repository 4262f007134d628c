//! What one layer of an address means.

use multiserver_noise::NoiseLayer;
use multiserver_tokio::core::address::{Channel, Layer, Net, NoAuth, Onion, Shs, Tunnel, Unix, Ws, Wss};
use serde::Serialize;
use std::borrow::Cow;

/// The explanation of a layer, to be printed.
#[derive(Debug, Serialize)]
pub(super) struct ExplainedLayer {
    pub(super) name: String,
    #[serde(flatten)]
    details: Details,
    #[serde(skip)]
    meaning: Vec<String>,
}

/// The content of a layer, without secrets.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Details {
    HostAndPort {
        host: String,
        port: u16,
    },
    Url {
        host: String,
        port: u16,
        path: String,
    },
    Path {
        path: String,
    },
    Shs {
        key: String,
        has_seed: bool,
    },
    Noise {
        key: String,
        has_seed: bool,
    },
    NoAuth {
        key: Option<String>,
    },
    Channel {},
    Tunnel {
        portal: String,
        target: String,
        instance: Option<String>,
    },
    /// The first field only, since the fields after it may be secret.
    Unknown {
        fields: Vec<String>,
        #[serde(skip_serializing_if = "is_none")]
        hidden_fields: usize,
    },
}

impl ExplainedLayer {
    /// The meaning for the user, in lines.
    pub(super) fn meaning(&self) -> &[String] {
        &self.meaning
    }
}

/// Explains a layer.
pub(super) fn explain(layer: Layer<'_>) -> ExplainedLayer {
    let (details, meaning) = details_and_meaning(layer);
    ExplainedLayer { name: layer.name().to_owned(), details, meaning }
}

fn details_and_meaning(layer: Layer<'_>) -> (Details, Vec<String>) {
    if let Ok(Net { host, port }) = Net::try_from(layer) {
        let meaning = format!("TCP to {host}, port {port}");
        (Details::HostAndPort { host: host.to_string(), port }, vec![meaning])
    } else if let Ok(Onion { host, port }) = Onion::try_from(layer) {
        let meaning = format!("the onion service {host}, port {port}, through a Tor proxy");
        (Details::HostAndPort { host: host.to_string(), port }, vec![meaning])
    } else if let Ok(ws) = Ws::try_from(layer) {
        web_socket("a WebSocket over TCP", ws.host().to_string(), ws.port(), ws.path())
    } else if let Ok(wss) = Wss::try_from(layer) {
        web_socket("a WebSocket over TLS", wss.host().to_string(), wss.port(), wss.path())
    } else if let Ok(unix) = Unix::try_from(layer) {
        let path = unix.path().to_owned();
        let meaning = format!("the Unix domain socket {path}");
        (Details::Path { path }, vec![meaning])
    } else if let Ok(shs) = Shs::try_from(layer) {
        let (key, has_seed) = (shs.key.to_string(), shs.seed.is_some());
        let meaning = explain_handshake("the secret handshake", &key, has_seed);
        (Details::Shs { key, has_seed }, meaning)
    } else if let Some(noise) = NoiseLayer::read(layer) {
        let (key, has_seed) = (noise.key.to_string(), noise.seed.is_some());
        let meaning = explain_handshake("Noise XK", &key, has_seed);
        (Details::Noise { key, has_seed }, meaning)
    } else if let Ok(NoAuth { key }) = NoAuth::try_from(layer) {
        let claim = key.map(|key| format!("the key {key} is claimed and not proven"));
        let meaning = std::iter::once("nothing: no encryption, and nobody proves who they are".to_owned()).chain(claim);
        (Details::NoAuth { key: key.map(|key| key.to_string()) }, meaning.collect())
    } else if Channel::try_from(layer).is_ok() {
        (Details::Channel {}, vec!["a message channel inside one device".to_owned()])
    } else if let Ok(tunnel) = Tunnel::try_from(layer) {
        explain_tunnel(&tunnel)
    } else {
        let mut fields = layer.fields();
        let first = fields.next().map(Cow::into_owned);
        let (fields, hidden_fields) = (first.into_iter().collect(), fields.count());
        (Details::Unknown { fields, hidden_fields }, vec!["a layer that this program does not know".to_owned()])
    }
}

fn web_socket(kind: &str, host: String, port: u16, path: &str) -> (Details, Vec<String>) {
    // The query may be a token.
    let path = path.split_once('?').map_or_else(|| path.to_owned(), |(path, _)| format!("{path}?<hidden>"));
    let meaning = format!("{kind} to {host}, port {port}, path {path}");
    (Details::Url { host, port, path }, vec![meaning])
}

fn explain_handshake(name: &str, key: &str, has_seed: bool) -> Vec<String> {
    let mut meaning = vec![format!("{name}: all is encrypted, and the peer must prove the key")];
    meaning.push(key.to_owned());
    if has_seed {
        meaning.push("with a seed: whoever has this address can act as its guest, so keep it secret".to_owned());
    }
    meaning
}

fn explain_tunnel(tunnel: &Tunnel) -> (Details, Vec<String>) {
    let mut meaning =
        vec![format!("a tunnel to     {}", tunnel.target()), format!("by way of       {}", tunnel.portal())];
    meaning.extend(tunnel.instance().map(|instance| format!("to its instance {instance}")));
    let details = Details::Tunnel {
        portal: tunnel.portal().to_string(),
        target: tunnel.target().to_string(),
        instance: tunnel.instance().map(str::to_owned),
    };
    (details, meaning)
}

/// In the form that serde's `skip_serializing_if` takes.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_none(count: &usize) -> bool {
    *count == 0
}
