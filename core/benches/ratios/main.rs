//! What our code costs beside the primitives under it used directly: `cargo bench -p multiserver-core --bench ratios`.
//!
//! Each line has the median time of ours, that of the same work done directly, and their ratio beside the most it may
//! be. Both sides take turns, so that a change of the machine's speed meets both alike.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod box_stream;
mod handshake;
mod measure;

fn main() {
    handshake::compare();
    box_stream::compare();
}
