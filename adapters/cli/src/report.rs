//! What the user sees: results, failures and progress.

pub(crate) mod exit;
pub(crate) mod failure_words;
pub(crate) mod log;
pub(crate) mod mask;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod terminal;
