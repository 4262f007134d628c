//! The server's side of a secret handshake over standard input and output, as npm `shs1-test` drives it.
//!
//! Arguments, in hexadecimal digits: network key, secret key (seed and public key), public key.

use anyhow::{Result, ensure};
use multiserver_core::keys::{KeyPair, NetworkKey};
use multiserver_core::shs::{Server, ServerHandshake};
use multiserver_interop::blocking::{Stdio, argument, ephemeral};
use multiserver_io::drive_blocking;

fn main() -> Result<()> {
    let network = NetworkKey::from_bytes(argument(1)?);
    let identity = KeyPair::from_secret_bytes(&argument(2)?)?;
    ensure!(identity.public().as_bytes() == &argument(3)?, "the public key is not the secret key's");

    let mut stdio = Stdio::new();
    let request = drive_blocking(&mut ServerHandshake::new(Server::new(identity, &network), ephemeral()?), &mut stdio)?;
    let outcome = drive_blocking(&mut request.into_machine(), &mut stdio)?;
    stdio.write_outcome(outcome)?;
    Ok(())
}
