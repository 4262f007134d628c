//! Nobody is accepted before the proof.

use multiserver_core::shs::AwaitClientAuth;

fn accept_anybody(state: AwaitClientAuth) {
    let _ = state.accept();
}

fn main() {}
