//! Attacks on any server or client of the secret handshake (shs1), in whatever language: what is said to it, how what it
//! does is graded, and the same as vectors.
//!
//! [`list`] has the attacks, [`attacker`] makes their messages, [`targets`] reaches the peer under test, and [`grade`]
//! judges what it did. [`vectors`] is for tests that need no socket and no process.
#![forbid(unsafe_code)]

pub mod attack;
pub mod attacker;
pub mod grade;
pub mod kind;
pub mod list;
mod observe;
pub mod parties;
mod report;
pub mod stream;
pub mod targets;
pub mod vectors;

pub use report::{Counts, Report};

#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "core's tests are written with it"
)]
#[path = "../../../core/tests/common/points.rs"]
mod points;
#[allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "core's tests are written with it"
)]
#[path = "../../../core/tests/common/schedule.rs"]
pub mod schedule;
