//! Servers and clients with identities made of one byte.

use crate::narrow::NARROW;
use crate::{Security, Tested, Way};
use futures_util::future::{Either, join, select};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_compose::{Connection, Event, Limits, Multiserver, Native, Server, ServerHandle, Shs, Suite};
use multiserver_core::address::{Address, MultiAddress, Scope};
use multiserver_core::keys::{KeyPair, PublicKey, Seed};
use multiserver_io::Duplex;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

pub(crate) const SERVER: u8 = 1;
pub(crate) const CLIENT: u8 = 2;
/// The identity that echo servers refuse.
pub(crate) const REFUSED: u8 = 0xff;

/// Long enough that only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a test to its end, unless it hangs.
pub(crate) fn run<R: Tested>(test: impl Future<Output = ()>) {
    R::run(async {
        let hang = R::default().sleep(PATIENCE);
        if let Either::Right(_) = select(pin!(test), hang).await {
            panic!("nothing has happened for {PATIENCE:?}");
        }
    });
}

pub(crate) fn identity(fill: u8) -> KeyPair {
    KeyPair::from_seed(Seed::from_bytes([fill; 32]))
}

pub(crate) fn key(fill: u8) -> PublicKey {
    identity(fill).public()
}

pub(crate) fn shs(fill: u8) -> Shs {
    Shs::new(identity(fill))
}

/// The suite of the servers; if `is_narrow`, the handshake runs over a layer that passes one byte at a time.
pub(crate) fn serving<W: Way>(way: &W, is_narrow: bool) -> Suite {
    let suite = way.listening();
    W::Security::secured(if is_narrow { suite.then(NARROW) } else { suite }, SERVER)
}

pub(crate) fn multiserver<R: Tested>(suite: Suite) -> Multiserver<R> {
    Multiserver::builder().suite(suite).build().unwrap()
}

pub(crate) fn client<R: Tested, W: Way>() -> Multiserver<R> {
    client_as::<R, W>(CLIENT)
}

pub(crate) fn client_as<R: Tested, W: Way>(fill: u8) -> Multiserver<R> {
    multiserver(W::Security::secured(W::dialling(), fill))
}

pub(crate) async fn listen<R: Tested>(suite: Suite) -> (Server<R>, MultiAddress) {
    let server = multiserver::<R>(suite).listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap();
    (server, address)
}

/// A connection of the transport alone.
pub(crate) async fn raw<R: Tested, W: Way>(address: &MultiAddress) -> Connection {
    let transport = Address::new(address.addresses().next().unwrap().transport());
    let addresses = MultiAddress::new([transport]).unwrap();
    multiserver::<R>(W::dialling()).connect(&addresses).await.unwrap().into()
}

/// Both ends of a connection of the transport alone.
pub(crate) async fn raw_pair<R: Tested, W: Way>(way: &W) -> (Connection, Connection) {
    let (mut server, address) = listen::<R>(way.listening()).await;
    join(raw::<R, W>(&address), accept(&mut server)).await
}

/// Both ends of a connection that is secure.
pub(crate) async fn pair<R: Tested, W: Way>(way: &W) -> (Connection, Connection) {
    let (mut server, address) = listen::<R>(serving(way, false)).await;
    let client = client::<R, W>();
    let (near, far) = join(client.connect(&address), accept(&mut server)).await;
    (near.unwrap().into(), far)
}

/// Accepts the next peer.
pub(crate) async fn accept<R: Tested>(server: &mut Server<R>) -> Connection {
    server.accept().await.unwrap().handshake().await.unwrap().accept().await.unwrap().into()
}

/// What a server reported, one line each, and a way to wait for a line.
#[derive(Clone, Default)]
pub(crate) struct Reports(Arc<Mutex<(Vec<String>, Vec<Waker>)>>);

impl Reports {
    pub(crate) fn hook(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        let reports = self.clone();
        move |event| {
            let mut state = reports.0.lock().unwrap();
            state.0.push(event.to_string());
            std::mem::take(&mut state.1).into_iter().for_each(Waker::wake);
        }
    }

    pub(crate) fn count(&self, text: &str) -> usize {
        self.0.lock().unwrap().0.iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until this many lines contain this text.
    pub(crate) async fn wait_for(&self, text: &str, count: usize) {
        poll_fn(|cx| {
            self.0.lock().unwrap().1.push(cx.waker().clone());
            if self.count(text) >= count { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// A server that returns every byte to those whose key it does not refuse.
pub(crate) struct Echo {
    pub(crate) address: MultiAddress,
    pub(crate) handle: ServerHandle,
    pub(crate) reports: Reports,
}

pub(crate) async fn echo<R: Tested>(suite: Suite) -> Echo {
    echo_with::<R>(suite, Limits::default()).await
}

pub(crate) async fn echo_with<R: Tested>(suite: Suite, limits: Limits) -> Echo {
    let reports = Reports::default();
    let builder = Multiserver::<R>::builder().suite(suite).limits(limits).report(reports.hook());
    let server = builder.build().unwrap().listen().await.unwrap();
    let (address, handle) = (server.address(Scope::Device).unwrap(), server.handle());
    R::default().spawn(Box::pin(serve_echo(server)));
    Echo { address, handle, reports }
}

pub(crate) async fn serve_echo<R: Native<Connection: Into<Connection>>>(server: Server<R>) {
    let authorize = |peer: multiserver_compose::Peer| async move { (peer.key != Some(key(REFUSED))).then_some(()) };
    server.serve(authorize, |connection, ()| echo_back(connection.into())).await;
}

pub(crate) async fn echo_back(connection: Connection) {
    let (mut read, mut write) = connection.into_split();
    if futures_util::io::copy(&mut read, &mut write).await.is_ok() {
        let _ = write.close().await;
    }
}

/// Sends these bytes, closes, and reads all that comes back.
pub(crate) async fn exchange(connection: impl Into<Connection>, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let (mut read, mut write) = connection.into().into_split();
    let mut back = Vec::new();
    let send = async {
        write.write_all(bytes).await?;
        write.close().await
    };
    let (sent, received) = join(send, read.read_to_end(&mut back)).await;
    sent?;
    received?;
    Ok(back)
}

/// Whether the other side has closed this connection.
pub(crate) async fn is_closed(connection: &mut Connection) -> bool {
    matches!(connection.read(&mut [0; 1]).await, Ok(0) | Err(_))
}

/// The same of a stream without a multiserver.
pub(crate) async fn is_closed_stream(stream: &mut Duplex) -> bool {
    matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_))
}

/// Polls a future as often as that, or until it is ready.
pub(crate) async fn poll_times<F: Future + Unpin>(future: &mut F, times: usize) -> Option<F::Output> {
    let mut left = times;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match std::pin::Pin::new(&mut *future).poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
