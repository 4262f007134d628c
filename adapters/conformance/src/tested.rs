//! The traits for the runtimes and transports under test.

use crate::security::Security;
use multiserver_async_std::AsyncStd;
use multiserver_compose::ws::Certificate;
use multiserver_compose::{Connection, Native, Net, Suite, Unix, Ws, Wss};
use multiserver_model::protocol;
use multiserver_smol::Smol;
use multiserver_tokio::Tokio;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// A runtime under test.
pub trait Tested: Native<Connection: Into<Connection>> + Clone + Default {
    /// How many polls there are between two points at which a future is dropped.
    ///
    /// On real sockets, trying every poll would take too long. The number is odd, since each byte takes two polls.
    const STRIDE: usize = 7;

    /// Runs a test to its end.
    fn run(test: impl Future<Output = ()>);
}

impl Tested for Tokio {
    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Runtime::new().unwrap().block_on(test);
    }
}

impl Tested for Smol {
    fn run(test: impl Future<Output = ()>) {
        multiserver_smol::block_on(infallible(test)).unwrap();
    }
}

impl Tested for AsyncStd {
    fn run(test: impl Future<Output = ()>) {
        multiserver_async_std::block_on(infallible(test)).unwrap();
    }
}

async fn infallible(test: impl Future<Output = ()>) -> std::io::Result<()> {
    test.await;
    Ok(())
}

/// A transport under test; its files on the machine live as long as this.
pub trait Way: Default + Send + Sync + 'static {
    /// Its name in addresses.
    const NAME: &'static str;

    /// The layer that proves both ends.
    type Security: Security;

    /// A suite that listens at an endpoint of its own, on this device.
    fn listening(&self) -> Suite;

    /// A suite that only connects.
    fn dialling() -> Suite;
}

/// A transport under test with `noise` over it, in the place of `shs`.
#[derive(Debug, Default)]
pub struct Noisy<W>(W);

impl<W: Way> Way for Noisy<W> {
    const NAME: &'static str = W::NAME;

    type Security = protocol::Noise;

    fn listening(&self) -> Suite {
        self.0.listening()
    }

    fn dialling() -> Suite {
        W::dialling()
    }
}

/// TCP over the loopback interface.
#[derive(Debug, Default)]
pub struct Loopback;

impl Way for Loopback {
    const NAME: &'static str = "net";

    type Security = protocol::Shs;

    fn listening(&self) -> Suite {
        Net::bind("127.0.0.1:0").into()
    }

    fn dialling() -> Suite {
        Net::dial_only().into()
    }
}

/// WebSocket over the loopback interface.
#[derive(Debug, Default)]
pub struct WebSocket;

impl Way for WebSocket {
    const NAME: &'static str = "ws";

    type Security = protocol::Shs;

    fn listening(&self) -> Suite {
        Ws::bind("127.0.0.1:0").into()
    }

    fn dialling() -> Suite {
        Ws::dial_only().into()
    }
}

/// WebSocket over TLS over the loopback interface.
#[derive(Debug, Default)]
pub struct SecureWebSocket;

/// A certificate for the loopback interface and for a simulation's first machine, which is its own root, as PEM text.
///
/// It and its signatures have the same size in every run, for simulations to be repeatable.
pub static CERTIFICATE: LazyLock<(String, Certificate)> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let mut params = rcgen::CertificateParams::new(["127.0.0.1".to_owned(), "10.0.0.1".to_owned()]).unwrap();
    params.serial_number = Some(1.into());
    let pem = params.self_signed(&key).unwrap().pem();
    let certificate = Certificate::from_pem(&pem, key.serialize_pem()).unwrap();
    (pem, certificate)
});

impl Way for SecureWebSocket {
    const NAME: &'static str = "wss";

    type Security = protocol::Shs;

    fn listening(&self) -> Suite {
        Wss::bind("127.0.0.1:0", CERTIFICATE.1.clone()).into()
    }

    fn dialling() -> Suite {
        Wss::dial_only().root(&CERTIFICATE.0).unwrap().into()
    }
}

/// Unix sockets in a directory that is removed in the end.
#[derive(Debug)]
pub struct File {
    directory: TempDir,
    made: AtomicU32,
}

impl File {
    /// A path of its own.
    pub fn path(&self) -> std::path::PathBuf {
        self.directory.path().join(format!("socket-{}", self.made.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Default for File {
    fn default() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), made: AtomicU32::new(0) }
    }
}

impl Way for File {
    const NAME: &'static str = "unix";

    type Security = protocol::Shs;

    fn listening(&self) -> Suite {
        Unix::bind(self.path()).into()
    }

    fn dialling() -> Suite {
        Unix::dial_only().into()
    }
}
