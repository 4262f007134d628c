//! The transports `ws` and `wss`, by the browser's WebSockets.

use crate::{socket, socket_stream};
use multiserver_compose::{
    Attempt, BoxFuture, Dial, DialPlan, LayerError, Listener, Opened, Plan, Runtime, Stage, Transport,
};
use multiserver_core::address::{Layer, LayerBuf, Scope, Ws, Wss};
use std::io;

/// WebSockets that the browser opens, for addresses with `ws` or with `wss`. A page cannot listen.
#[derive(Debug, Clone, Copy)]
pub struct WebSockets {
    is_tls: bool,
}

impl WebSockets {
    /// For `ws` addresses. A page that came by HTTPS cannot open these, except on the same machine.
    #[must_use]
    pub const fn ws() -> Self {
        Self { is_tls: false }
    }

    /// For `wss` addresses, with the certificates that the browser trusts.
    #[must_use]
    pub const fn wss() -> Self {
        Self { is_tls: true }
    }
}

impl Transport for WebSockets {
    fn name(&self) -> &str {
        if self.is_tls { "wss" } else { "ws" }
    }

    fn max_scope(&self) -> Option<Scope> {
        None
    }

    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>> {
        let (host, port, path) = if self.is_tls {
            let wss = Wss::try_from(layer).ok()?;
            (wss.host().in_url().to_string(), wss.port(), wss.path().to_owned())
        } else {
            let ws = Ws::try_from(layer).ok()?;
            (ws.host().in_url().to_string(), ws.port(), ws.path().to_owned())
        };
        let url = format!("{}://{host}:{port}{path}", self.name());
        Some(Plan::dial(layer, DialSocket { url }))
    }

    fn addresses(&self, _: &dyn Runtime, _: Scope) -> Vec<LayerBuf> {
        Vec::new()
    }

    fn listen<'a>(&'a self, _: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        Box::pin(async { Ok(None) })
    }
}

/// Opens the WebSocket at a URL.
struct DialSocket {
    url: String,
}

impl Dial for DialSocket {
    fn dial<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async move {
            attempt.enter(Stage::WebSocket);
            let stream = if socket_stream::are_there() {
                socket_stream::open(&self.url).await?
            } else {
                socket::open(&self.url, attempt.runtime()).await?
            };
            Ok(Opened::new(stream))
        })
    }
}
