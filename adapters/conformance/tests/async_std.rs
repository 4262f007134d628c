//! The body of tests on async-std.

use multiserver_async_std::AsyncStd;
use multiserver_conformance::{File, Loopback, conformance, files};

conformance!(net, AsyncStd, Loopback);
conformance!(unix, AsyncStd, File);
files!(unix_files, AsyncStd);
