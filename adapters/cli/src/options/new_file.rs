//! Names of files that the program makes.

use crate::report::mask::may_be_given_by_mistake;
use std::path::PathBuf;

/// Reads the path of a file to create. A text that looks like an address or a key is refused, since it could be a seed
/// and would be visible in the file's name; a path that looks like one can begin with `./`.
pub(crate) fn parse(text: &str) -> Result<PathBuf, &'static str> {
    let is_mistake = may_be_given_by_mistake(text) && !text.starts_with(['/', '.']);
    if is_mistake { Err("expected a path, and this looks like an address or a key") } else { Ok(text.into()) }
}
