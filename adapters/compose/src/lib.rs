//! Transports and transforms composed into suites, and suites into a multiserver, over any runtime.
