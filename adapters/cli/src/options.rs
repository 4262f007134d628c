//! Options that several subcommands share.

pub(crate) mod address;
pub(crate) mod config;
pub(crate) mod count;
pub(crate) mod dial;
pub(crate) mod duration;
pub(crate) mod given;
pub(crate) mod identity;
pub(crate) mod limits;
pub(crate) mod listening;
pub(crate) mod new_file;
pub(crate) mod page;
pub(crate) mod proxy;
pub(crate) mod security;

pub(crate) use address::AddressOptions;
pub(crate) use identity::IdentityOptions;
