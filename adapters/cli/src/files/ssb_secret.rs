//! The `secret` file of Secure Scuttlebutt: comment lines that start with `#` around one JSON object.

use data_encoding::BASE64;
use multiserver_tokio::core::keys::{KeyPair, MismatchedKeyPair, ParseKeyError};
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

/// Why a text is not an ssb `secret` file; nothing of the file's content is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SsbSecretError {
    /// The text outside the comments is not a JSON object with the fields of a secret file.
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

/// Reads the text of an ssb `secret` file; an error says that the text is not such a file, or that its keys do not belong
/// together.
pub(crate) fn parse(text: &str) -> Result<KeyPair, SsbSecretError> {
    let file: SecretFile = serde_json::from_str(&without_comments(text))
        .map_err(|error| SsbSecretError::Json { line: error.line().max(1) })?;
    if file.curve != "ed25519" {
        return Err(SsbSecretError::Curve);
    }
    let pair = KeyPair::from_secret_bytes(&*private_bytes(&file.private)?)?;
    if pair.public() != file.public.parse().map_err(SsbSecretError::Public)? {
        return Err(SsbSecretError::Mismatch);
    }
    Ok(pair)
}

/// The text of an ssb `secret` file with this pair, as ssb programs read and write it.
pub(crate) fn text(pair: &KeyPair) -> Zeroizing<String> {
    let public = pair.public();
    let mut private = Zeroizing::new([0; 64]);
    let (seed, name) = private.split_at_mut(32);
    seed.copy_from_slice(pair.seed().as_bytes());
    name.copy_from_slice(public.as_bytes());
    let (public, private) = (public.to_string(), Zeroizing::new(BASE64.encode(private.as_slice())));
    // Concatenated from parts, which allocates once: a text that grows leaves copies of the secret behind.
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

impl From<MismatchedKeyPair> for SsbSecretError {
    fn from(_: MismatchedKeyPair) -> Self {
        Self::Mismatch
    }
}

/// The text with its comments replaced by empty lines, so that line numbers stay correct.
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

#[cfg(test)]
mod tests {
    use super::*;
    use multiserver_tokio::core::keys::Seed;

    fn file(curve: &str, public: &str, private: &str) -> String {
        format!(
            "# this is your SECRET name.\n#\n# never show this to anyone.\n\n{{\n  \"curve\": \"{curve}\",\n  \
             \"public\": \"{public}\",\n  \"private\": \"{private}\",\n  \"id\": \"@{public}\"\n}}\n\n# the end\n"
        )
    }

    fn texts(pair: &KeyPair) -> (String, String) {
        let private = BASE64.encode(&[pair.seed().as_bytes().as_slice(), pair.public().as_bytes()].concat());
        (format!("{}.ed25519", pair.public()), format!("{private}.ed25519"))
    }

    #[test]
    fn a_file_with_its_comments_is_read() {
        let pair = KeyPair::from_seed(Seed::from_bytes([9; 32]));
        let (public, private) = texts(&pair);
        let text = file("ed25519", &public, &private);
        assert_eq!(parse(&text), Ok(KeyPair::from_seed(Seed::from_bytes([9; 32]))));
        assert_eq!(parse(&text.replace('\n', "\r\n")), Ok(pair));
    }

    #[test]
    fn what_is_written_is_what_ssb_programs_write() {
        let pair = KeyPair::from_seed(Seed::from_bytes([9; 32]));
        let text = text(&pair);
        let (comments, json): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with('#'));
        assert!(comments.len() >= 3 && text.ends_with('\n'), "{comments:?}");
        let (public, private) = texts(&pair);
        let expected = serde_json::json!({
            "curve": "ed25519", "public": public, "private": private, "id": format!("@{public}"),
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json.concat()).unwrap(), expected);
        assert_eq!(parse(&text), Ok(pair));
        assert_eq!(text.len(), text.capacity(), "it did not grow");
    }

    #[test]
    fn a_bad_file_says_what_is_bad_and_repeats_nothing() {
        let pair = KeyPair::from_seed(Seed::from_bytes([9; 32]));
        let (public, private) = texts(&pair);
        let (other, _) = texts(&KeyPair::from_seed(Seed::from_bytes([8; 32])));
        let read = |text: &str| parse(text).unwrap_err();
        assert_eq!(read(&file("k256", &public, &private)), SsbSecretError::Curve);
        assert_eq!(read(&file("ed25519", "", &private)), SsbSecretError::Public(ParseKeyError::Empty));
        assert_eq!(read(&file("ed25519", &other, &private)), SsbSecretError::Mismatch);
        for private in ["", ".ed25519", "AAAA.ed25519", private.get(..40).unwrap(), &private.replace(".ed25519", "")] {
            assert_eq!(read(&file("ed25519", &public, private)), SsbSecretError::Private, "{private}");
        }
        let cut = file("ed25519", &public, &private);
        let error = read(cut.get(..150).unwrap());
        assert!(matches!(error, SsbSecretError::Json { line: 7 }), "{error:?}");
        assert_eq!(read(""), SsbSecretError::Json { line: 1 });
        assert!(!error.to_string().contains(private.get(..8).unwrap()));
    }
}
