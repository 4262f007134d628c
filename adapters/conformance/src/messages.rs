//! Message channels as a transport under test.

use crate::support::{CLIENT, SERVER, echo, exchange, key, multiserver, run, shs};
use crate::{Tested, Way};
use futures_channel::mpsc;
use multiserver_compose::channel::duplex;
use multiserver_compose::{
    Attempt, BoxFuture, Channel, ConnectError, Dial, DialPlan, Failure, LayerError, Listener, Opened, Runtime, Stage,
    Suite, Transport,
};
use multiserver_core::address::{Layer, LayerBuf, Scope};
use multiserver_io::Duplex;
use multiserver_model::protocol;
use std::cell::RefCell;
use std::io::{self, ErrorKind};

/// Enough messages for a request and its end without a reader.
const QUEUE: usize = 8;

/// Messages in memory, with a new channel for each connection that is dialled.
#[derive(Debug)]
pub struct Messages {
    listening: Channel,
}

thread_local! {
    /// The channel at which the test on this thread listens, which the address of a channel does not contain.
    static LISTENING: RefCell<Option<Channel>> = const { RefCell::new(None) };
}

/// Offers both sides a channel and dials it.
#[derive(Debug)]
struct Dialling {
    ours: Channel,
    theirs: Channel,
}

impl Default for Messages {
    fn default() -> Self {
        let listening = Channel::listening();
        LISTENING.set(Some(listening.clone()));
        Self { listening }
    }
}

impl Way for Messages {
    const NAME: &'static str = "channel";

    type Security = protocol::Shs;

    fn listening(&self) -> Suite {
        self.listening.clone().into()
    }

    fn dialling() -> Suite {
        let theirs = LISTENING.with_borrow(Clone::clone).unwrap();
        Suite::new(Dialling { ours: Channel::dial_only(), theirs })
    }
}

impl Transport for Dialling {
    fn name(&self) -> &str {
        self.ours.name()
    }

    fn max_scope(&self) -> Option<Scope> {
        Transport::max_scope(&self.ours)
    }

    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>> {
        let offering = |dial| -> Box<dyn Dial + '_> { Box::new(Offering { dial, transport: self }) };
        Some(self.ours.plan(layer)?.map(offering))
    }

    fn addresses(&self, _: &dyn Runtime, _: Scope) -> Vec<LayerBuf> {
        Vec::new()
    }

    fn listen<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        self.ours.listen(attempt)
    }
}

/// Offers both sides a channel before one is dialled.
struct Offering<'a> {
    dial: Box<dyn Dial + 'a>,
    transport: &'a Dialling,
}

impl Dial for Offering<'_> {
    fn dial<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> {
        let (near, far) = pair();
        self.transport.ours.offer(near);
        self.transport.theirs.offer(far);
        self.dial.dial(attempt)
    }
}

/// A channel's two ends.
fn pair() -> (Duplex, Duplex) {
    let (to_one, from_other) = mpsc::channel(QUEUE);
    let (to_other, from_one) = mpsc::channel(QUEUE);
    (duplex(from_other, to_other), duplex(from_one, to_one))
}

/// A channel that was offered serves once, and without another there is nothing to dial.
pub fn each_channel_is_one_connection<R: Tested>() {
    run::<R>(async {
        let (ours, theirs) = (Channel::dial_only(), Channel::listening());
        let server = echo::<R>(theirs.clone().then(shs(SERVER))).await;
        assert_eq!(server.address.to_string(), format!("channel~shs:{}", key(SERVER)));
        let client = multiserver::<R>(ours.clone().then(shs(CLIENT)));
        for sent in [b"first", b"other"] {
            let (near, far) = pair();
            ours.offer(near);
            theirs.offer(far);
            let connection = client.connect(&server.address).await.unwrap();
            assert_eq!(exchange(connection, sent).await.unwrap(), sent);
        }
        let error = client.connect(&server.address).await.map(drop).unwrap_err();
        let ConnectError::Failed(failed) = error else { panic!("{error}") };
        let Failure::Layer { stage: Stage::Connect, error: LayerError::Io(source) } = &failed[0].failure else {
            panic!("{failed:?}")
        };
        assert_eq!(source.kind(), ErrorKind::NotConnected);
    });
}
