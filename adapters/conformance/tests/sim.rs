//! The body of tests in a simulation.

use multiserver_conformance::{
    File, Loopback, SecureWebSocket, Simulated, WebSocket, balancers, channels, conformance, noise, onion,
};

conformance!(net, Simulated, Loopback);
conformance!(ws, Simulated, WebSocket);
conformance!(wss, Simulated, SecureWebSocket);
conformance!(unix, Simulated, File);
noise!(noise_net, Simulated, Loopback);
noise!(noise_ws, Simulated, WebSocket);
noise!(noise_wss, Simulated, SecureWebSocket);
noise!(noise_unix, Simulated, File);
balancers!(behind_balancers, Simulated);
onion!(onion_by_proxy, Simulated);
channels!(channel, Simulated);
