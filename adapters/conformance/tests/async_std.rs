//! The body of tests on async-std.

use multiserver_async_std::AsyncStd;
use multiserver_conformance::{
    File, Loopback, SecureWebSocket, WebSocket, balancers, channels, conformance, files, floods, noise, onion, sockets,
};

conformance!(net, AsyncStd, Loopback);
conformance!(ws, AsyncStd, WebSocket);
conformance!(wss, AsyncStd, SecureWebSocket);
conformance!(unix, AsyncStd, File);
noise!(noise_net, AsyncStd, Loopback);
noise!(noise_ws, AsyncStd, WebSocket);
noise!(noise_wss, AsyncStd, SecureWebSocket);
noise!(noise_unix, AsyncStd, File);
files!(unix_files, AsyncStd);
sockets!(open_sockets, AsyncStd);
balancers!(behind_balancers, AsyncStd);
floods!(websocket_floods, AsyncStd);
onion!(onion_by_proxy, AsyncStd);
channels!(channel, AsyncStd);
