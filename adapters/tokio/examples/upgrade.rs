//! A server moves to another security protocol without losing the peers that only know the old one.
//!
//! It serves two suites on two ports: `net~shs`, which old clients know, and `net~noise`, which new ones try first. One
//! multi-address names both. Once the last old client is gone, the old suite is taken away, and nothing else changes. A
//! client that has used the new protocol does not go back to the old one, whoever offers it.
//!
//! `noise` stands for any protocol: the crate `multiserver-noise` knows nothing of this one but its public traits.
//!
//! Run it with `cargo run -p multiserver-tokio --example upgrade`.

use multiserver_noise::Noise;
use multiserver_tokio::{
    Connection, MultiAddress, Multiserver, Net, Scope, ServerHandle, Shs, Suite, generate_identity,
};
use std::error::Error;
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
    let shs = || Net::bind("127.0.0.1:0").then(Shs::new(Arc::clone(&identity)));
    let noise = || Net::bind("127.0.0.1:0").then(Noise::new(Arc::clone(&identity)));

    let (address, both) = serve(vec![noise(), shs()]).await?;
    println!("the server speaks both protocols: {address}");

    // The old client has never heard of noise; the new one takes the stronger protocol of those that it knows.
    let old_client = client(vec![Net::dial_only().then(Shs::new(generate_identity()?))])?;
    let new_client = client(vec![
        Net::dial_only().then(Noise::new(generate_identity()?)),
        Net::dial_only().then(Shs::new(generate_identity()?)),
    ])?;
    expect("net~shs", &talk(old_client.connect(&address).await?).await?)?;
    expect("net~noise", &talk(new_client.connect(&address).await?).await?)?;
    println!("the old client reaches it through net~shs, the new one through net~noise");

    if both.close(Duration::from_secs(5)).await > 0 {
        return Err("the server still has peers".into());
    }
    let (address, new) = serve(vec![noise()]).await?;
    println!("the old protocol is taken away: {address}");
    expect("net~noise", &talk(new_client.connect(&address).await?).await?)?;
    match old_client.connect(&address).await {
        Ok(_) => return Err("the old client got in".into()),
        Err(error) => println!("the new client notices nothing; the old one is told: {error}"),
    }
    new.close(Duration::from_secs(5)).await;

    let (address, _old) = serve(vec![shs()]).await?;
    println!("somebody offers the old protocol for the same key: {address}");
    match new_client.connect(&address).await {
        Ok(_) => Err("the new client went back".into()),
        Err(error) => {
            println!("the new client has used the new one, and does not go back: {error}");
            Ok(())
        }
    }
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

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_story_holds() {
        super::upgrade().await.unwrap();
    }
}
