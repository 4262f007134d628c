//! Futures that are made anew for every poll, or dropped after any poll: after each one in a simulation, and after one
//! in several on real sockets.

use crate::narrow::{NARROW, narrow};
use crate::support::{
    CLIENT, PATIENCE, client, echo, exchange, key, listen, multiserver, poll_times, raw_pair, run, serving,
};
use crate::{Security, Tested, Way};
use futures_util::future::{join, try_join};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_compose::Connection;
use multiserver_io::{Duplex, SecureStream, drive};
use multiserver_model::protocol::{Machine, Protocol};
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};

/// Drives a handshake by a new future for every poll.
async fn drive_anew<H: Machine>(machine: &mut H, stream: &mut Duplex) -> io::Result<H::Output> {
    poll_fn(|cx| pin!(drive(machine, stream)).poll(cx)).await.map_err(Into::into)
}

fn duplex(connection: Connection) -> Duplex {
    let (read, write) = connection.into_split();
    narrow(Duplex::new(read, write))
}

/// A handshake whose `drive` is dropped after every poll completes, and its output works.
pub fn driving_goes_on_after_every_poll<R: Tested, W: Way>() {
    run::<R>(async {
        let (near, far) = raw_pair::<R, W>(&W::default()).await;
        let (mut near, mut far) = (duplex(near), duplex(far));
        let (mut client, mut server) = (W::Security::of_client(), W::Security::of_server());
        let serve = async {
            let authenticated = drive_anew(&mut server, &mut far).await?;
            drive_anew(&mut W::Security::accept(authenticated), &mut far).await
        };
        let (near_outcome, far_outcome) = try_join(drive_anew(&mut client, &mut near), serve).await.unwrap();
        assert_eq!(W::Security::peer(&far_outcome), key(CLIENT));

        let (sealer, opener) = W::Security::frames(near_outcome);
        let mut near = SecureStream::new(near, sealer, opener);
        let (sealer, opener) = W::Security::frames(far_outcome);
        let mut far = SecureStream::new(far, sealer, opener);
        let send = async {
            for byte in 0..100 {
                poll_fn(|cx| pin!(near.write_all(&[byte])).poll(cx)).await.unwrap();
                poll_fn(|cx| pin!(near.flush()).poll(cx)).await.unwrap();
            }
            poll_fn(|cx| pin!(near.close()).poll(cx)).await.unwrap();
        };
        let receive = async {
            let (mut received, mut byte) = (Vec::new(), [0]);
            while poll_fn(|cx| pin!(far.read(&mut byte)).poll(cx)).await.unwrap() > 0 {
                received.push(byte[0]);
            }
            received
        };
        assert_eq!(join(send, receive).await.1, (0..100).collect::<Vec<u8>>());
    });
}

/// When the future of `connect` is dropped after any poll, the server sees its socket close, and serves the next
/// client.
pub fn connecting_leaves_nothing_behind_at_any_poll<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let client = multiserver::<R>(W::Security::secured(W::dialling().then(NARROW), CLIENT));
        for polls in (1..).step_by(R::STRIDE) {
            let server = echo::<R>(serving(&way, true)).await;
            let mut connect = Box::pin(client.connect(&server.address));
            let connected = poll_times(&mut connect, polls).await;
            drop(connect);
            if let Some(connection) = connected {
                assert_eq!(exchange(connection.unwrap(), b"through").await.unwrap(), b"through");
                break;
            }
            let connection = client.connect(&server.address).await.unwrap();
            assert_eq!(exchange(connection, b"next").await.unwrap(), b"next");
            assert_eq!(server.handle.close(PATIENCE).await, 0, "after {polls} polls");
        }
    });
}

/// When the future of `handshake` or `accept` is dropped after any poll, the client sees the socket close at once.
pub fn a_handshake_leaves_nothing_behind_at_any_poll<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let client = multiserver::<R>(W::Security::secured(W::dialling().then(NARROW), CLIENT));
        let (mut server, address) = listen::<R>(serving(&way, true)).await;
        for polls in (1..).step_by(R::STRIDE) {
            let enter = async {
                let incoming = server.accept().await.unwrap();
                let mut enter = Box::pin(async { incoming.handshake().await?.accept().await });
                poll_times(&mut enter, polls).await
            };
            match join(client.connect(&address), enter).await {
                (connected, Some(accepted)) => {
                    connected.map(drop).unwrap();
                    accepted.map(drop).unwrap();
                    break;
                }
                // The client may have received all of message 4 before the server had flushed it.
                (Ok(connection), None) => {
                    let mut connection: Connection = connection.into();
                    assert!(connection.read(&mut [0; 1]).await.is_err(), "after {polls} polls");
                }
                (Err(_), None) => {}
            }
            assert_eq!(server.handle().live(), 0, "after {polls} polls");
        }
    });
}

/// Waits for a peer by a new future for every poll.
pub fn accepting_loses_nobody<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (mut server, address) = listen::<R>(serving(&way, false)).await;
        for _ in 0..20 {
            let client = client::<R, W>();
            let enter = async {
                let incoming = poll_fn(|cx| Pin::new(&mut pin!(server.accept())).as_mut().poll(cx)).await.unwrap();
                incoming.handshake().await.unwrap().accept().await.unwrap()
            };
            let (near, far) = join(client.connect(&address), enter).await;
            near.map(drop).unwrap();
            drop(far);
        }
    });
}
