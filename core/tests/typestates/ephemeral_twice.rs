//! An ephemeral pair serves one handshake.

use multiserver_core::keys::Ephemeral;
use multiserver_core::shs::Client;

fn one_ephemeral_for_two(first: Client, second: Client, ephemeral: Ephemeral) {
    let _ = first.start(ephemeral);
    let _ = second.start(ephemeral);
}

fn main() {}
