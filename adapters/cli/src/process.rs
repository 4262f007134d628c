//! The program as a process: its runtime, its signals, and the service manager.

pub(crate) mod activation;
pub(crate) mod counters;
pub(crate) mod descriptors;
pub(crate) mod runtime;
pub(crate) mod serving;
pub(crate) mod strangers;
