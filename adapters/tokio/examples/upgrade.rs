//! A server moves to another security protocol without losing the peers that only know the old one.
//!
//! It serves two suites on two ports: `net~shs`, which old clients know, and `net~shs2`, which new ones prefer. One
//! multi-address names both. Once the last old client is gone, the old suite is taken away, and nothing else changes.
//!
//! `shs2` is a toy: the secret handshake under another layer name and network key. It stands for any protocol of
//! your own, and shows all that such a protocol needs: [`Transform`], [`Wrap`], [`Undecided`], and what its errors mean as [`LayerError`]s.
//!
//! Run it with `cargo run -p multiserver-tokio --example upgrade`.

use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::core::shs::{
    self, Authenticated, Client, ClientHandshake, Message, Outcome, Server, ServerHandshake,
};
use multiserver_tokio::io::{DriveError, Duplex, SecureReader, SecureWriter, drive};
use multiserver_tokio::{
    Admission, Attempt, BoxFuture, Connection, KeyPair, LayerError, MultiAddress, Multiserver, Net, NetworkKey, Opened,
    Plan, PublicKey, Scope, ServerHandle, Shs, Suite, Transform, Undecided, Wrap, WrapPlan, generate_identity,
};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    upgrade().await
}

async fn upgrade() -> Result<()> {
    let identity = Arc::new(generate_identity()?);
    let suite = || Net::bind("127.0.0.1:0").then(Shs::new(Arc::clone(&identity)));
    let suite2 = || Net::bind("127.0.0.1:0").then(Shs2::new(Arc::clone(&identity)));

    let (address, both) = serve(vec![suite2(), suite()]).await?;
    println!("the server speaks both protocols: {address}");

    // The old client has never heard of shs2; the new one takes the first address that it understands.
    let old_client = client(vec![Net::dial_only().then(Shs::new(generate_identity()?))])?;
    let new_client = client(vec![
        Net::dial_only().then(Shs2::new(generate_identity()?)),
        Net::dial_only().then(Shs::new(generate_identity()?)),
    ])?;
    expect("net~shs", &talk(old_client.connect(&address).await?).await?)?;
    expect("net~shs2", &talk(new_client.connect(&address).await?).await?)?;
    println!("the old client reaches it through net~shs, the new one through net~shs2");

    if both.close(Duration::from_secs(5)).await > 0 {
        return Err("the server still has peers".into());
    }
    let (address, new) = serve(vec![suite2()]).await?;
    println!("the old protocol is taken away: {address}");
    expect("net~shs2", &talk(new_client.connect(&address).await?).await?)?;
    match old_client.connect(&address).await {
        Ok(_) => return Err("the old client got in".into()),
        Err(error) => println!("the new client notices nothing; the old one is told: {error}"),
    }
    new.close(Duration::from_secs(5)).await;
    Ok(())
}

/// Serves these suites in a task of its own, and sends every peer the name of the suite that it came through.
async fn serve(suites: Vec<Suite>) -> Result<(MultiAddress, ServerHandle)> {
    let builder = suites.into_iter().fold(Multiserver::builder(), |builder, suite| builder.suite(suite));
    let server = builder.build()?.listen().await?;
    let address = server.address(Scope::Device).ok_or("the server has no address")?;
    let handle = server.handle();
    tokio::spawn(server.serve(
        |peer| async move { peer.key },
        |mut connection: Connection, _peer| async move {
            let suite = connection.suite().to_owned();
            if connection.write_all(suite.as_bytes()).await.is_ok() {
                let _ = connection.shutdown().await;
            }
        },
    ));
    Ok((address, handle))
}

fn client(suites: Vec<Suite>) -> Result<Multiserver> {
    let builder = suites.into_iter().fold(Multiserver::builder(), |builder, suite| builder.suite(suite));
    Ok(builder.build()?)
}

async fn talk(mut connection: Connection) -> Result<String> {
    let mut text = String::new();
    connection.read_to_string(&mut text).await?;
    connection.shutdown().await?;
    Ok(text)
}

fn expect(expected: &str, said: &str) -> Result<()> {
    if said == expected { Ok(()) } else { Err(format!("expected {expected}, not {said}").into()) }
}

