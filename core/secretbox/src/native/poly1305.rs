//! Poly1305, Bernstein's "The Poly1305-AES message-authentication code" with the one-time key of NaCl; numbers as in
//! RFC 8439, section 2.5.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod vectors;

use crate::native::cpu::Cpu;
use scalar::Accumulator;

/// The size of one block of a message in bytes.
const BLOCK_SIZE: usize = 16;

/// The tag of the message under this key, which must serve one message only.
pub(crate) fn tag(cpu: Cpu, key: &[u8; 32], message: &[u8]) -> [u8; 16] {
    let (r, s) = scalar::split(key);
    let mut sum = Accumulator::ZERO;
    let rest = match cpu {
        Cpu::Portable => message,
        #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
        Cpu::Neon => message,
        #[cfg(target_arch = "x86_64")]
        Cpu::Avx2(proof) => avx2::absorb(proof, &r, &mut sum, message),
        #[cfg(target_arch = "x86_64")]
        Cpu::Avx512(proof) => avx512::absorb(proof, &r, &mut sum, message),
    };
    scalar::absorb(&r, &mut sum, rest);
    sum.finish(s)
}

#[cfg(test)]
mod tests;
