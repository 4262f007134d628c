//! The body of tests on smol.

use multiserver_conformance::{File, Loopback, conformance, files};
use multiserver_smol::Smol;

conformance!(net, Smol, Loopback);
conformance!(unix, Smol, File);
files!(unix_files, Smol);
