//! Sockets and timers of `async-io`, which smol and async-std have in common, as the runtime of a multiserver.
//!
//! To use a multiserver, add `multiserver-smol` or `multiserver-async-std`. This crate is for those who run futures on
//! an executor of their own: [`AsyncIo`] is a runtime, and an [`Executor`] is all that it lacks.
#![forbid(unsafe_code)]

mod runtime;
mod socket;

pub use runtime::{AsyncIo, Executor};
