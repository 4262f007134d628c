//! The client's message: `"msjoin1\n" | A | signature by A`.

use super::Error;
use crate::bytes::{concat, part};
use crate::keys::{KeyPair, PublicKey};
use crate::point::LongTermKey;
use zeroize::Zeroizing;

/// The size of an application, in bytes.
pub(super) const SIZE: usize = 104;

/// How an application begins.
pub(super) const MAGIC: [u8; 8] = *b"msjoin1\n";

/// What an application is signed for; it keeps it apart from every other use of the client's key.
const LABEL: &[u8; 18] = b"multiserver join 1";

/// The application of this identity on the connection with this binding.
pub(super) fn sign(identity: &KeyPair, binding: &[u8; 32]) -> [u8; SIZE] {
    let key = identity.public();
    let signature = identity.sign(statement(binding, &key).as_slice());
    concat([&MAGIC, key.as_bytes(), &signature])
}

/// The client's key, once the application proves it on the connection with this binding; the magic is not looked at.
pub(super) fn verify(application: &[u8; SIZE], binding: &[u8; 32]) -> Result<PublicKey, Error> {
    let key = PublicKey::from_bytes(part(application, 8));
    let trusted = LongTermKey::new(&key).ok_or(Error::Key)?;
    let is_signed = trusted.verifies(statement(binding, &key).as_slice(), &part(application, 40));
    if is_signed { Ok(key) } else { Err(Error::Signature) }
}

/// What the client signs: `LABEL | binding | A`.
fn statement(binding: &[u8; 32], key: &PublicKey) -> Zeroizing<[u8; 82]> {
    Zeroizing::new(concat([LABEL, binding, key.as_bytes()]))
}
