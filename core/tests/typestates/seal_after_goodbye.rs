//! Nothing is sealed after the goodbye.

use multiserver_core::box_stream::Sealer;

fn talk_on(mut sealer: Sealer) {
    let _ = sealer.goodbye();
    let _ = sealer.seal(&mut [0; 5]);
}

fn main() {}
