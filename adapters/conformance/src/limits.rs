//! Deadlines, bounds and the end of a server.

use crate::clock::Clocked;
use crate::support::{PATIENCE, accept, client, is_closed, key, listen, raw, run, serving};
use crate::{Security, Tested, Way};
use futures_util::AsyncWriteExt;
use futures_util::future::join;
use multiserver_compose::{BoxFuture, ConnectError, Failure, Limits, Multiserver, Native, Request, Server, Stage};
use multiserver_core::address::{MultiAddress, Scope};
use multiserver_model::protocol::Protocol;
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(15);

/// A server whose clock stands still.
async fn clocked<R: Tested, W: Way>(way: &W) -> (Clocked<R>, Server<Clocked<R>>, MultiAddress) {
    let runtime = Clocked::<R>::default();
    let builder = Multiserver::builder_on(runtime.clone()).suite(serving(way, false));
    let server = builder.build().unwrap().listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap();
    (runtime, server, address)
}

/// Polls the future once, and returns the result.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx))).await
}

/// A client that sends a byte every four seconds is closed after fifteen seconds, like any other.
pub fn a_byte_now_and_then_does_not_hold_a_handshake_open<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (clock, mut server, address) = clocked::<R, W>(&way).await;
        let is_accepted = Cell::new(false);
        let mut handshake = pin!(async {
            let incoming = server.accept().await.unwrap();
            is_accepted.set(true);
            incoming.handshake().await
        });
        // The transport may have a handshake of its own, which needs both sides.
        let mut slow = {
            let (mut connect, mut slow) = (pin!(raw::<R, W>(&address)), None);
            poll_fn(|cx| {
                assert!(handshake.as_mut().poll(cx).is_pending());
                if slow.is_none()
                    && let Poll::Ready(connection) = connect.as_mut().poll(cx)
                {
                    slow = Some(connection);
                }
                if is_accepted.get() { slow.take().map_or(Poll::Pending, Poll::Ready) } else { Poll::Pending }
            })
            .await
        };
        while clock.now() < DEADLINE {
            slow.write_all(&[0]).await.unwrap();
            slow.flush().await.unwrap();
            assert!(poll_once(&mut handshake).await.is_pending(), "after {:?}", clock.now());
            clock.advance(Duration::from_secs(4));
        }
        let Poll::Ready(Err(error)) = poll_once(&mut handshake).await else { panic!("it is still held open") };
        assert!(matches!(error.failure, Failure::Deadline { stage: Stage::Handshake, limit: DEADLINE }), "{error}");
        assert!(is_closed(&mut slow).await);
    });
}

/// The same for a client whose server is slow or silent.
pub fn a_byte_now_and_then_does_not_hold_an_attempt_open<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (mut server, address) = listen::<R>(way.listening()).await;
        let address = format!("{address}~{}:{}", W::Security::NAME, key(1)).parse().unwrap();
        let clock = Clocked::<R>::default();
        let client =
            Multiserver::builder_on(clock.clone()).suite(W::Security::secured(W::dialling(), 2)).build().unwrap();
        let mut connect = pin!(client.connect(&address));
        let mut slow = {
            let mut accept = pin!(accept(&mut server));
            poll_fn(|cx| {
                assert!(connect.as_mut().poll(cx).is_pending());
                accept.as_mut().poll(cx)
            })
            .await
        };
        while clock.now() < DEADLINE {
            slow.write_all(&[0]).await.unwrap();
            slow.flush().await.unwrap();
            assert!(poll_once(&mut connect).await.is_pending(), "after {:?}", clock.now());
            clock.advance(Duration::from_secs(4));
        }
        let Poll::Ready(Err(error)) = poll_once(&mut connect).await else { panic!("it is still held open") };
        let ConnectError::Failed(failed) = error else { panic!("{error}") };
        assert!(matches!(failed[0].failure, Failure::Deadline { limit: DEADLINE, .. }), "{failed:?}");
    });
}

/// Accepting a peer after its deadline fails.
pub fn the_time_a_request_is_held_counts<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (clock, mut server, address) = clocked::<R, W>(&way).await;
        let client = client::<R, W>();
        let hold = async {
            let request = server.accept().await.unwrap().handshake().await.unwrap();
            clock.advance(DEADLINE);
            let error = request.accept().await.map(drop).unwrap_err();
            assert!(matches!(error.failure, Failure::Deadline { .. }), "{error}");
        };
        assert!(join(client.connect(&address), hold).await.0.is_err());
        assert_eq!(server.handle().live(), 0);
    });
}

