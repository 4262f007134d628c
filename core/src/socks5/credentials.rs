use super::PASSWORD_VERSION;
use alloc::vec::Vec;
use core::fmt;
use zeroize::Zeroizing;

/// A user and a password for a proxy, 1 to 255 bytes each (RFC 1929).
///
/// They travel in the clear. To Tor they are no secret but a name: streams with different ones never share a circuit.
/// Wiped on drop all the same.
pub struct Credentials(Zeroizing<Vec<u8>>);

impl Credentials {
    /// The credentials of this user with this password.
    ///
    /// # Errors
    /// One of them is empty or over 255 bytes.
    pub fn new(user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self, CredentialsLength> {
        let (user, password) = (user.as_ref(), password.as_ref());
        let (user_length, password_length) = (length(user)?, length(password)?);
        // Of its full size at once: growth would leave copies behind that nothing wipes.
        let mut message = Zeroizing::new(Vec::with_capacity(3 + user.len() + password.len()));
        message.extend_from_slice(&[PASSWORD_VERSION, user_length]);
        message.extend_from_slice(user);
        message.push(password_length);
        message.extend_from_slice(password);
        Ok(Self(message))
    }

    /// The request of RFC 1929 that presents them.
    pub(super) fn message(&self) -> Zeroizing<Vec<u8>> {
        self.0.clone()
    }
}

fn length(field: &[u8]) -> Result<u8, CredentialsLength> {
    match u8::try_from(field.len()) {
        Ok(0) | Err(_) => Err(CredentialsLength(field.len())),
        Ok(length) => Ok(length),
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// The caller's fault: a user or a password was empty or too long. Holds its length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user and a password for a SOCKS5 proxy have 1 to 255 bytes each, not {0}")]
pub struct CredentialsLength(pub usize);
