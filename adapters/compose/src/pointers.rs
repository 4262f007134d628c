//! Layers and runtimes behind an `Arc` or a `Box` are layers and runtimes too, with every method forwarded.

use crate::{
    Admission, Attempt, BoxFuture, DialPlan, LayerError, Limits, Listener, Runtime, SettingError, TcpListener,
    Transform, Transport, UnixListener, WrapPlan,
};
use multiserver_core::address::{Layer, LayerBuf, Scope};
use multiserver_io::Duplex;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

macro_rules! behind {
    ($($pointer:ident),*) => {
        $(
            impl<T: Transport + ?Sized> Transport for $pointer<T> {
                fn name(&self) -> &str {
                    (**self).name()
                }

                fn check(&self) -> Result<(), SettingError> {
                    (**self).check()
                }

                fn default_limits(&self) -> Limits {
                    (**self).default_limits()
                }

                fn max_scope(&self) -> Option<Scope> {
                    (**self).max_scope()
                }

                fn proves_peer(&self) -> bool {
                    (**self).proves_peer()
                }

                fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>> {
                    (**self).plan(layer)
                }

                fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<LayerBuf> {
                    (**self).addresses(runtime, scope)
                }

                fn listen<'a>(
                    &'a self,
                    attempt: &'a Attempt,
                ) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
                    (**self).listen(attempt)
                }
            }

            impl<T: Transform + ?Sized> Transform for $pointer<T> {
                fn name(&self) -> &str {
                    (**self).name()
                }

                fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
                    (**self).plan(layer)
                }

                fn layer(&self) -> LayerBuf {
                    (**self).layer()
                }

                fn max_scope(&self) -> Scope {
                    (**self).max_scope()
                }

                fn proves_peer(&self) -> bool {
                    (**self).proves_peer()
                }

                fn server<'a>(
                    &'a self,
                    attempt: &'a Attempt,
                    io: Duplex,
                ) -> BoxFuture<'a, Result<Admission, LayerError>> {
                    (**self).server(attempt, io)
                }
            }

            impl<T: Runtime + ?Sized> Runtime for $pointer<T> {
                fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
                    (**self).resolve(host, port)
                }

                fn tcp_connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Duplex>> {
                    (**self).tcp_connect(address)
                }

                fn tcp_listen(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpListener>>> {
                    (**self).tcp_listen(address)
                }

                fn tcp_adopt(&self, socket: std::net::TcpListener) -> io::Result<Box<dyn TcpListener>> {
                    (**self).tcp_adopt(socket)
                }

                fn unix_connect<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Duplex>> {
                    (**self).unix_connect(path)
                }

                fn unix_listen<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Box<dyn UnixListener>>> {
                    (**self).unix_listen(path)
                }

                #[cfg(unix)]
                fn unix_adopt(&self, socket: std::os::unix::net::UnixListener) -> io::Result<Box<dyn UnixListener>> {
                    (**self).unix_adopt(socket)
                }

                fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
                    (**self).sleep(duration)
                }

                fn now(&self) -> SystemTime {
                    (**self).now()
                }

                fn spawn(&self, future: BoxFuture<'static, ()>) {
                    (**self).spawn(future);
                }

                fn random(&self) -> io::Result<[u8; 32]> {
                    (**self).random()
                }

                fn interfaces(&self) -> io::Result<Vec<IpAddr>> {
                    (**self).interfaces()
                }
            }
        )*
    };
}

behind!(Arc, Box);
