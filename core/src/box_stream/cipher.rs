use core::fmt;
use multiserver_secretbox::Forged;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The key of one direction and the nonce of its next box.
///
/// Both are wiped on drop; there is no `Clone`, so that no nonce can serve twice.
#[derive(ZeroizeOnDrop)]
pub(super) struct Cipher {
    key: [u8; 32],
    nonce: Nonce,
}

impl Cipher {
    pub(super) const fn new(key: [u8; 32], nonce: [u8; 24]) -> Self {
        Self { key, nonce: Nonce(nonce) }
    }

    /// The nonce of the next box, which is thereby spent.
    pub(super) fn next_nonce(&mut self) -> Nonce {
        self.nonce.post_increment()
    }

    /// Encrypts `data` in place and returns its tag.
    pub(super) fn seal(&self, nonce: &Nonce, data: &mut [u8]) -> [u8; 16] {
        multiserver_secretbox::seal(&self.key, &nonce.0, data)
    }

    /// Decrypts `data` in place if `tag` is its tag.
    pub(super) fn open(&self, nonce: &Nonce, data: &mut [u8], tag: &[u8; 16]) -> Result<(), Forged> {
        multiserver_secretbox::open(&self.key, &nonce.0, data, tag)
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(..)")
    }
}

/// A 24-byte big-endian counter that wraps from all ones to zero.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Nonce([u8; 24]);

impl Nonce {
    fn post_increment(&mut self) -> Self {
        let current = Self(self.0);
        for byte in self.0.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_carries_and_wraps() {
        let mut nonce = Nonce([0; 24]);
        nonce.0[23] = 0xfe;
        nonce.0[0] = 7;
        assert_eq!(nonce.post_increment().0[23], 0xfe);
        assert_eq!(nonce.post_increment().0[23], 0xff);
        assert_eq!((nonce.0[0], nonce.0[22], nonce.0[23]), (7, 1, 0));

        let mut nonce = Nonce([0xff; 24]);
        assert_eq!(nonce.post_increment().0, [0xff; 24]);
        assert_eq!(nonce.0, [0; 24]);

        let mut nonce = Nonce([0xff; 24]);
        nonce.0[0] = 0;
        nonce.post_increment();
        assert_eq!((nonce.0[0], &nonce.0[1..]), (1, &[0; 23][..]));
    }
}
