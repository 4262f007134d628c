//! The client's side of a secret handshake over standard input and output, as npm `shs1-test` drives it.
//!
//! Arguments, in hexadecimal digits: network key, the server's public key.

use anyhow::Result;
use multiserver_core::keys::{KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_core::shs::{Client, ClientHandshake};
use multiserver_interop::blocking::{Stdio, argument, ephemeral, random};
use multiserver_io::drive_blocking;

fn main() -> Result<()> {
    let network = NetworkKey::from_bytes(argument(1)?);
    let server = PublicKey::from_bytes(argument(2)?);
    let identity = KeyPair::from_seed(Seed::from_bytes(random()?));

    let mut stdio = Stdio::new();
    let client = Client::new(identity, &server, &network)?;
    let outcome = drive_blocking(&mut ClientHandshake::new(client, ephemeral()?), &mut stdio)?;
    stdio.write_outcome(outcome)?;
    Ok(())
}
