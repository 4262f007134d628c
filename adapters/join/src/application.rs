//! The client's message: `"msjoin1\n" | A | signature by A`.

use super::Error;
use multiserver_core::keys::{KeyPair, PublicKey, VerifyError};
use zeroize::Zeroizing;

/// The size of an application, in bytes.
pub(super) const SIZE: usize = 104;

/// How an application begins.
pub(super) const MAGIC: [u8; 8] = *b"msjoin1\n";

/// The label in the signed statement, which separates it from every other use of the client's key.
const LABEL: &[u8; 18] = b"multiserver join 1";

/// The application of this identity on the connection with this binding.
pub(super) fn sign(identity: &KeyPair, binding: &[u8; 32]) -> [u8; SIZE] {
    let key = identity.public();
    let signature = identity.sign(statement(binding, &key).as_slice());
    let mut application = [0; SIZE];
    let (magic, rest) = application.split_at_mut(MAGIC.len());
    let (name, proof) = rest.split_at_mut(32);
    magic.copy_from_slice(&MAGIC);
    name.copy_from_slice(key.as_bytes());
    proof.copy_from_slice(&signature);
    application
}

/// Returns the client's key, if the application proves it on the connection with this binding; the magic is not
/// checked.
pub(super) fn verify(application: &[u8; SIZE], binding: &[u8; 32]) -> Result<PublicKey, Error> {
    let (_, rest) = application.split_at(MAGIC.len());
    let (Some(name), Some(signature)) = (rest.first_chunk(), rest.last_chunk()) else {
        unreachable!("an application has a key and a signature")
    };
    let key = PublicKey::from_bytes(*name);
    match key.verify(statement(binding, &key).as_slice(), signature) {
        Ok(()) => Ok(key),
        Err(VerifyError::Key) => Err(Error::Key),
        Err(VerifyError::Signature) => Err(Error::Signature),
    }
}

/// What the client signs: `LABEL | binding | A`.
fn statement(binding: &[u8; 32], key: &PublicKey) -> Zeroizing<[u8; 82]> {
    let mut statement = Zeroizing::new([0; 82]);
    let (label, rest) = statement.split_at_mut(LABEL.len());
    let (bound, name) = rest.split_at_mut(binding.len());
    label.copy_from_slice(LABEL);
    bound.copy_from_slice(binding);
    name.copy_from_slice(key.as_bytes());
    statement
}