/// After the deadline, neither an unhandled peer nor one that waits for a decision keeps its slot and its socket.
pub fn who_is_held_past_the_deadline_makes_room<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let runtime = Clocked::<R>::default();
        let limits = Limits::default().pending(1);
        let builder = Multiserver::builder_on(runtime.clone()).suite(serving(&way, false)).limits(limits);
        let mut server = builder.build().unwrap().listen().await.unwrap();
        let address = server.address(Scope::Device).unwrap();
        let client = client::<R, W>();
        let (held, request) = waiting_request(&client, &address, &mut server).await;
        let mut next: BoxFuture<'_, _> = Box::pin(client.connect(&address));
        let incoming = {
            let mut accept = pin!(server.accept());
            poll_fn(|cx| {
                assert!(next.as_mut().poll(cx).is_pending());
                if let Poll::Ready(incoming) = accept.as_mut().poll(cx) {
                    return Poll::Ready(incoming.unwrap());
                }
                if runtime.now() < DEADLINE * 2 {
                    runtime.advance(DEADLINE / 16);
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await
        };
        assert!(runtime.now() >= DEADLINE, "it was not held for longer");
        assert!(held.await.is_err(), "its socket is closed, whoever holds the request");
        let error = request.accept().await.map(drop).unwrap_err();
        assert!(matches!(error.failure, Failure::Deadline { .. }), "{error}");
        drop(incoming);
        assert_eq!(server.handle().live(), 0);
    });
}

/// The authorizer sets the clock forward and never answers.
pub fn an_authorizer_that_never_answers_is_a_refusal_at_the_deadline<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (clock, server, address) = clocked::<R, W>(&way).await;
        let handle = server.handle();
        let authorize = move |_| {
            clock.advance(DEADLINE);
            std::future::pending::<Option<()>>()
        };
        R::default().spawn(Box::pin(server.serve(authorize, |_, ()| async {})));
        assert!(client::<R, W>().connect(&address).await.is_err());
        assert_eq!(handle.close(PATIENCE).await, 0);
    });
}

/// A client that waits to be accepted, and its request.
async fn waiting_request<'a, R: Tested, S: Native>(
    client: &'a Multiserver<R>,
    address: &'a MultiAddress,
    server: &mut Server<S>,
) -> (BoxFuture<'a, Result<R::Connection, ConnectError>>, Request<S>) {
    let mut connect: BoxFuture<'_, _> = Box::pin(client.connect(address));
    let mut handshake = pin!(async { server.accept().await.unwrap().handshake().await.unwrap() });
    let request = poll_fn(|cx| {
        assert!(connect.as_mut().poll(cx).is_pending());
        handshake.as_mut().poll(cx)
    });
    let request = request.await;
    (connect, request)
}

/// A third peer waits in the system's queue, and is accepted as soon as there is room.
pub fn at_the_bound_nobody_is_accepted_until_one_ends<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let limits = Limits::default().pending(2);
        let builder = Multiserver::<R>::builder().suite(serving(&way, false)).limits(limits);
        let mut server = builder.build().unwrap().listen().await.unwrap();
        let address = server.address(Scope::Device).unwrap();
        let client = client::<R, W>();
        let (_one, first) = waiting_request(&client, &address, &mut server).await;
        let (_other, _second) = waiting_request(&client, &address, &mut server).await;

        let mut connect = pin!(client.connect(&address));
        let mut first = Some(first);
        let (mut polls, mut third) = (0, None);
        // The connection is in the queue once the transport has connected, long before this many polls.
        poll_fn(|cx| {
            assert!(connect.as_mut().poll(cx).is_pending());
            third = match pin!(server.accept()).poll(cx) {
                Poll::Ready(incoming) => incoming,
                Poll::Pending => None,
            };
            assert!(third.is_none() || first.is_none(), "a third was accepted");
            polls += 1;
            if polls == 300 {
                first = None;
            }
            if third.is_some() {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        let enter = async { third.unwrap().handshake().await.unwrap().accept().await.unwrap() };
        let (near, far) = join(connect, enter).await;
        near.map(drop).unwrap();
        drop(far);
    });
}

/// Closing returns 0 when all peers are gone, and otherwise how many are left after the grace period.
pub fn closing_waits_for_the_living<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (clock, mut server, address) = clocked::<R, W>(&way).await;
        let handle = server.handle();
        let client = client::<R, W>();
        let enter = async { server.accept().await.unwrap().handshake().await.unwrap().accept().await.unwrap() };
        let (near, far) = join(client.connect(&address), enter).await;
        let _near = near.unwrap();
        assert_eq!(handle.live(), 1);

        let mut close = pin!(handle.close(DEADLINE));
        assert!(poll_once(&mut close).await.is_pending());
        assert!(server.accept().await.is_none());
        assert_eq!(handle.address(Scope::Device), None);
        clock.advance(DEADLINE);
        assert_eq!(close.await, 1);

        let mut close = pin!(handle.close(DEADLINE));
        assert!(poll_once(&mut close).await.is_pending());
        drop(far);
        assert_eq!(close.await, 0);
    });
}

/// Connecting is refused once the server is closed or dropped.
pub fn a_server_that_has_gone_listens_no_longer<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (mut server, address) = listen::<R>(serving(&way, false)).await;
        let handle = server.handle();
        assert_eq!(handle.close(PATIENCE).await, 0);
        assert!(server.accept().await.is_none());
        assert!(client::<R, W>().connect(&address).await.is_err());

        let (server, address) = listen::<R>(serving(&way, false)).await;
        let handle = server.handle();
        drop(server);
        assert!(client::<R, W>().connect(&address).await.is_err());
        assert_eq!(handle.close(PATIENCE).await, 0);
    });
}
