//! Handshakes over standard input and output, with the standard library alone: no runtime.

use anyhow::{Context, Result, anyhow};
use data_encoding::HEXLOWER_PERMISSIVE;
use multiserver_core::keys::Ephemeral;
use multiserver_core::shs::Outcome;
use std::io::{self, Read, Stdin, Stdout, Write};

/// Standard input and output as one stream.
#[derive(Debug)]
pub struct Stdio {
    input: Stdin,
    output: Stdout,
}

impl Stdio {
    /// Those of this process.
    #[must_use]
    pub fn new() -> Self {
        Self { input: io::stdin(), output: io::stdout() }
    }

    /// Writes what a completed handshake leaves, in the order that npm `shs1-test` wants: 112 bytes.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn write_outcome(&mut self, outcome: Outcome) -> io::Result<()> {
        let keys = outcome.into_keys();
        self.output.write_all(&keys.encrypt_key)?;
        self.output.write_all(&keys.encrypt_nonce)?;
        self.output.write_all(&keys.decrypt_key)?;
        self.output.write_all(&keys.decrypt_nonce)?;
        self.output.flush()
    }
}

impl Default for Stdio {
    fn default() -> Self {
        Self::new()
    }
}

impl Read for Stdio {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

impl Write for Stdio {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// The argument of this process at `position`, counted from 1: `N` bytes in hexadecimal digits.
///
/// # Errors
/// It is missing, or is something else.
pub fn argument<const N: usize>(position: usize) -> Result<[u8; N]> {
    let text = std::env::args().nth(position).with_context(|| format!("argument {position} is missing"))?;
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).with_context(|| format!("argument {position}"))?;
    bytes.try_into().map_err(|_| anyhow!("argument {position} is not of {N} bytes"))
}

/// 32 random bytes of the operating system.
///
/// # Errors
/// The operating system has none.
pub fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// A fresh ephemeral pair.
///
/// # Errors
/// The operating system has no random bytes.
pub fn ephemeral() -> Result<Ephemeral> {
    random().map(Ephemeral::from_random)
}
