//! Sockets and listeners, from the program's side.

use crate::network::{Id, Machine};
use crate::world::World;
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_compose::{TcpArrival, TcpListener, UnixListener};
use multiserver_io::Duplex;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A socket; dropping it removes it from the network.
struct Held {
    world: Arc<World>,
    id: Id,
}

struct ReadHalf(Arc<Held>);

/// The write half of a socket; dropping it ends its direction.
struct WriteHalf(Arc<Held>);

/// A listener; dropping it removes it from the network.
pub(crate) struct Listener {
    world: Arc<World>,
    id: Id,
    local: SocketAddr,
}

/// A listener with a path; dropping it frees the path.
pub(crate) struct PathListener {
    listener: Listener,
    machine: Id,
    path: PathBuf,
}

/// The address of the listeners of Unix sockets, which nothing else uses.
const PATHS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 0);

pub(crate) async fn connect(world: Arc<World>, machine: Id, address: SocketAddr) -> io::Result<Duplex> {
    let id = world.with(|network| network.connect(machine, address))?;
    let held = Held { world, id };
    poll_fn(|cx| held.world.with(|network| network.poll_connected(id, cx))).await?;
    Ok(held.into_duplex())
}

impl Listener {
    pub(crate) fn new(world: Arc<World>, machine: Id, address: SocketAddr) -> io::Result<Self> {
        let (id, local) = world.with(|network| network.listen(machine, address))?;
        Ok(Self { world, id, local })
    }
}

impl PathListener {
    pub(crate) fn new(world: Arc<World>, machine: Id, path: PathBuf) -> io::Result<Self> {
        let listener = Listener::new(Arc::clone(&world), machine, SocketAddr::from((PATHS, 0)))?;
        world.with(|network| match network.machine(machine) {
            Some(Machine { paths, .. }) if !paths.contains_key(&path) => {
                paths.insert(path.clone(), listener.local);
                Ok(())
            }
            Some(_) | None => Err(ErrorKind::AddrInUse),
        })?;
        Ok(Self { listener, machine, path })
    }
}

impl UnixListener for PathListener {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Duplex>> {
        self.listener.poll_accept(cx).map_ok(|arrival| arrival.io)
    }
}

impl Drop for PathListener {
    fn drop(&mut self) {
        self.listener.world.with(|network| {
            if let Some(machine) = network.machine(self.machine) {
                machine.paths.remove(&self.path);
            }
        });
    }
}

impl TcpListener for Listener {
    fn local_address(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpArrival>> {
        let (id, remote, local) = ready!(self.world.with(|network| network.poll_accept(self.id, cx)))?;
        let held = Held { world: Arc::clone(&self.world), id };
        Poll::Ready(Ok(TcpArrival::new(held.into_duplex(), remote, Some(local))))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.world.with(|network| network.stop_listening(self.id));
    }
}

impl Held {
    fn into_duplex(self) -> Duplex {
        let held = Arc::new(self);
        Duplex::new(ReadHalf(Arc::clone(&held)), WriteHalf(held))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.world.with(|network| network.drop_socket(self.id));
    }
}

impl AsyncRead for ReadHalf {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.world.with(|network| network.poll_read(self.0.id, cx, buffer))
    }
}

impl AsyncWrite for WriteHalf {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.world.with(|network| network.poll_write(self.0.id, cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.world.with(|network| network.close_write(self.0.id));
        Poll::Ready(Ok(()))
    }
}

impl Drop for WriteHalf {
    fn drop(&mut self) {
        self.0.world.with(|network| network.close_write(self.0.id));
    }
}
