use super::PASSWORD_VERSION;
use alloc::vec::Vec;
use core::fmt;
use zeroize::Zeroizing;

/// A user name of 1 to 255 bytes and a password of at most 255 bytes for a proxy (RFC 1929).
///
/// RFC 1929 does not allow an empty password, but proxies accept one and other clients send it.
///
/// They are sent unencrypted. Tor does not check them, and uses them as a label: streams with different credentials
/// never share a circuit. They are zeroized on drop.
pub struct Credentials(Zeroizing<Vec<u8>>);

impl Credentials {
    /// The credentials of this user with this password.
    ///
    /// # Errors
    /// The user name is empty, or one of the two is longer than 255 bytes.
    pub fn new(user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self, CredentialsLength> {
        let (user, password) = (user.as_ref(), password.as_ref());
        if user.is_empty() {
            return Err(CredentialsLength(0));
        }
        let (user_length, password_length) = (length(user)?, length(password)?);
        // With its full capacity at once, since growing would leave copies behind that are not zeroized.
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
    u8::try_from(field.len()).map_err(|_| CredentialsLength(field.len()))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// The caller's mistake: a user name is empty, or a user name or a password too long. Holds its length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user for a SOCKS5 proxy has 1 to 255 bytes and a password at most 255, not {0}")]
pub struct CredentialsLength(pub usize);
