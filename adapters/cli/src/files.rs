//! Files that the program reads and writes.

pub(crate) mod durable;
pub(crate) mod identity;
pub(crate) mod invites;
pub(crate) mod joined;
pub(crate) mod private;
pub(crate) mod protocols;
pub(crate) mod ssb_secret;
pub(crate) mod text;
pub(crate) mod watched;
