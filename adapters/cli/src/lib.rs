//! The multiserver program.
