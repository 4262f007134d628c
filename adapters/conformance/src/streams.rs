//! The bytes of a connection, and what it says about its ends.

use crate::narrow::NARROW;
use crate::support::{
    CLIENT, REFUSED, SERVER, accept, client, client_as, echo, exchange, key, listen, multiserver, pair, run, serving,
};
use crate::{Security, Tested, Way};
use futures_util::future::join;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_compose::{ConnectError, Connection, Failure, LayerError, NoAuth, Stage, Traffic};
use multiserver_model::protocol::Protocol;
use std::io::ErrorKind;
use std::net::SocketAddr;

/// From nothing at all to many frames.
pub fn bytes_come_back_in_every_length<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let server = echo::<R>(serving(&way, false)).await;
        for length in [0, 1, 4096, 4097, 1 << 20] {
            let sent = vec![7; length];
            let connection = client::<R, W>().connect(&server.address).await.unwrap();
            assert!(exchange(connection, &sent).await.unwrap() == sent, "{length} bytes");
        }
        assert_eq!((server.reports.count("accepted"), server.reports.count("refused")), (5, 0));
    });
}

/// The handshake and the frames, one byte for every two polls.
pub fn bytes_come_back_through_pipes_of_one_byte<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let server = echo::<R>(serving(&way, true)).await;
        let sent = vec![7; 5000];
        let client = multiserver::<R>(W::Security::secured(W::dialling().then(NARROW), CLIENT));
        let connection = client.connect(&server.address).await.unwrap();
        assert!(exchange(connection, &sent).await.unwrap() == sent);
    });
}

/// Keys, suites, addresses and the channel binding.
pub fn both_ends_know_each_other<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (mut server, address) = listen::<R>(serving(&way, false).named("main")).await;
        let client = client::<R, W>();
        let (near, far) = join(client.connect(&address), accept(&mut server)).await;
        let near: Connection = near.unwrap().into();
        assert_eq!((near.peer(), far.peer()), (Some(&key(SERVER)), Some(&key(CLIENT))));
        assert_eq!((near.suite(), far.suite()), (format!("{}~{}", W::NAME, W::Security::NAME).as_str(), "main"));
        assert!(near.channel_binding().is_some());
        assert_eq!(near.channel_binding(), far.channel_binding());
        assert_eq!(near.peer_address().map(ToString::to_string), Some(address.to_string()));
        let far_address = far.peer_address().unwrap().to_string();
        assert!(far_address.starts_with(W::NAME), "{far_address}");
        assert!(far_address.ends_with(&format!("~{}:{}", W::Security::NAME, key(CLIENT))), "{far_address}");
    });
}

/// An accepted connection has a local TCP address, or none on other transports; a dialled one has none.
pub fn an_accepted_connection_knows_where_it_arrived<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (mut server, address) = listen::<R>(serving(&way, false)).await;
        let client = client::<R, W>();
        let (near, far) = join(client.connect(&address), accept(&mut server)).await;
        let transport = address.addresses().next().unwrap().transport().to_string();
        let endpoint: Option<SocketAddr> =
            transport.trim_start_matches(W::NAME).trim_start_matches([':', '/']).parse().ok();
        assert_eq!(endpoint.is_some(), ["net", "ws", "wss"].contains(&W::NAME), "{address}");
        assert_eq!((near.unwrap().into().local_address(), far.local_address()), (None, endpoint));
    });
}

/// A counter counts what the halves carry in other tasks, and does not keep the connection alive.
pub fn a_meter_outlives_its_connection<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (mut server, address) = listen::<R>(serving(&way, false)).await;
        let client = client::<R, W>();
        let (near, mut far) = join(client.connect(&address), accept(&mut server)).await;
        let near: Connection = near.unwrap().into();
        let meters = [near.counter(), far.counter().clone()];
        assert_eq!([meters[0].traffic(), meters[1].traffic()], [Traffic::default(); 2]);
        let answer = async {
            far.read_to_end(&mut Vec::new()).await.unwrap();
            far.write_all(&[7; 300]).await.unwrap();
            far.close().await.unwrap();
        };
        join(exchange(near, &[7; 5000]), answer).await.0.unwrap();
        assert_eq!(meters[0].traffic(), Traffic { received: 300, sent: 5000 });
        assert_eq!(meters[1].traffic(), Traffic { received: 5000, sent: 300 });
        drop(far);
        assert_eq!(server.handle().live(), 0);
        assert_eq!(meters[1].traffic().received, 5000);
    });
}

