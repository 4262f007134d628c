//! A state that met a bad message is gone.

use multiserver_core::shs::AwaitServerHello;

fn try_again(state: AwaitServerHello, bad: [u8; 64], good: [u8; 64]) {
    if state.server_hello(&bad).is_err() {
        let _ = state.server_hello(&good);
    }
}

fn main() {}
