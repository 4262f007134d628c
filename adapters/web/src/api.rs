//! What JavaScript sees. `npm/index.js` makes WHATWG streams of it.

use crate::{Browser, WebSockets};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use js_sys::{Array, Error, Object, Reflect, Uint8Array};
use multiserver_compose::{Connection, Multiserver, ReadHalf, Shs, WriteHalf, generate_identity};
use multiserver_core::address::{Layer, MultiAddress};
use multiserver_core::keys::{KeyPair, NetworkKey, Seed};
use multiserver_noise::Noise;
use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;
use std::sync::Arc;
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

    /// The identity of a seed of 32 bytes.
    #[wasm_bindgen(js_name = fromSeed)]
    pub fn from_seed(seed: &[u8]) -> Result<Identity, Error> {
        let seed = seed.try_into().map_err(|_| Error::new("a seed has 32 bytes"))?;
        Ok(Self(Arc::new(KeyPair::from_seed(Seed::from_bytes(seed)))))
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
pub fn parse_address(text: &str) -> Result<Array, Error> {
    let addresses: MultiAddress = text.parse().map_err(error)?;
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
pub async fn dial(address: String, identity: &Identity, network: Option<Vec<u8>>) -> Result<Pipe, Error> {
    let network = match network {
        None => NetworkKey::SSB_MAIN,
        Some(key) => {
            NetworkKey::from_bytes(key.as_slice().try_into().map_err(|_| Error::new("a network key has 32 bytes"))?)
        }
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
    let addresses: MultiAddress = address.parse().map_err(error)?;
    Ok(Pipe::new(multiserver.connect(&addresses).await.map_err(error)?))
}

/// A connection, as bytes to read and to write.
#[wasm_bindgen]
#[derive(Debug, Clone)]
pub struct Pipe {
    peer: Option<String>,
    address: Option<String>,
    suite: String,
    /// Taken while a call is under way.
    read: Rc<RefCell<Option<ReadHalf>>>,
    write: Rc<RefCell<Option<WriteHalf>>>,
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
            read: Rc::new(RefCell::new(Some(read))),
            write: Rc::new(RefCell::new(Some(write))),
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
        let mut read = self.read.take().ok_or_else(|| Error::new("a read is under way, or has failed"))?;
        let mut bytes = vec![0; READ_AT_ONCE];
        let count = read.read(&mut bytes).await.map_err(error)?;
        self.read.replace(Some(read));
        Ok(bytes.get(..count).filter(|bytes| !bytes.is_empty()).map(Uint8Array::from))
    }

    /// Writes these bytes and flushes them; waits while the browser has too much to send.
    pub async fn write(&self, bytes: Vec<u8>) -> Result<(), Error> {
        let mut write = self.write.take().ok_or_else(|| Error::new("a write is under way, or has failed"))?;
        write.write_all(&bytes).await.map_err(error)?;
        write.flush().await.map_err(error)?;
        self.write.replace(Some(write));
        Ok(())
    }

    /// Says goodbye: what the peer still sends can be read.
    pub async fn close(&self) -> Result<(), Error> {
        let mut write = self.write.take().ok_or_else(|| Error::new("a write is under way, or has failed"))?;
        write.close().await.map_err(error)
    }

    /// Ends both directions at once; the peer sees that it was cut off.
    pub fn abort(&self) {
        drop((self.read.take(), self.write.take()));
    }
}

fn error(error: impl Display) -> Error {
    Error::new(&error.to_string())
}
