use zeroize::{Zeroize, ZeroizeOnDrop};

/// A 24-byte big-endian counter that wraps from all ones to zero.
#[derive(Debug, Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Nonce(pub(crate) [u8; 24]);

impl Nonce {
    /// The nonce of the next box; this one then stands at the box after it.
    pub(crate) fn take(&mut self) -> Self {
        let current = self.clone();
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
        assert_eq!(nonce.take().0[23], 0xfe);
        assert_eq!(nonce.take().0[23], 0xff);
        assert_eq!((nonce.0[0], nonce.0[22], nonce.0[23]), (7, 1, 0));

        let mut nonce = Nonce([0xff; 24]);
        assert_eq!(nonce.take().0, [0xff; 24]);
        assert_eq!(nonce.0, [0; 24]);

        let mut nonce = Nonce([0xff; 24]);
        nonce.0[0] = 0;
        nonce.take();
        assert_eq!((nonce.0[0], &nonce.0[1..]), (1, &[0; 23][..]));
    }
}
