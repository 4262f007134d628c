//! A transport and a transform of one's own: connections within a process, and compression.
//!
//! No crate of this workspace knows them: both are made with the public traits alone, and combined in a suite with
//! `shs`. `pipe:NAME` ([`Pipes`]) replaces `net`, and `deflate` ([`Deflate`]) is above `shs`, so that the compressed
//! data is encrypted: `pipe:one~shs:KEY~deflate`.
//!
//! Run it with `cargo run -p multiserver-tokio --example own_layers`.

mod deflate;
mod pipe;

use deflate::Deflate;
use multiserver_tokio::{Connection, KeyPair, Multiserver, Scope, Shs, Suite, generate_identity};
use pipe::Pipes;
use std::error::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let pipes = Pipes::default();
    let suite = |identity: KeyPair| Suite::new(pipes.clone()).then(Shs::new(identity)).then(Deflate);
    let server = Multiserver::builder().suite(suite(generate_identity()?)).build()?.listen().await?;
    let address = server.address(Scope::Device).ok_or("the server has no address")?;
    println!("the server is at {address}");
    tokio::spawn(server.serve(|peer| async move { peer.key }, |connection, _| echo(connection)));

    let client = Multiserver::builder().suite(suite(generate_identity()?)).build()?;
    let mut connection = client.connect(&address).await?;

    // Data that was flushed arrives at once, without waiting for more.
    connection.write_all(b"hello").await?;
    connection.flush().await?;
    let mut hello = [0; 5];
    connection.read_exact(&mut hello).await?;

    let sent = vec![0; 1 << 20];
    let (mut read, mut write) = connection.into_split();
    let send = async {
        write.write_all(&sent).await?;
        write.shutdown().await
    };
    let mut back = Vec::new();
    let (sending, receiving) = tokio::join!(send, read.read_to_end(&mut back));
    sending?;
    receiving?;
    let (carried, traffic) = (pipes.carried(), read.traffic());
    println!("{} bytes went there and {} came back, in {carried} bytes on the pipe", traffic.sent, traffic.received);
    if (&hello, &back) != (b"hello", &sent) {
        return Err("what came back is not what was sent".into());
    }
    if carried > traffic.sent / 10 {
        return Err("nothing was compressed".into());
    }
    Ok(())
}

/// Sends every byte back as soon as it arrives.
async fn echo(connection: Connection) {
    let (mut read, mut write) = connection.into_split();
    if copy(&mut read, &mut write).await.is_ok() {
        let _ = write.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_layers_carry_what_they_are_given() {
        super::main().unwrap();
    }
}
