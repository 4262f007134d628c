//! A server or a client of the secret handshake on a socket, which reads a box stream to its goodbye and answers that.
//!
//! Arguments: `server FAULT NETWORK-KEY SECRET-KEY`, keys in hexadecimal digits; or `client HOST PORT SERVER-KEY
//! NETWORK-KEY`, the server's key in base64. What a server with a fault does when it refuses a proof: with `exits` the
//! process ends, with `panics` the thread of the connection panics. With `takes-cuts` it takes any end of the stream for a
//! goodbye; `none` is no fault.

use anyhow::{Context, Result};
use multiserver_core::box_stream::{HEADER_SIZE, Opened, Opener};
use multiserver_core::keys::{KeyPair, NetworkKey, Seed};
use multiserver_core::shs::{Client, ClientHandshake, Outcome, Server, ServerHandshake};
use multiserver_interop::blocking::{argument, ephemeral, random};
use multiserver_io::drive_blocking;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn main() -> Result<()> {
    match word(1)?.as_str() {
        "server" => serve(),
        _ => connect(),
    }
}

fn serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let (fault, network, secret) = (word(2)?, argument(3)?, argument(4)?);
    for stream in listener.incoming() {
        let (fault, stream) = (fault.clone(), stream?);
        // Open until the fault has had its effect: whoever sees the end of the connection can rely on that.
        let kept = stream.try_clone()?;
        thread::spawn(move || {
            if answer(stream, network, &secret, fault == "takes-cuts").is_err() {
                match fault.as_str() {
                    "exits" => std::process::exit(3),
                    "panics" => panic!("the client is refused"),
                    _ => {}
                }
            }
            drop(kept);
        });
    }
    Ok(())
}

fn answer(mut stream: TcpStream, network: [u8; 32], secret: &[u8; 64], takes_cuts: bool) -> Result<()> {
    let server = Server::new(KeyPair::from_secret_bytes(secret)?, &NetworkKey::from_bytes(network));
    let request = drive_blocking(&mut ServerHandshake::new(server, ephemeral()?), &mut stream)?;
    let outcome = drive_blocking(&mut request.into_machine(), &mut stream)?;
    finish(stream, outcome, takes_cuts)
}

fn connect() -> Result<()> {
    let mut stream = TcpStream::connect(format!("{}:{}", word(2)?, word(3)?))?;
    let identity = KeyPair::from_seed(Seed::from_bytes(random()?));
    let client = Client::new(identity, &word(4)?.parse()?, &NetworkKey::from_bytes(argument(5)?))?;
    let outcome = drive_blocking(&mut ClientHandshake::new(client, ephemeral()?), &mut stream)?;
    finish(stream, outcome, false)
}

/// Reads to the peer's goodbye, or to any end, and answers it.
fn finish(mut stream: TcpStream, outcome: Outcome, takes_cuts: bool) -> Result<()> {
    let (sealer, opener) = outcome.into_boxes();
    let read = read_to_goodbye(&mut stream, opener);
    let is_cut = |error: &anyhow::Error| {
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
    };
    if !read.as_ref().is_err_and(|error| takes_cuts && is_cut(error)) {
        read?;
    }
    stream.write_all(&sealer.goodbye())?;
    Ok(())
}

fn read_to_goodbye(stream: &mut TcpStream, mut opener: Opener) -> Result<()> {
    loop {
        let mut header = [0; HEADER_SIZE];
        stream.read_exact(&mut header)?;
        match opener.open_header(&header)? {
            Opened::Goodbye => return Ok(()),
            Opened::Body(frame) => {
                let mut body = vec![0; frame.len()];
                stream.read_exact(&mut body)?;
                opener = frame.open(&mut body)?;
            }
        }
    }
}

fn word(position: usize) -> Result<String> {
    std::env::args().nth(position).with_context(|| format!("argument {position} is missing"))
}