/// `shs2:{key}`: a security protocol that this workspace does not know.
struct Shs2 {
    identity: Arc<KeyPair>,
    network: NetworkKey,
}

impl Shs2 {
    fn new(identity: impl Into<Arc<KeyPair>>) -> Self {
        Self { identity: identity.into(), network: NetworkKey::from_bytes(*b"the second network of an example") }
    }

    fn layer_of(key: &PublicKey) -> LayerBuf {
        // A public key has no characters that an address could not hold.
        LayerBuf::new("shs2", [key.to_string()]).unwrap_or_else(|error| unreachable!("{error}"))
    }
}

impl Transform for Shs2 {
    fn name(&self) -> &str {
        "shs2"
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        let is_ours = layer.name() == "shs2" && layer.fields().count() == 1;
        let server: PublicKey = layer.fields().next().filter(|_| is_ours)?.parse().ok()?;
        Some(Plan::wrap(Self::layer_of(&server), Shs2Client { shs2: self, server }).proves(server))
    }

    fn layer(&self) -> LayerBuf {
        Self::layer_of(&self.identity.public())
    }

    fn proves_peer(&self) -> bool {
        true
    }

    fn server<'a>(&'a self, attempt: &'a Attempt, mut io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(async move {
            let server = Server::new(Arc::clone(&self.identity), &self.network);
            let mut handshake = ServerHandshake::new(server, attempt.runtime().ephemeral()?);
            let authenticated = drive(&mut handshake, &mut io).await.map_err(layer_error)?;
            let peer = *authenticated.peer();
            Ok(Admission::undecided(Self::layer_of(&peer), peer, Shs2Undecided { authenticated, io }))
        })
    }
}

/// The client's side, for the server with this key.
struct Shs2Client<'a> {
    shs2: &'a Shs2,
    server: PublicKey,
}

impl Wrap for Shs2Client<'_> {
    fn wrap<'a>(&'a self, attempt: &'a Attempt, mut io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async move {
            let Self { shs2, server } = self;
            let client = Client::new(Arc::clone(&shs2.identity), server, &shs2.network);
            let client = client.map_err(|error| LayerError::Unusable(error.into()))?;
            let mut handshake = ClientHandshake::new(client, attempt.runtime().ephemeral()?);
            let outcome = drive(&mut handshake, &mut io).await.map_err(layer_error)?;
            Ok(open_box_streams(outcome, io))
        })
    }
}

/// A client that has proven its key and is not accepted yet.
struct Shs2Undecided {
    authenticated: Authenticated,
    io: Duplex,
}

impl Undecided for Shs2Undecided {
    fn accept(self: Box<Self>) -> BoxFuture<'static, Result<Opened, LayerError>> {
        Box::pin(async move {
            let Self { authenticated, mut io } = *self;
            let outcome = drive(&mut authenticated.into_machine(), &mut io).await.map_err(layer_error)?;
            Ok(open_box_streams(outcome, io))
        })
    }
}

/// The error of the handshake in terms that need no knowledge of the protocol.
fn layer_error(error: DriveError<shs::Error>) -> LayerError {
    match error {
        DriveError::Io(error) => error.into(),
        DriveError::Closed(error @ shs::Error::Closed(Message::ServerAccept)) => LayerError::Refused(error.into()),
        DriveError::Closed(error) => io::Error::new(io::ErrorKind::UnexpectedEof, error).into(),
        DriveError::Handshake(error @ shs::Error::Sealed(Message::ServerAccept)) => LayerError::WrongPeer(error.into()),
        DriveError::Handshake(error) => LayerError::PeerMisbehaved(error.into()),
    }
}

fn open_box_streams(outcome: Outcome, io: Duplex) -> Opened {
    let peer = *outcome.peer();
    let (sealer, opener) = outcome.into_boxes();
    let (read, write) = io.into_halves();
    Opened::proven(Duplex::of_streams(SecureReader::new(read, opener), SecureWriter::new(write, sealer)), peer)
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_story_holds() {
        super::upgrade().await.unwrap();
    }
}
