//! Salsa20 and HSalsa20, Bernstein's "The Salsa20 family of stream ciphers" and "Extending the Salsa20 nonce".

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod eight_lanes;
#[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
mod neon;
mod positions;
mod rounds;
mod scalar;

pub(crate) use positions::{LANES, Positions};
pub(crate) use scalar::hsalsa20;

use crate::native::cpu::Cpu;

/// The size of one block of key stream in bytes.
pub(crate) const BLOCK_SIZE: usize = 64;

/// As many blocks of key stream as one call makes, in the order of their positions.
#[derive(Clone)]
#[repr(C, align(64))]
pub(crate) struct Blocks(pub(crate) [[u8; BLOCK_SIZE]; LANES]);

/// "expand 32-byte k", the four words that stand on the diagonal of every state.
const SIGMA: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// How many blocks are best made at a time.
pub(crate) const fn batch(cpu: Cpu) -> usize {
    match cpu {
        Cpu::Portable => LANES,
        #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
        Cpu::Neon => neon::BATCH,
        #[cfg(target_arch = "x86_64")]
        Cpu::Avx2(_) => avx2::BATCH,
        #[cfg(target_arch = "x86_64")]
        Cpu::Avx512(_) => LANES,
    }
}

/// How many blocks are made faster one by one than side by side.
const fn few(cpu: Cpu) -> usize {
    match cpu {
        Cpu::Portable => LANES,
        #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
        Cpu::Neon => 1,
        #[cfg(target_arch = "x86_64")]
        Cpu::Avx2(_) => 2,
        #[cfg(target_arch = "x86_64")]
        Cpu::Avx512(_) => 1,
    }
}

/// Makes the blocks at `positions`, up to a [`batch`] of them; those after them hold nothing of use.
pub(crate) fn blocks(cpu: Cpu, key: &[u32; 8], positions: &Positions, into: &mut Blocks) {
    match cpu {
        #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
        Cpu::Neon if positions.count() > few(cpu) => neon::blocks(key, positions, into),
        #[cfg(target_arch = "x86_64")]
        Cpu::Avx2(proof) if positions.count() > few(cpu) => avx2::blocks(proof, key, positions, into),
        #[cfg(target_arch = "x86_64")]
        Cpu::Avx512(proof) if positions.count() > few(cpu) => avx512::blocks(proof, key, positions, into),
        _ => {
            for (position, block) in positions.iter().zip(&mut into.0) {
                *block = scalar::block(key, position);
            }
        }
    }
}

#[cfg(test)]
mod tests;
