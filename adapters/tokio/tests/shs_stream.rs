//! The secret handshake over tokio streams of the caller's own.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::core::shs;
use multiserver_tokio::{LayerError, NetworkKey, Shs, ShsAcceptor, ShsConnector};
use support::{CLIENT, SERVER, identity, key};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};

fn connector(fill: u8) -> ShsConnector {
    ShsConnector::new(Shs::new(identity(fill)))
}

fn acceptor() -> ShsAcceptor {
    ShsAcceptor::new(Shs::new(identity(SERVER)))
}

/// Sends bytes there and back, and ends both directions.
async fn converse(
    (mut near_read, mut near_write): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    (mut far_read, mut far_write): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
) {
    let sent = vec![7; 100_000];
    let send = async {
        near_write.write_all(&sent).await.unwrap();
        near_write.shutdown().await.unwrap();
    };
    let echo = async {
        tokio::io::copy(&mut far_read, &mut far_write).await.unwrap();
        far_write.shutdown().await.unwrap();
    };
    let mut back = Vec::new();
    let (_, _, received) = tokio::join!(send, echo, near_read.read_to_end(&mut back));
    received.unwrap();
    assert!(back == sent);
}

#[tokio::test]
async fn a_tcp_stream_becomes_a_secure_one_whose_halves_need_no_lock() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let accept = async {
        let request = acceptor().handshake(listener.accept().await.unwrap().0).await.unwrap();
        assert_eq!(request.peer(), &key(CLIENT));
        request.accept().await.unwrap()
    };
    let connector = connector(CLIENT);
    let server = key(SERVER);
    let (near, far) = tokio::join!(connector.connect(&server, tcp), accept);
    let near = near.unwrap();
    assert_eq!((near.peer(), far.peer()), (&key(SERVER), &key(CLIENT)));
    assert_eq!(near.channel_binding(), far.channel_binding());
    converse(near.into_split_with(TcpStream::into_split), far.into_split_with(TcpStream::into_split)).await;
}

#[tokio::test]
async fn any_stream_will_do_and_its_halves_share_a_lock() {
    let (near, far) = duplex(10);
    let accept = async { acceptor().handshake(far).await.unwrap().accept().await.unwrap() };
    let connector = connector(CLIENT);
    let server = key(SERVER);
    let (near, far) = tokio::join!(connector.connect(&server, near), accept);
    converse(near.unwrap().into_split(), far.into_split()).await;
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let refused = async |server: u8, accepts: bool| {
        let (near, far) = duplex(1000);
        let accept = async {
            match acceptor().handshake(far).await {
                Ok(request) if accepts => drop(request.accept().await),
                Ok(_) | Err(_) => {}
            }
        };
        let (connector, server) = (connector(CLIENT), key(server));
        tokio::join!(connector.connect(&server, near), accept).0
    };
    refused(SERVER, true).await.unwrap();
    assert!(matches!(refused(SERVER, false).await, Err(LayerError::Refused(_))));
    assert!(matches!(refused(CLIENT, true).await, Err(LayerError::Refused(_))), "the server cannot read message 3");

    let (near, far) = duplex(1000);
    let other = ShsConnector::new(Shs::new(identity(CLIENT)).network(NetworkKey::from_bytes([9; 32])));
    let (server, acceptor) = (key(SERVER), acceptor());
    // The acceptor drops its stream with the error, so that the client's end ends.
    let accept = async { acceptor.handshake(far).await.map(drop) };
    let (near, far) = tokio::join!(other.connect(&server, near), accept);
    assert!(matches!(near, Err(LayerError::Io(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof));
    let Err(LayerError::PeerMisbehaved(error)) = far else { panic!("{far:?}") };
    let expected = shs::Error::NetworkKey(shs::Message::ClientHello);
    assert_eq!(error.downcast_ref(), Some(&expected));
}
