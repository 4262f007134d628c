//! The secret handshake inside another protocol, whose frames have a kind, a length and a payload.
//!
//! The protocol carries the four handshake messages as frames of its own, then seals its payloads, and binds a
//! statement of its own to the session. Nothing here needs a stream of bytes, so the typestates are used directly.
//!
//! `cargo run -p multiserver-core --example length_prefixed`

use multiserver_core::box_stream::{Opened, Opener, Sealer};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};
use multiserver_core::shs::{Client, Server};
use std::error::Error;

/// The kinds of frames.
const HANDSHAKE: u8 = 1;
const SEALED: u8 = 2;

/// A frame of the outer protocol: `kind (1) | length (2, big-endian) | payload`.
fn frame(kind: u8, payload: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let length = u16::try_from(payload.len())?.to_be_bytes();
    Ok([[kind].as_slice(), &length, payload].concat())
}

/// The payload of a frame that must be of this kind.
fn payload(kind: u8, frame: &[u8]) -> Result<&[u8], Box<dyn Error>> {
    match frame {
        [found, high, low, payload @ ..]
            if *found == kind && payload.len() == usize::from(u16::from_be_bytes([*high, *low])) =>
        {
            Ok(payload)
        }
        _ => Err("a frame that is cut off or of another kind".into()),
    }
}

fn seal(sealer: &mut Sealer, text: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut body = text.to_vec();
    let header = sealer.seal(&mut body)?;
    frame(SEALED, &[header.as_slice(), &body].concat())
}

fn open(opener: Opener, frame: &[u8]) -> Result<(Opener, String), Box<dyn Error>> {
    let (header, body) = payload(SEALED, frame)?.split_first_chunk().ok_or("a payload without a header")?;
    let Opened::Body(opener) = opener.open_header(header)? else { return Err("a goodbye".into()) };
    let mut body = body.to_vec();
    Ok((opener.open(&mut body)?, String::from_utf8(body)?))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (alice, bob) = (KeyPair::from_seed(Seed::from_bytes([1; 32])), KeyPair::from_seed(Seed::from_bytes([2; 32])));
    let network = NetworkKey::from_bytes([9; 32]);
    let client = Client::new(alice, &bob.public(), &network)?;
    let server = Server::new(bob, &network);

    // Fixed bytes so that the example repeats itself; yours come from a cryptographic generator.
    let (client, hello) = client.start(Ephemeral::from_random([3; 32]));
    let on_the_wire = frame(HANDSHAKE, &hello)?;
    let (server, hello) =
        server.client_hello(payload(HANDSHAKE, &on_the_wire)?.try_into()?, Ephemeral::from_random([4; 32]))?;
    let on_the_wire = frame(HANDSHAKE, &hello)?;
    let (client, auth) = client.server_hello(payload(HANDSHAKE, &on_the_wire)?.try_into()?)?;
    let on_the_wire = frame(HANDSHAKE, &auth)?;
    let request = server.client_auth(payload(HANDSHAKE, &on_the_wire)?.try_into()?)?;
    println!("the server may now ask its friends about {}", request.peer());
    let (server, accept) = request.accept();
    let on_the_wire = frame(HANDSHAKE, &accept)?;
    let client = client.server_accept(payload(HANDSHAKE, &on_the_wire)?.try_into()?)?;

    // The protocol above signs or hashes this value to bind a statement to this session and no other.
    assert_eq!(client.channel_binding(), server.channel_binding());

    let (mut sealer, _) = client.into_boxes();
    let (_, opener) = server.into_boxes();
    let (opener, text) = open(opener, &seal(&mut sealer, b"hello")?)?;
    let (_, more) = open(opener, &seal(&mut sealer, b" frame")?)?;
    println!("{text}{more}");
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_runs() {
        super::main().unwrap();
    }
}
