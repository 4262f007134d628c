//! Reads and prints the most common form of address: 71 bytes of TCP and secret handshake.

#![allow(clippy::expect_used)]

use divan::{Bencher, black_box};
use multiserver_core::address::MultiAddress;

const TEXT: &str = "net:node1.example:8008~shs:DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";

fn main() {
    divan::main();
}

/// Includes the time to zeroize and free the address.
#[divan::bench(sample_size = 1000)]
fn parse() {
    drop(black_box(black_box(TEXT).parse::<MultiAddress>()));
}

#[divan::bench(sample_size = 1000)]
fn print(bencher: Bencher<'_, '_>) {
    let address: MultiAddress = TEXT.parse().expect("an address");
    bencher.bench_local(|| black_box(&address).to_string());
}
