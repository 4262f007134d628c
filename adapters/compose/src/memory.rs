//! What a client remembers of the protocols by which servers have proven their keys, so that nobody can make it fall back
//! to a weaker one by blocking the stronger.

use multiserver_core::keys::PublicKey;
use multiserver_io::{MaybeSend, MaybeSync};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// The strongest protocol by which the holder of a key has proven it to us.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proven {
    /// The name of the protocol's layer in addresses, such as `noise`.
    pub protocol: String,
    /// How strong it is, as its [plan](crate::Plan::strength) says.
    pub strength: u16,
}

impl Proven {
    /// The protocol of this name and this strength.
    #[must_use]
    pub fn new(protocol: impl Into<String>, strength: u16) -> Self {
        Self { protocol: protocol.into(), strength }
    }
}

/// Remembers for each key the strongest protocol by which its holder has proven it.
///
/// A multiserver asks before it dials, and does not use a weaker protocol for that key unless
/// [allowed](crate::ConnectOptions::allow_downgrade). Protocols of strength 0 are not noted, since there is nothing weaker.
/// Calls come from the tasks that connect, and should not block for long.
pub trait ProtocolMemory: MaybeSend + MaybeSync + 'static {
    /// The strongest protocol that was noted for this key.
    ///
    /// # Errors
    /// The memory cannot be read. No protocol is then used for the key, unless a downgrade is allowed.
    fn strongest(&self, key: &PublicKey) -> io::Result<Option<Proven>>;

    /// Notes that the holder of this key has proven it by this protocol, which is stronger than what was noted before.
    ///
    /// # Errors
    /// The memory cannot be written. The connection stands, and the error is logged as a warning.
    fn note(&self, key: &PublicKey, proven: &Proven) -> io::Result<()>;
}

impl<M: ProtocolMemory + ?Sized> ProtocolMemory for Arc<M> {
    fn strongest(&self, key: &PublicKey) -> io::Result<Option<Proven>> {
        (**self).strongest(key)
    }

    fn note(&self, key: &PublicKey, proven: &Proven) -> io::Result<()> {
        (**self).note(key, proven)
    }
}

/// A memory that ends with the process, for [`MOST`](Self::MOST) keys.
///
/// When it is full, nothing more is noted, so that no new key drives out an old one.
#[derive(Default)]
pub struct InMemory(Mutex<HashMap<PublicKey, Proven>>);

impl InMemory {
    /// How many keys it remembers at most.
    pub const MOST: usize = 65_536;

    /// Without a key yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl ProtocolMemory for InMemory {
    fn strongest(&self, key: &PublicKey) -> io::Result<Option<Proven>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn note(&self, key: &PublicKey, proven: &Proven) -> io::Result<()> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < Self::MOST || known.contains_key(key) {
            known.insert(*key, proven.clone());
        }
        Ok(())
    }
}

impl fmt::Debug for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemory").finish_non_exhaustive()
    }
}
