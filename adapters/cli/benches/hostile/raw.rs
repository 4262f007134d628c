//! Clients that choose the address they come from, and speak the handshake by hand.

use multiserver_tokio::core::box_stream::{Opened, Sealer};
use multiserver_tokio::core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_tokio::core::shs::{Client, Outcome};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// How long an honest client waits for its answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server.
pub(crate) struct Target {
    pub(crate) endpoint: SocketAddr,
    pub(crate) key: PublicKey,
}

/// An address of this machine: the network of a kind of client, and a number in it.
pub(crate) fn source(network: u8, number: u32) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, network, u8::try_from(number + 1).unwrap())
}

/// A connection that comes from this address.
pub(crate) async fn connect(target: &Target, from: Ipv4Addr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let stream = socket.connect(target.endpoint).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// 32 random bytes.
pub(crate) fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// An identity that a number stands for.
fn identity(kind: u8, number: u32) -> KeyPair {
    let mut seed = [kind; 32];
    seed[..4].copy_from_slice(&number.to_be_bytes());
    KeyPair::from_seed(Seed::from_bytes(seed))
}

async fn handshake(stream: &mut TcpStream, target: &Target, identity: KeyPair) -> io::Result<Outcome> {
    let client = Client::new(identity, &target.key, &NetworkKey::SSB_MAIN).map_err(io::Error::other)?;
    let (client, hello) = client.start(Ephemeral::from_random(random()));
    stream.write_all(&hello).await?;
    let mut answer = [0; 64];
    stream.read_exact(&mut answer).await?;
    let (client, authenticate) = client.server_hello(&answer).map_err(io::Error::other)?;
    stream.write_all(&authenticate).await?;
    let mut accept = [0; 80];
    stream.read_exact(&mut accept).await?;
    client.server_accept(&accept).map_err(io::Error::other)
}

/// A handshake, a message and its echo, and a goodbye.
pub(crate) async fn echo(target: &Target, from: Ipv4Addr, client: u8) -> io::Result<()> {
    let talk = async {
        let mut stream = connect(target, from).await?;
        let outcome = handshake(&mut stream, target, identity(0xaa, client.into())).await?;
        let (mut sealer, opener) = outcome.into_boxes();
        send(&mut stream, &mut sealer, b"hello").await?;
        let (mut header, mut body) = ([0; 34], [0; 5]);
        stream.read_exact(&mut header).await?;
        let Opened::Body(opener) = opener.open_header(&header).map_err(io::Error::other)? else {
            return Err(io::Error::other("a goodbye in the endpoint of an echo"));
        };
        stream.read_exact(&mut body).await?;
        opener.open(&mut body).map_err(io::Error::other)?;
        if &body != b"hello" {
            return Err(io::Error::other("another echo"));
        }
        stream.write_all(&sealer.goodbye()).await
    };
    timeout(PATIENCE, talk).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn send(stream: &mut TcpStream, sealer: &mut Sealer, bytes: &[u8; 5]) -> io::Result<()> {
    let mut body = *bytes;
    let header = sealer.seal(&mut body).map_err(io::Error::other)?;
    stream.write_all(&header).await?;
    stream.write_all(&body).await
}

/// Takes a slot and keeps it; comes back this many times when it was ended.
pub(crate) async fn stay(target: &Target, from: Ipv4Addr, number: u32, returns: u32) {
    for _ in 0..=returns {
        let Ok(mut stream) = connect(target, from).await else { continue };
        if handshake(&mut stream, target, identity(0xee, number)).await.is_ok() {
            let _ = stream.read(&mut [0; 64]).await;
        }
    }
}
