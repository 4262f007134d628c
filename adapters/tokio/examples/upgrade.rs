//! A server moves to another security protocol without losing the peers that only know the old one.
//!
//! It serves two suites on two ports: `net~shs`, which old clients know, and `net~shs2`, which new ones prefer. One
//! multi-address names both. Once the last old client is gone, the old suite is taken away, and nothing else changes.
//!
//! `shs2` is a toy: the secret handshake under another layer name and network key. It stands for any protocol of
//! your own, and shows all that such a protocol needs: [`Transform`] and [`Admission`].
//!
//! Run it with `cargo run -p multiserver-tokio --example upgrade`.

use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::core::shs::{Authenticated, Client, ClientHandshake, Outcome, Server, ServerHandshake};
use multiserver_tokio::io::{Duplex, SecureReader, SecureWriter, drive};
use multiserver_tokio::{
    Admission, BoxFuture, Connection, Context, Handle, KeyPair, MultiAddress, Multiserver, Net, NetworkKey, PublicKey,
    Scope, Shs, Stage, Suite, Transform, Transformed, generate_identity,
};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

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

/// Serves these suites in a task of its own, and tells every peer through which of them it came.
async fn serve(suites: Vec<Suite>) -> Result<(MultiAddress, Handle)> {
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

    fn matches(&self, layer: Layer<'_>) -> bool {
        layer.name() == "shs2" && layer.fields().count() == 1 && self.expected_peer(layer).is_some()
    }

    fn layer(&self) -> LayerBuf {
        Self::layer_of(&self.identity.public())
    }

    fn proves_peer(&self) -> bool {
        true
    }

    fn expected_peer(&self, layer: Layer<'_>) -> Option<PublicKey> {
        layer.fields().next()?.parse().ok()
    }

    fn client<'a>(
        &'a self,
        context: &'a Context,
        layer: Layer<'a>,
        mut io: Duplex,
    ) -> BoxFuture<'a, io::Result<Transformed>> {
        Box::pin(async move {
            context.enter(Stage::Handshake);
            let server = self.expected_peer(layer).ok_or(io::ErrorKind::InvalidInput)?;
            let client = Client::new(Arc::clone(&self.identity), &server, &self.network).map_err(io::Error::other)?;
            let mut handshake = ClientHandshake::new(client, context.runtime().ephemeral()?);
            let outcome = drive(&mut handshake, &mut io).await?;
            Ok(boxed(outcome, io))
        })
    }

    fn server<'a>(&'a self, context: &'a Context, mut io: Duplex) -> BoxFuture<'a, io::Result<Box<dyn Admission>>> {
        Box::pin(async move {
            let server = Server::new(Arc::clone(&self.identity), &self.network);
            let mut handshake = ServerHandshake::new(server, context.runtime().ephemeral()?);
            let authenticated = drive(&mut handshake, &mut io).await?;
            let admission: Box<dyn Admission> = Box::new(Shs2Admission { authenticated, io });
            Ok(admission)
        })
    }
}

/// A client that is proven and not let in.
struct Shs2Admission {
    authenticated: Authenticated,
    io: Duplex,
}

impl Admission for Shs2Admission {
    fn peer(&self) -> Option<&PublicKey> {
        Some(self.authenticated.peer())
    }

    fn layer(&self) -> LayerBuf {
        Shs2::layer_of(self.authenticated.peer())
    }

    fn admit(self: Box<Self>) -> BoxFuture<'static, io::Result<Transformed>> {
        Box::pin(async move {
            let Self { authenticated, mut io } = *self;
            let outcome = drive(&mut authenticated.into_machine(), &mut io).await?;
            Ok(boxed(outcome, io))
        })
    }
}

fn boxed(outcome: Outcome, io: Duplex) -> Transformed {
    let peer = *outcome.peer();
    let (sealer, opener) = outcome.into_boxes();
    let (read, write) = io.into_halves();
    Transformed::proven(Duplex::of_streams(SecureReader::new(read, opener), SecureWriter::new(write, sealer)), peer)
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_story_holds() {
        super::upgrade().await.unwrap();
    }
}
