//! What JavaScript sees. `npm/index.js` makes WHATWG streams of it.

use crate::{Browser, WebSockets};
use futures_util::future::{AbortHandle, Abortable, Aborted};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use js_sys::{Array, Error, Object, Reflect, Uint8Array};
use multiserver_compose::{Connection, Multiserver, ReadHalf, Shs, WriteHalf, generate_identity};
use multiserver_core::address::{Layer, MultiAddress};
use multiserver_core::keys::{KeyPair, NetworkKey, Seed};
use multiserver_noise::Noise;
use std::cell::RefCell;
use std::fmt::Display;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// How many bytes are read at once.
const READ_AT_ONCE: usize = 64 * 1024;

/// A long-term identity. Its seed is a secret.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Identity(Arc<KeyPair>);

#[wasm_bindgen]
impl Identity {
    /// A new identity, from the browser's randomness.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Result<Identity, Error> {
        generate_identity(&Browser).map(|pair| Self(Arc::new(pair))).map_err(error)
    }

    /// The identity of a seed, a `Uint8Array` of 32 bytes.
    #[wasm_bindgen(js_name = fromSeed)]
    pub fn from_seed(seed: &JsValue) -> Result<Identity, Error> {
        Ok(Self(Arc::new(KeyPair::from_seed(Seed::from_bytes(bytes_of_32(seed, "a seed")?)))))
    }

    /// The public key in base64, as addresses have it.
    #[wasm_bindgen(getter, js_name = publicKey)]
    pub fn public_key(&self) -> String {
        self.0.public().to_string()
    }

    /// The seed, which is a secret, to keep the identity by.
    #[wasm_bindgen(getter)]
    pub fn seed(&self) -> Vec<u8> {
        self.0.seed().as_bytes().to_vec()
    }
}

/// Reads a multi-address: an array of addresses, each an array of layers `{name, fields}`.
#[wasm_bindgen(js_name = parseAddress)]
pub fn parse_address(text: &JsValue) -> Result<Array, Error> {
    let addresses = multi_address(text)?;
    let layer = |layer: Layer<'_>| -> JsValue {
        let object = Object::new();
        let fields: Array = layer.fields().map(|field| JsValue::from_str(&field)).collect();
        let _ = Reflect::set(&object, &"name".into(), &layer.name().into());
        let _ = Reflect::set(&object, &"fields".into(), &fields);
        object.into()
    };
    let address = |address: &multiserver_core::address::Address| -> JsValue {
        let layers: Array = std::iter::once(address.transport()).chain(address.transforms()).map(layer).collect();
        layers.into()
    };
    Ok(addresses.addresses().map(address).collect())
}

/// Connects to the peer at this multi-address. Without a network key, it is that of the main network.
#[wasm_bindgen]
pub async fn dial(address: JsValue, identity: &Identity, network: JsValue) -> Result<Pipe, Error> {
    let addresses = multi_address(&address)?;
    let network = if network.is_undefined() {
        NetworkKey::SSB_MAIN
    } else {
        NetworkKey::from_bytes(bytes_of_32(&network, "a network key")?)
    };
    let (identity, network) = (Arc::clone(&identity.0), Arc::new(network));
    let shs = Shs::new(Arc::clone(&identity)).network(Arc::clone(&network));
    let noise = Noise::new(identity).network(network);
    let suites = [WebSockets::ws(), WebSockets::wss()];
    let builder = suites.into_iter().fold(Multiserver::builder_on(Browser), |builder, transport| {
        let suite = || multiserver_compose::Suite::new(transport);
        builder.suite(suite().then(shs.clone())).suite(suite().then(noise.clone()))
    });
    let multiserver = builder.build().map_err(error)?;
    Ok(Pipe::new(multiserver.connect(&addresses).await.map_err(error)?))
}

/// A connection, as bytes to read and to write.
#[wasm_bindgen]
#[derive(Debug, Clone)]
pub struct Pipe {
    peer: Option<String>,
    address: Option<String>,
    suite: String,
    read: Rc<RefCell<Half<ReadHalf>>>,
    write: Rc<RefCell<Half<WriteHalf>>>,
}

