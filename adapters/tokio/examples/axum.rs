//! A web application whose users are known by their keys: axum and hyper behind the secret handshake.
//!
//! axum is given a listener of connections whose handshakes are complete, and each request carries the peer of its
//! connection. No password, cookie or certificate is needed, since each peer has proven a key. After that, the example
//! does the same with hyper alone.
//!
//! Run it with `cargo run -p multiserver-tokio --example axum --features axum`.

use ::axum::extract::ConnectInfo;
use ::axum::{Router, routing::get};
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use multiserver_tokio::axum::Peer;
use multiserver_tokio::{
    Connections, KeyPair, MultiAddress, Multiserver, Net, PublicKey, Scope, Server, ServerHandle, Shs,
    generate_identity,
};
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    with_axum().await?;
    with_hyper().await
}

async fn with_axum() -> Result<()> {
    let alice = Arc::new(generate_identity()?);
    let (server, address, handle) = listen().await?;
    let connections = Connections::new(server, friends_of(alice.public()));
    let app = Router::new().route("/", get(hello)).into_make_service_with_connect_info::<Peer<&'static str>>();
    let (shut_down, told) = oneshot::channel::<()>();
    let serving = ::axum::serve(connections, app).with_graceful_shutdown(async { drop(told.await) });
    let serving = tokio::spawn(serving.into_future());

    let answer = request(&alice, &address).await?;
    println!("axum answers {}", answer.lines().last().unwrap_or_default());
    if !answer.ends_with(&format!("hello Alice, your key is {}", alice.public())) {
        return Err(answer.into());
    }
    match request(&Arc::new(generate_identity()?), &address).await {
        Ok(answer) => return Err(format!("a stranger was answered: {answer}").into()),
        Err(error) => println!("a stranger is not let in: {error}"),
    }
    drop(shut_down);
    serving.await??;
    if handle.close(Duration::from_secs(5)).await > 0 {
        return Err("the server still has peers".into());
    }
    Ok(())
}

async fn hello(ConnectInfo(peer): ConnectInfo<Peer<&'static str>>) -> String {
    let key = peer.key.map_or_else(|| "unknown".to_owned(), |key| key.to_string());
    format!("hello {}, your key is {key}", peer.known)
}

async fn with_hyper() -> Result<()> {
    let alice = Arc::new(generate_identity()?);
    let (server, address, handle) = listen().await?;
    let mut connections = Connections::new(server, friends_of(alice.public()));
    let serving = tokio::spawn(async move {
        while let Some((connection, name)) = connections.next().await {
            tokio::spawn(async move {
                let answer = move |_: Request<Incoming>| async move {
                    Ok::<_, Infallible>(Response::new(format!("hello {name}, this is hyper")))
                };
                let http = hyper::server::conn::http1::Builder::new();
                if let Err(error) = http.serve_connection(TokioIo::new(connection), service_fn(answer)).await {
                    eprintln!("{name}: {error}");
                }
            });
        }
    });
    let answer = request(&alice, &address).await?;
    println!("hyper answers {}", answer.lines().last().unwrap_or_default());
    if !answer.ends_with("hello Alice, this is hyper") {
        return Err(answer.into());
    }
    if handle.close(Duration::from_secs(5)).await > 0 {
        return Err("the server still has peers".into());
    }
    Ok(serving.await?)
}

async fn listen() -> Result<(Server, MultiAddress, ServerHandle)> {
    let suite = Net::bind("127.0.0.1:0").then(Shs::new(generate_identity()?));
    let server = Multiserver::builder().suite(suite).build()?.listen().await?;
    let address = server.address(Scope::Device).ok_or("the server has no address")?;
    let handle = server.handle();
    Ok((server, address, handle))
}

/// Accepts Alice and nobody else; the handlers get what it returns about her.
fn friends_of(
    alice: PublicKey,
) -> impl Fn(multiserver_tokio::Peer) -> std::future::Ready<Option<&'static str>> + Send + Sync + 'static {
    move |peer| std::future::ready((peer.key == Some(alice)).then_some("Alice"))
}

/// Sends a request with this identity, and returns the server's answer.
async fn request(identity: &Arc<KeyPair>, address: &MultiAddress) -> Result<String> {
    let suite = Net::dial_only().then(Shs::new(Arc::clone(identity)));
    let mut connection = Multiserver::builder().suite(suite).build()?.connect(address).await?;
    connection.write_all(b"GET / HTTP/1.1\r\nhost: example\r\nconnection: close\r\n\r\n").await?;
    connection.flush().await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    connection.shutdown().await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn axum_knows_its_users_by_their_keys() {
        super::with_axum().await.unwrap();
    }

    #[tokio::test]
    async fn hyper_is_given_connections_that_are_through() {
        super::with_hyper().await.unwrap();
    }
}
