//! A client sends one hello.

use multiserver_core::keys::Ephemeral;
use multiserver_core::shs::Client;

fn hello_twice(client: Client) {
    let _ = client.start(Ephemeral::from_random([1; 32]));
    let _ = client.start(Ephemeral::from_random([2; 32]));
}

fn main() {}
