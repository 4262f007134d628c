//! Bytes between peers and local programs.

mod chunk;
pub(crate) mod endpoint;
pub(crate) mod idle;
pub(crate) mod output;
pub(crate) mod parting;
pub(crate) mod pipe;
mod presence;
pub(crate) mod pump;
pub(crate) mod standard;
