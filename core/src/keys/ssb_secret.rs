//! The `secret` file of Secure Scuttlebutt: comment lines that start with `#` around one JSON object.

use super::{KeyPair, MismatchedKeyPair, ParseKeyError};
use crate::bytes::concat;
use alloc::string::{String, ToString};
use data_encoding::BASE64;
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

/// Why a text is not an ssb `secret` file; nothing of the file's content is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SsbSecretError {
    /// What stands outside the comments is not a JSON object with the fields of a secret file.
    #[error("line {line} of the secret file is not of the JSON object that belongs there")]
    Json {
        /// The line, from 1.
        line: usize,
    },
    /// The curve is another than `ed25519`.
    #[error("the secret file is for another curve than ed25519")]
    Curve,
    /// `private` is not base64 of a 64-byte key.
    #[error("`private` in the secret file is not base64 of 64 bytes, followed by .ed25519")]
    Private,
    /// `public` is not a key.
    #[error("`public` in the secret file: {0}")]
    Public(ParseKeyError),
    /// `public` and `private` are not of one pair.
    #[error("the keys in the secret file are not of one pair")]
    Mismatch,
}

#[derive(Deserialize)]
struct SecretFile {
    curve: String,
    public: String,
    private: String,
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        self.private.zeroize();
    }
}

impl KeyPair {
    /// Reads the text of an ssb `secret` file.
    ///
    /// # Errors
    /// The text is not such a file, or its keys do not belong together.
    pub fn from_ssb_secret(text: &str) -> Result<Self, SsbSecretError> {
        let file: SecretFile = serde_json::from_str(&without_comments(text))
            .map_err(|error| SsbSecretError::Json { line: error.line().max(1) })?;
        if file.curve != "ed25519" {
            return Err(SsbSecretError::Curve);
        }
        let pair = Self::from_secret_bytes(&*private_bytes(&file.private)?)?;
        if pair.public() != file.public.parse().map_err(SsbSecretError::Public)? {
            return Err(SsbSecretError::Mismatch);
        }
        Ok(pair)
    }

    /// Returns the text of an ssb `secret` file with this pair, as ssb programs read and write it.
    #[must_use]
    pub fn to_ssb_secret(&self) -> Zeroizing<String> {
        let public = self.public();
        let private = Zeroizing::new(concat::<64, 2>([self.seed().as_bytes(), public.as_bytes()]));
        let (public, private) = (public.to_string(), Zeroizing::new(BASE64.encode(private.as_slice())));
        // Of parts, since their concatenation is allocated once: a text that grows leaves copies of the secret behind.
        let parts = [
            "# An identity of Secure Scuttlebutt. Whoever has the `private` key below can act as its owner: show it to\n\
             # nobody. Use it on one device at a time: two of them would fork its feed, for good.\n\n{\n",
            "  \"curve\": \"ed25519\",\n",
            "  \"public\": \"",
            &public,
            ".ed25519\",\n  \"private\": \"",
            &private,
            ".ed25519\",\n  \"id\": \"@",
            &public,
            ".ed25519\"\n}\n\n# What others know it by: @",
            &public,
            ".ed25519\n",
        ];
        Zeroizing::new(parts.concat())
    }
}

impl From<MismatchedKeyPair> for SsbSecretError {
    fn from(_: MismatchedKeyPair) -> Self {
        Self::Mismatch
    }
}

/// The text with its comments emptied, so that line numbers stay what they are.
fn without_comments(text: &str) -> Zeroizing<String> {
    let mut json = Zeroizing::new(String::with_capacity(text.len()));
    for line in text.split_inclusive('\n') {
        json.push_str(if line.trim_start().starts_with('#') { "\n" } else { line });
    }
    json
}

fn private_bytes(text: &str) -> Result<Zeroizing<[u8; 64]>, SsbSecretError> {
    let text = text.strip_suffix(".ed25519").ok_or(SsbSecretError::Private)?;
    // Two bytes more than the key: what a decoder may write for 88 characters.
    let mut bytes = Zeroizing::new([0; 66]);
    if BASE64.decode_len(text.len()) != Ok(bytes.len()) {
        return Err(SsbSecretError::Private);
    }
    let length = BASE64.decode_mut(text.as_bytes(), bytes.as_mut_slice()).map_err(|_| SsbSecretError::Private)?;
    let key = bytes.get(..length).and_then(|key| key.try_into().ok()).ok_or(SsbSecretError::Private)?;
    Ok(Zeroizing::new(key))
}
