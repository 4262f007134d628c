//! Models of the product for stateright, which tries everything that can happen and checks what must hold in each state.
//!
//! [`handshake`] has clients and servers with an attacker between them: the machines are the real ones, replayed from what
//! they have heard, since their secrets cannot be copied. A [fault](faults::Fault) leaves out one check beside a real
//! machine, to show that a property can fail.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "this is for tests, which may panic")]

mod attacker;
pub mod faults;
pub mod handshake;
pub mod protocol;

/// The tests of the core have them too.
#[path = "../../../core/tests/common/schedule.rs"]
#[allow(dead_code, missing_docs, unreachable_pub, reason = "each of both uses a part")]
mod schedule;
