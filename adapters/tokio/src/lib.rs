//! Multi-protocol addresses and the secret handshake on tokio.
