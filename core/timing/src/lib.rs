//! Whether secrets decide about branches, addresses or time; for checks only.
//!
//! `taint` runs the product under Valgrind with its secrets marked as undefined, as Adam Langley's ctgrind does: Memcheck
//! then tells of every branch and every address that depends on one. `ttest` measures, as "Dude, is my code constant time?"
//! (Reparaz, Balasch and Verbauwhede, 2017) does, whether two kinds of input take different times.

pub mod report;
pub mod valgrind;
pub mod welch;
