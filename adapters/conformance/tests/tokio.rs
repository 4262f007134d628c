//! The body of tests on tokio.

use multiserver_conformance::{File, Loopback, conformance, files};
use multiserver_tokio::Tokio;

conformance!(net, Tokio, Loopback);
conformance!(unix, Tokio, File);
files!(unix_files, Tokio);
