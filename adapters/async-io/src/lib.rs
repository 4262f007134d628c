//! A runtime for a multiserver with the sockets and timers of `async-io`, which smol and async-std share.
//!
//! To use a multiserver, add `multiserver-smol` or `multiserver-async-std`. This crate is for programs that run futures
//! on an executor of their own: [`AsyncIo`] is a runtime that only needs an [`Executor`].
//!
//! ```
//! use multiserver_async_io::{AsyncIo, Executor};
//! use multiserver_compose::BoxFuture;
//!
//! /// An executor with a thread for each task.
//! #[derive(Default)]
//! struct Threads;
//!
//! impl Executor for Threads {
//!     fn spawn(&self, future: BoxFuture<'static, ()>) {
//!         std::thread::spawn(|| async_io::block_on(future));
//!     }
//! }
//!
//! type Multiserver = multiserver_compose::Multiserver<AsyncIo<Threads>>;
//! ```
#![forbid(unsafe_code)]

mod runtime;
mod socket;

pub use runtime::{AsyncIo, Executor};
