//! Which instructions the processor has, asked once while the program runs.

/// The code that fits the processor.
///
/// A value other than `Portable` is proof that the processor, and the operating system, have what it names: only
/// [`Cpu::detect`] and [`Cpu::available`] make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cpu {
    /// Plain Rust.
    Portable,
    /// 128-bit vectors, which every processor has that the code is compiled for.
    #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
    Neon,
    /// 256-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// 512-bit vectors, and the rotation of 256-bit vectors (AVX-512F and VL).
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

#[cfg(target_arch = "x86_64")]
cpufeatures::new!(has_avx2, "avx2");
#[cfg(target_arch = "x86_64")]
cpufeatures::new!(has_avx512, "avx2", "avx512f", "avx512vl");

/// Proof that AVX2 was detected.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

/// Proof that AVX2, AVX-512F and AVX-512VL were detected.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512(());

impl Cpu {
    /// The fastest code that this processor runs, unless the build asks for a slower one.
    #[inline]
    pub(crate) fn detect() -> Self {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        let may_use_vectors = !cfg!(multiserver_secretbox_backend = "portable");
        #[cfg(target_arch = "x86_64")]
        {
            let may_use_avx512 =
                !cfg!(any(multiserver_secretbox_backend = "portable", multiserver_secretbox_backend = "avx2"));
            if may_use_avx512 && has_avx512::get() {
                return Self::Avx512(Avx512(()));
            }
            if may_use_vectors && has_avx2::get() {
                return Self::Avx2(Avx2(()));
            }
        }
        #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
        if may_use_vectors {
            return Self::Neon;
        }
        Self::Portable
    }

    /// Every code that this processor runs.
    #[cfg(test)]
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        [
            Some(Self::Portable),
            #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
            Some(Self::Neon),
            #[cfg(target_arch = "x86_64")]
            has_avx2::get().then_some(Self::Avx2(Avx2(()))),
            #[cfg(target_arch = "x86_64")]
            has_avx512::get().then_some(Self::Avx512(Avx512(()))),
        ]
        .into_iter()
        .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::Cpu;
    use std::format;

    #[test]
    fn the_fastest_is_chosen_that_the_build_allows() {
        let allowed = Cpu::available().filter(|cpu| match format!("{cpu:?}") {
            name if name.starts_with("Avx512") => {
                !cfg!(any(multiserver_secretbox_backend = "portable", multiserver_secretbox_backend = "avx2"))
            }
            name => name == "Portable" || !cfg!(multiserver_secretbox_backend = "portable"),
        });
        assert_eq!(Some(Cpu::detect()), allowed.last());
    }
}
