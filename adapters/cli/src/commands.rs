//! The subcommands, a module each: its options, and what it does.

pub(crate) mod address;
pub(crate) mod bench;
pub(crate) mod bridge;
pub(crate) mod completions;
pub(crate) mod connect;
pub(crate) mod forward;
pub(crate) mod invite;
pub(crate) mod join;
pub(crate) mod keygen;
pub(crate) mod man;
pub(crate) mod ping;
pub(crate) mod serve;
