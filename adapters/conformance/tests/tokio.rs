//! The body of tests on tokio.

use multiserver_conformance::{
    File, Loopback, SecureWebSocket, WebSocket, balancers, channels, conformance, files, floods, noise, onion, sockets,
};
use multiserver_tokio::Tokio;

conformance!(net, Tokio, Loopback);
conformance!(ws, Tokio, WebSocket);
conformance!(wss, Tokio, SecureWebSocket);
conformance!(unix, Tokio, File);
noise!(noise_net, Tokio, Loopback);
noise!(noise_ws, Tokio, WebSocket);
noise!(noise_wss, Tokio, SecureWebSocket);
noise!(noise_unix, Tokio, File);
files!(unix_files, Tokio);
sockets!(open_sockets, Tokio);
balancers!(behind_balancers, Tokio);
floods!(websocket_floods, Tokio);
onion!(onion_by_proxy, Tokio);
channels!(channel, Tokio);
