//! Drives sans-IO handshakes and box streams over futures-io streams.