/// A half of a connection.
#[derive(Debug)]
enum Half<T> {
    Idle(T),
    /// A call has it; the handle stops the call, which drops it.
    Busy(AbortHandle),
    Ended,
}

impl<T> Half<T> {
    /// Lends the half to a call; it is given back unless the call fails or is stopped.
    async fn lend<R>(half: &RefCell<Self>, call: impl AsyncFnOnce(&mut T) -> io::Result<R>) -> Result<R, Error> {
        let (handle, registration) = AbortHandle::new_pair();
        let mut lent = match half.replace(Self::Busy(handle)) {
            Self::Idle(lent) => lent,
            busy @ Self::Busy(_) => {
                half.replace(busy);
                return Err(Error::new("the call before this one is not over"));
            }
            Self::Ended => {
                half.replace(Self::Ended);
                return Err(Error::new("the connection has ended in this direction"));
            }
        };
        let outcome = match Abortable::new(call(&mut lent), registration).await {
            Ok(outcome) => outcome.map_err(error),
            Err(Aborted) => Err(Error::new("the connection was aborted")),
        };
        half.replace(if outcome.is_ok() { Self::Idle(lent) } else { Self::Ended });
        outcome
    }

    fn end(half: &RefCell<Self>) {
        if let Self::Busy(call) = half.replace(Self::Ended) {
            call.abort();
        }
    }
}

#[wasm_bindgen]
impl Pipe {
    fn new(connection: Connection) -> Self {
        let peer = connection.peer().map(ToString::to_string);
        let address = connection.peer_address().map(|address| address.redacted().to_string());
        let suite = connection.suite().to_owned();
        let (read, write) = connection.into_split();
        Self {
            peer,
            address,
            suite,
            read: Rc::new(RefCell::new(Half::Idle(read))),
            write: Rc::new(RefCell::new(Half::Idle(write))),
        }
    }

    /// The peer's key, which it has proven.
    #[wasm_bindgen(getter)]
    pub fn peer(&self) -> Option<String> {
        self.peer.clone()
    }

    /// The peer's address, without secrets.
    #[wasm_bindgen(getter)]
    pub fn address(&self) -> Option<String> {
        self.address.clone()
    }

    /// The names of the layers, such as `ws~shs`.
    #[wasm_bindgen(getter)]
    pub fn suite(&self) -> String {
        self.suite.clone()
    }

    /// The next bytes; `undefined` at the peer's goodbye.
    pub async fn read(&self) -> Result<Option<Uint8Array>, Error> {
        let mut bytes = vec![0; READ_AT_ONCE];
        let count = Half::lend(&self.read, async |read| read.read(&mut bytes).await).await?;
        Ok(bytes.get(..count).filter(|bytes| !bytes.is_empty()).map(Uint8Array::from))
    }

    /// Writes these bytes and flushes them; waits while the browser has too much to send.
    pub async fn write(&self, bytes: Vec<u8>) -> Result<(), Error> {
        let write = async |write: &mut WriteHalf| {
            write.write_all(&bytes).await?;
            write.flush().await
        };
        Half::lend(&self.write, write).await
    }

    /// Says goodbye: what the peer still sends can be read.
    pub async fn close(&self) -> Result<(), Error> {
        Half::lend(&self.write, async |write| write.close().await).await
    }

    /// Ends both directions at once, and calls that wait with an error; the peer sees that it was cut off.
    pub fn abort(&self) {
        Half::end(&self.read);
        Half::end(&self.write);
    }
}

fn multi_address(text: &JsValue) -> Result<MultiAddress, Error> {
    text.as_string().ok_or_else(|| Error::new("an address is a string"))?.parse().map_err(error)
}

/// Keys are taken from a `Uint8Array` alone: JavaScript would turn the letters of a text into zeros.
fn bytes_of_32(value: &JsValue, what: &str) -> Result<[u8; 32], Error> {
    let bytes = value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec);
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Error::new(&format!("{what} is a Uint8Array of 32 bytes")))
}

fn error(error: impl Display) -> Error {
    Error::new(&error.to_string())
}
