//! What people get to see: results, failures and how it goes on.

pub(crate) mod exit;
pub(crate) mod failure_words;
pub(crate) mod log;
pub(crate) mod mask;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod terminal;
