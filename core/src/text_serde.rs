//! Implements serde for types with a text form: they are serialized as that text, in every format.
//!
//! An address with a seed is serialized in full: treat the output as a secret.

use crate::address::{Address, MultiAddress};
use crate::keys::PublicKey;
use core::fmt;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

macro_rules! as_text {
    ($type:ty, $description:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct TextVisitor;

                impl Visitor<'_> for TextVisitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($description)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(TextVisitor)
            }
        }
    };
}

as_text!(MultiAddress, "the text of a multi-address");
as_text!(Address, "the text of an address");
as_text!(PublicKey, "the base64 text of a public key");

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";

    #[test]
    fn writes_and_reads_texts() {
        let text = std::format!("net:h:1~shs:{KEY};channel");
        let json = serde_json::to_string(&text.parse::<MultiAddress>().unwrap()).unwrap();
        assert_eq!(json, std::format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<MultiAddress>(&json).unwrap().to_string(), text);

        let address: Address = serde_json::from_str("\"net:[::1]:1\"").unwrap();
        assert_eq!(serde_json::to_string(&address).unwrap(), "\"net:::1:1\"");

        let key: PublicKey = serde_json::from_str(&std::format!("\"@{KEY}.ed25519\"")).unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), std::format!("\"{KEY}\""));
    }

    #[test]
    fn says_what_is_wrong_with_a_text() {
        let error = serde_json::from_str::<Address>("\"net:h:70000\"").unwrap_err();
        assert!(error.to_string().starts_with("at byte 6: expected a port"), "{error}");
        let error = serde_json::from_str::<MultiAddress>("[]").unwrap_err();
        assert!(error.to_string().contains("expected the text of a multi-address"), "{error}");
    }
}
