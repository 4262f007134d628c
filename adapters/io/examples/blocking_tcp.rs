//! The secret handshake over blocking `std::net` sockets, without any runtime.
//!
//! `cargo run -p multiserver-io --example blocking_tcp`

use multiserver_core::box_stream::{Opened, Opener, Sealer};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_core::shs::{Client, ClientHandshake, Server, ServerHandshake};
use multiserver_io::drive_blocking;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Sends one frame.
fn send(sealer: &mut Sealer, stream: &mut impl Write, text: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut body = text.as_bytes().to_vec();
    let header = sealer.seal(&mut body)?;
    stream.write_all(&header)?;
    stream.write_all(&body)?;
    Ok(())
}

/// Receives one frame, or `None` for the goodbye.
fn receive(opener: Opener, stream: &mut impl Read) -> Result<Option<(Opener, String)>, Box<dyn Error + Send + Sync>> {
    let mut header = [0; 34];
    stream.read_exact(&mut header)?;
    match opener.open_header(&header)? {
        Opened::Goodbye => Ok(None),
        Opened::Body(opener) => {
            let mut body = vec![0; opener.len()];
            stream.read_exact(&mut body)?;
            let opener = opener.open(&mut body)?;
            Ok(Some((opener, String::from_utf8(body)?)))
        }
    }
}

fn serve(listener: &TcpListener, identity: KeyPair) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (mut stream, address) = listener.accept()?;
    let server = Server::new(identity, &NetworkKey::SSB_MAIN);
    let request = drive_blocking(&mut ServerHandshake::new(server, ephemeral()?), &mut stream)?;
    println!("server: {} from {address} asks to come in", request.peer());
    let (mut sealer, mut opener) = drive_blocking(&mut request.into_machine(), &mut stream)?.into_boxes();
    while let Some((next, text)) = receive(opener, &mut stream)? {
        opener = next;
        send(&mut sealer, &mut stream, &text.to_uppercase())?;
    }
    stream.write_all(&sealer.goodbye())?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (server, client) = (identity()?, identity()?);
    let server_key: PublicKey = server.public();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut stream = TcpStream::connect(listener.local_addr()?)?;
    let serving = thread::spawn(move || serve(&listener, server));

    let client = Client::new(client, &server_key, &NetworkKey::SSB_MAIN)?;
    let outcome = drive_blocking(&mut ClientHandshake::new(client, ephemeral()?), &mut stream)?;
    println!("client: {} is who it should be", outcome.peer());
    let (mut sealer, opener) = outcome.into_boxes();
    send(&mut sealer, &mut stream, "hello over blocking sockets")?;
    stream.write_all(&sealer.goodbye())?;
    let (opener, answer) = receive(opener, &mut stream)?.ok_or("a goodbye before the answer")?;
    println!("client: the answer is {answer}");
    assert!(receive(opener, &mut stream)?.is_none(), "the server ends cleanly");
    serving.join().map_err(|_| "the server panicked")?
}

fn identity() -> Result<KeyPair, getrandom::Error> {
    Ok(KeyPair::from_seed(Seed::from_bytes(random()?)))
}

fn ephemeral() -> Result<Ephemeral, getrandom::Error> {
    Ok(Ephemeral::from_random(random()?))
}

fn random() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_runs() {
        super::main().unwrap();
    }
}
