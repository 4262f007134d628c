//! The body of tests in a simulation.

use multiserver_conformance::{File, Loopback, Simulated, conformance};

conformance!(net, Simulated, Loopback);
conformance!(unix, Simulated, File);
