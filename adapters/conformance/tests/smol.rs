//! The body of tests on smol.

use multiserver_conformance::{
    File, Loopback, SecureWebSocket, WebSocket, balancers, channels, conformance, files, floods, noise, onion, sockets,
};
use multiserver_smol::Smol;

conformance!(net, Smol, Loopback);
conformance!(ws, Smol, WebSocket);
conformance!(wss, Smol, SecureWebSocket);
conformance!(unix, Smol, File);
noise!(noise_net, Smol, Loopback);
noise!(noise_ws, Smol, WebSocket);
noise!(noise_wss, Smol, SecureWebSocket);
noise!(noise_unix, Smol, File);
files!(unix_files, Smol);
sockets!(open_sockets, Smol);
balancers!(behind_balancers, Smol);
floods!(websocket_floods, Smol);
onion!(onion_by_proxy, Smol);
channels!(channel, Smol);
