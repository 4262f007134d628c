//! Connections that are open and carry nothing, for whoever counts what they cost.

use crate::support::{accept, client, listen, serving};
use crate::{Tested, Way};
use futures_util::future::join;
use futures_util::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use multiserver_compose::Connection;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// How much is written at once, in bytes: more than a box stream's buffer takes.
const CHUNK: usize = 100_000;

/// Opens as many connections as that, has each carry this many bytes there and back, and returns both ends of all, where
/// each end waits for more.
pub fn idle_connections<R: Tested, W: Way>(count: usize, bytes: usize) -> Vec<(Connection, Connection)> {
    let mut pairs = Vec::with_capacity(count);
    R::run(async {
        let way = W::default();
        let (mut server, address) = listen::<R>(serving(&way, false)).await;
        let client = client::<R, W>();
        for _ in 0..count {
            let (near, mut far) = join(client.connect(&address), accept(&mut server)).await;
            let mut near = near.unwrap().into();
            carry(&mut near, &mut far, bytes).await;
            carry(&mut far, &mut near, bytes).await;
            waits(&mut near).await;
            waits(&mut far).await;
            pairs.push((near, far));
        }
    });
    pairs
}

async fn carry(from: &mut Connection, to: &mut Connection, bytes: usize) {
    let chunk = vec![7; CHUNK.min(bytes)];
    let mut received = chunk.clone();
    let send = async {
        for _ in 0..bytes.div_ceil(CHUNK) {
            from.write_all(&chunk).await.unwrap();
        }
        from.flush().await.unwrap();
    };
    let receive = async {
        for _ in 0..bytes.div_ceil(CHUNK) {
            to.read_exact(&mut received).await.unwrap();
            assert_eq!(received, chunk);
        }
    };
    join(send, receive).await;
}

async fn waits(connection: &mut Connection) {
    poll_fn(|cx| {
        assert!(Pin::new(&mut *connection).poll_read(cx, &mut [0]).is_pending());
        Poll::Ready(())
    })
    .await;
}
