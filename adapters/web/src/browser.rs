//! The runtime of a web page.

use js_sys::{Date, Function, Promise, Reflect, Uint8Array, global};
use multiserver_compose::{BoxFuture, Connection, Native, Runtime, TcpListener};
use multiserver_io::Duplex;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// The longest time that `setTimeout` is given: with 25 days it would fire at once.
const LONGEST_TIMER: Duration = Duration::from_secs(24 * 24 * 60 * 60);

/// The browser that the page is in: timers, tasks and randomness, and no sockets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Browser;

impl Runtime for Browser {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Err(no_sockets()) })
    }

    fn tcp_connect(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<Duplex>> {
        Box::pin(async { Err(no_sockets()) })
    }

    fn tcp_listen(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpListener>>> {
        Box::pin(async { Err(no_sockets()) })
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        // The time runs from this call on, however late the future is polled.
        let (mut left, mut piece) = (duration, duration.min(LONGEST_TIMER));
        let mut timer = timeout(piece);
        Box::pin(async move {
            loop {
                // A page without timers would wait for ever, rather than not at all.
                if JsFuture::from(timer).await.is_err() {
                    std::future::pending::<()>().await;
                }
                left -= piece;
                if left.is_zero() {
                    return;
                }
                piece = left.min(LONGEST_TIMER);
                timer = timeout(piece);
            }
        })
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs_f64((Date::now() / 1000.0).max(0.0))
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) {
        spawn_local(future);
    }

    /// From `crypto.getRandomValues`.
    fn random(&self) -> io::Result<[u8; 32]> {
        let array = Uint8Array::new_with_length(32);
        let missing = |_| io::Error::new(ErrorKind::Unsupported, "the browser has no crypto.getRandomValues");
        let crypto = Reflect::get(&global(), &"crypto".into()).map_err(missing)?;
        let method = Reflect::get(&crypto, &"getRandomValues".into()).and_then(JsCast::dyn_into::<Function>);
        method.and_then(|method| method.call1(&crypto, &array)).map_err(missing)?;
        let mut bytes = [0; 32];
        array.copy_to(&mut bytes);
        Ok(bytes)
    }

    fn interfaces(&self) -> io::Result<Vec<IpAddr>> {
        Ok(Vec::new())
    }
}

impl Native for Browser {
    type Connection = Connection;
}

/// A promise that is kept when this much time has passed.
fn timeout(duration: Duration) -> Promise {
    let milliseconds = JsValue::from_f64(duration.as_secs_f64() * 1000.0);
    Promise::new(&mut |resolve, reject| {
        let set = Reflect::get(&global(), &"setTimeout".into()).and_then(JsCast::dyn_into::<Function>);
        if set.and_then(|set| set.call2(&JsValue::UNDEFINED, &resolve, &milliseconds)).is_err() {
            let _ = reject.call0(&JsValue::UNDEFINED);
        }
    })
}

fn no_sockets() -> io::Error {
    io::Error::new(ErrorKind::Unsupported, "a web page has no sockets: it reaches ws and wss addresses only")
}
