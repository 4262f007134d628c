//! XSalsa20-Poly1305 in code of this crate: vectors where the processor has them, plain Rust elsewhere.

mod cpu;
mod key_stream;
mod plan;
mod poly1305;
mod salsa20;

pub(crate) use key_stream::{Key, KeyStream};