/// Half-close, an answer after it, and the end of a stream without a goodbye.
pub fn closing_one_direction_leaves_the_other_and_dropping_is_a_cut<R: Tested, W: Way>() {
    run::<R>(async {
        let (mut near, mut far) = pair::<R, W>(&W::default()).await;
        near.write_all(b"question").await.unwrap();
        near.close().await.unwrap();
        let mut question = Vec::new();
        far.read_to_end(&mut question).await.unwrap();
        assert_eq!(question, b"question");
        assert_eq!(near.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        far.write_all(b"answer").await.unwrap();
        far.flush().await.unwrap();
        drop(far);
        let mut answer = Vec::new();
        let error = near.read_to_end(&mut answer).await.unwrap_err();
        assert_eq!((answer.as_slice(), error.kind()), (&b"answer"[..], ErrorKind::UnexpectedEof));
    });
}

/// More than any stream buffers.
const SENT: usize = 1 << 24;

/// The peer reads nothing before it has sent everything, and the other end has dropped the connection by then.
pub fn who_finishes_is_heard_by_one_who_still_sends<R: Tested, W: Way>() {
    run::<R>(async {
        for (most, is_enough) in [(SENT, true), (1000, false)] {
            let (mut near, mut far) = pair::<R, W>(&W::default()).await;
            let ask = async move {
                near.write_all(&vec![7; SENT]).await?;
                near.close().await?;
                let mut answer = Vec::new();
                near.read_to_end(&mut answer).await.map(|_| answer)
            };
            let part = async move {
                far.write_all(b"answer").await.unwrap();
                far.finish(u64::try_from(most).unwrap()).await.unwrap()
            };
            let (answer, has_closed) = join(ask, part).await;
            assert_eq!(has_closed, is_enough);
            assert!(answer.is_ok_and(|answer| answer == b"answer") || !is_enough);
        }
    });
}

/// Both directions are under way at once, each in a task of its own.
pub fn halves_are_used_from_two_tasks<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let server = echo::<R>(serving(&way, false)).await;
        let connection: Connection = client::<R, W>().connect(&server.address).await.unwrap().into();
        let (mut read, mut write) = connection.into_split();
        R::default().spawn(Box::pin(async move {
            write.write_all(&[5; 300_000]).await.unwrap();
            write.close().await.unwrap();
        }));
        let mut back = Vec::new();
        read.read_to_end(&mut back).await.unwrap();
        assert!(back == vec![5; 300_000]);
    });
}

/// The write half is dropped while the read half is still read.
pub fn a_dropped_half_is_a_cut<R: Tested, W: Way>() {
    run::<R>(async {
        let (near, mut far) = pair::<R, W>(&W::default()).await;
        let (_read, write) = near.into_split();
        drop(write);
        assert_eq!(far.read(&mut [0; 1]).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    });
}

/// Without a transform and with `noauth`, on both sides.
pub fn nobody_is_known_without_a_proof<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        for (serving, dialling, layer) in [
            (way.listening(), W::dialling(), ""),
            (way.listening().then(NoAuth), W::dialling().then(NoAuth), "~noauth"),
        ] {
            let (mut server, address) = listen::<R>(serving).await;
            assert!(address.to_string().ends_with(layer), "{address}");
            let client = multiserver::<R>(dialling);
            let (near, mut far) = join(client.connect(&address), accept(&mut server)).await;
            let near: Connection = near.unwrap().into();
            assert_eq!((near.peer(), far.peer()), (None, None));
            let answer = async {
                let mut question = [0; 4];
                far.read_exact(&mut question).await.unwrap();
                far.write_all(&question).await.unwrap();
                far.close().await.unwrap();
            };
            assert_eq!(join(exchange(near, b"open"), answer).await.0.unwrap(), b"open");
        }
    });
}

/// The server knows whom it refuses, and the client at which stage it was.
pub fn a_refused_peer_learns_it_from_the_silence<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let server = echo::<R>(serving(&way, false)).await;
        let error = client_as::<R, W>(REFUSED).connect(&server.address).await.map(drop).unwrap_err();
        let ConnectError::Failed(mut failed) = error else { panic!("{error}") };
        let Failure::Layer { stage, error: LayerError::Refused(error) } = failed.remove(0).failure else {
            panic!("{failed:?}")
        };
        assert_eq!(stage, Stage::Handshake);
        let expected = "the peer closed the stream before its server accept was complete";
        assert!(error.to_string().starts_with(expected), "{error}");
        server.reports.wait_for("refused", 1).await;
    });
}
