//! The security protocols that the program speaks.

use crate::files::protocols::ProtocolsFile;
use multiserver_noise::Noise;
use multiserver_tokio::{KeyPair, NetworkKey, Shs, Suite, Transport};
use std::sync::Arc;

/// A security protocol, as an endpoint to listen at names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Shs,
    Noise,
}

impl Protocol {
    /// Splits an endpoint from the protocol that it ends with; without one, it is `shs`.
    pub(crate) fn split(text: &str) -> (&str, Self) {
        if let Some(endpoint) = text.strip_suffix("~noise") {
            (endpoint, Self::Noise)
        } else {
            (text.strip_suffix("~shs").unwrap_or(text), Self::Shs)
        }
    }
}

/// Makes suites of any transport.
pub(crate) trait Secure {
    /// The suite over this transport, with the protocol that is used unless another one is asked for.
    fn over(&self, transport: impl Transport) -> Suite;

    /// The file of the protocols by which servers have proven their keys; without one, that is forgotten in the end.
    fn protocols(&self) -> Option<ProtocolsFile> {
        None
    }

    /// The suite over this transport with `noise`, where there is a choice of protocols.
    fn over_noise(&self, transport: impl Transport) -> Option<Suite> {
        drop(transport);
        None
    }
}

/// Every protocol, with one identity in one network.
#[derive(Debug, Clone)]
pub(crate) struct Security {
    pub(crate) shs: Shs,
    pub(crate) noise: Noise,
    protocols: Option<ProtocolsFile>,
}

impl Security {
    pub(crate) fn new(identity: Arc<KeyPair>, network: NetworkKey) -> Self {
        let network = Arc::new(network);
        let shs = Shs::new(Arc::clone(&identity)).network(Arc::clone(&network));
        Self { shs, noise: Noise::new(identity).network(network), protocols: None }
    }

    /// The same with this file of the protocols by which servers have proven their keys.
    pub(crate) fn remembering(mut self, protocols: ProtocolsFile) -> Self {
        self.protocols = Some(protocols);
        self
    }
}

impl Secure for Security {
    fn over(&self, transport: impl Transport) -> Suite {
        Suite::new(transport).then(self.shs.clone())
    }

    fn protocols(&self) -> Option<ProtocolsFile> {
        self.protocols.clone()
    }

    fn over_noise(&self, transport: impl Transport) -> Option<Suite> {
        Some(Suite::new(transport).then(self.noise.clone()))
    }
}

/// The transport alone, without a security protocol.
#[derive(Debug)]
pub(crate) struct Bare;

impl Secure for Bare {
    fn over(&self, transport: impl Transport) -> Suite {
        Suite::new(transport)
    }
}
