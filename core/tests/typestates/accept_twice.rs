//! A request is accepted once.

use multiserver_core::shs::Authenticated;

fn accept_twice(request: Authenticated) {
    let _ = request.accept();
    let _ = request.accept();
}

fn main() {}
