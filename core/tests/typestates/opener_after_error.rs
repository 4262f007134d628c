//! An opener that met a bad header is gone.

use multiserver_core::box_stream::Opener;

fn try_again(opener: Opener, bad: [u8; 34], good: [u8; 34]) {
    if opener.open_header(&bad).is_err() {
        let _ = opener.open_header(&good);
    }
}

fn main() {}
