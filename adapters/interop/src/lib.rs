//! Other implementations as child processes, for the tests beside this library.
//!
//! [`Reference`] is the reference in Node: npm `multiserver`, two versions of it, and its test suites, installed by
//! [`Reference::install`] below the target directory and pinned by `node/package-lock.json`. [`blocking`] is what the
//! executables under `examples/` are made of. [`Nginx`] is a reverse proxy that ends TLS, [`Chromium`] a browser.

pub mod blocking;
mod chromium;
mod nginx;
mod node;
mod peer;

pub use chromium::Chromium;
pub use nginx::Nginx;
pub use node::Reference;
pub use peer::{ClientEnd, Event, Peer, ReferenceClient, ReferenceServer, Under, Version};

use std::time::Duration;

/// The longest that a test waits for another process to do what it was asked: long, for slow machines with much to do.
pub const PATIENCE: Duration = Duration::from_secs(60);
