//! A message has its length in its type.

use multiserver_core::shs::AwaitServerHello;

fn short(state: AwaitServerHello) {
    let _ = state.server_hello(&[0; 63]);
}

fn main() {}
