//! A clock that a test sets forward, and a count of tasks that a test can wait for.

use multiserver_compose::{BoxFuture, Native, Runtime, TcpListener, UnixListener};
use multiserver_io::Duplex;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

/// A runtime with a clock that stands still until it is set forward, and that counts its tasks; clones share both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clocked<R> {
    runtime: R,
    clock: Arc<Mutex<Clock>>,
    tasks: Tasks,
}

/// The number of tasks, and the wakers of those who wait until there are none.
#[derive(Debug, Clone, Default)]
struct Tasks(Arc<Mutex<(usize, Vec<Waker>)>>);

/// Counts as a task until it is dropped.
struct Task(Tasks);

#[derive(Debug, Default)]
struct Clock {
    now: Duration,
    waiting: Vec<Waker>,
}

impl<R> Clocked<R> {
    pub(crate) fn advance(&self, by: Duration) {
        let mut clock = self.clock.lock().unwrap();
        clock.now += by;
        let waiting = std::mem::take(&mut clock.waiting);
        drop(clock);
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.lock().unwrap().now
    }
}

impl<R: Native> Clocked<R> {
    /// Waits until no task is left.
    pub(crate) async fn no_tasks(&self) {
        poll_fn(|cx| {
            let mut tasks = self.tasks.0.lock().unwrap();
            tasks.1.push(cx.waker().clone());
            if tasks.0 == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let mut tasks = self.0.0.lock().unwrap();
        tasks.0 -= 1;
        std::mem::take(&mut tasks.1).into_iter().for_each(Waker::wake);
    }
}

impl<R: Native> Runtime for Clocked<R> {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        self.runtime.resolve(host, port)
    }

    fn tcp_connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Duplex>> {
        self.runtime.tcp_connect(address)
    }

    fn tcp_listen(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpListener>>> {
        self.runtime.tcp_listen(address)
    }

    fn tcp_adopt(&self, socket: std::net::TcpListener) -> io::Result<Box<dyn TcpListener>> {
        self.runtime.tcp_adopt(socket)
    }

    fn unix_connect<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Duplex>> {
        self.runtime.unix_connect(path)
    }

    fn unix_listen<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Box<dyn UnixListener>>> {
        self.runtime.unix_listen(path)
    }

    #[cfg(unix)]
    fn unix_adopt(&self, socket: std::os::unix::net::UnixListener) -> io::Result<Box<dyn UnixListener>> {
        self.runtime.unix_adopt(socket)
    }

    /// The time of day also comes from this clock.
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Self::now(self)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let until = self.now() + duration;
        let clock = Arc::clone(&self.clock);
        Box::pin(poll_fn(move |cx| {
            let mut clock = clock.lock().unwrap();
            if clock.now >= until {
                return Poll::Ready(());
            }
            clock.waiting.push(cx.waker().clone());
            Poll::Pending
        }))
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) {
        self.tasks.0.lock().unwrap().0 += 1;
        let task = Task(self.tasks.clone());
        self.runtime.spawn(Box::pin(async move {
            let _task = task;
            future.await;
        }));
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        self.runtime.random()
    }

    fn interfaces(&self) -> io::Result<Vec<IpAddr>> {
        self.runtime.interfaces()
    }
}

impl<R: Native> Native for Clocked<R> {
    type Connection = R::Connection;
}
