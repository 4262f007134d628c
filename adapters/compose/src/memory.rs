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

    /// Notes that the holder of this key has proven it by this protocol, unless a stronger one is noted already, perhaps by
    /// another task since it was asked for.
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
        let is_stronger = known.get(key).is_none_or(|seen| proven.strength > seen.strength);
        if is_stronger && (known.len() < Self::MOST || known.contains_key(key)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_memory_forgets_nothing_and_no_note_makes_it_weaker() {
        let memory = InMemory::new();
        let key = |number: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&u64::try_from(number).unwrap().to_le_bytes());
            PublicKey::from_bytes(bytes)
        };
        let (weak, strong) = (Proven::new("weak", 100), Proven::new("strong", 200));
        for number in 0..=InMemory::MOST {
            memory.note(&key(number), &weak).unwrap();
        }
        memory.note(&key(0), &strong).unwrap();
        memory.note(&key(0), &weak).unwrap();
        assert_eq!(memory.strongest(&key(0)).unwrap(), Some(strong));
        assert_eq!(memory.strongest(&key(1)).unwrap(), Some(weak));
        assert_eq!(memory.strongest(&key(InMemory::MOST)).unwrap(), None);
    }
}
