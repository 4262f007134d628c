//! The body of tests in a simulation.

use multiserver_conformance::{File, Loopback, Simulated, WebSocket, conformance};

conformance!(net, Simulated, Loopback);
conformance!(ws, Simulated, WebSocket);
conformance!(unix, Simulated, File);
