//! Tests of this workspace against other implementations.
