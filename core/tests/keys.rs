//! Keys: their text forms, what is refused and why, what is never printed, and what is made with them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test may panic")]

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use data_encoding::{BASE64, HEXLOWER};
use multiserver_core::keys::{
    Ephemeral, KeyPair, MismatchedKeyPair, NetworkKey, ParseKeyError, PublicKey, Seed, VerifyError,
};

const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";

#[test]
fn every_spelling_of_the_ecosystem_is_one_key() {
    let key: PublicKey = KEY.parse().unwrap();
    for text in [
        "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ",
        "DTNmX-4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=",
        "DTNmX-4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ",
        "@DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=.ed25519",
        "@DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ.ed25519",
        "@DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=",
        "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=.ed25519",
    ] {
        assert_eq!(text.parse(), Ok(key), "{text}");
    }
    assert_eq!(key.to_string(), KEY);
    assert_eq!(PublicKey::from_hex(&format!("{key:x}")), Ok(key));
    assert_eq!(PublicKey::from_hex(&format!("{key:x}").to_uppercase()), Ok(key));
    assert_eq!(key.as_bytes().as_slice(), BASE64.decode(KEY.as_bytes()).unwrap());
}

#[test]
fn what_is_not_a_key_says_why_and_where() {
    let parse = |text: &str| text.parse::<PublicKey>().unwrap_err();
    for empty in ["", "@", "=", "@.ed25519"] {
        assert_eq!(parse(empty), ParseKeyError::Empty, "{empty}");
    }
    assert_eq!(parse(&KEY.replace("TQ=", "==")), ParseKeyError::Length { expected: 43, found: 42 });
    assert_eq!(parse(&KEY.replace("TQ=", "TQAA=")), ParseKeyError::Length { expected: 43, found: 45 });
    assert_eq!(parse("@DTNmX+4SjsgZ7xy!h5xxmNtFqa6pWi5Qtw7cE8aR9TQ="), ParseKeyError::Character { offset: 16 });
    assert_eq!(parse("DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9-Q="), ParseKeyError::Character { offset: 5 });
    // The last character may leave no bits over, else two texts were one key.
    assert_eq!(parse("DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TR="), ParseKeyError::Character { offset: 42 });
    assert_eq!(parse("DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9é="), ParseKeyError::Character { offset: 41 });
    let hex = "ab".repeat(32);
    assert_eq!(parse(&hex), ParseKeyError::Length { expected: 43, found: 64 });
    let unpadded = KEY.replace('=', "A");
    assert_eq!(
        parse(&unpadded).to_string(),
        "the key should have 43 characters, not counting `@`, `=` and `.ed25519`, and has 44"
    );
    assert_eq!(PublicKey::from_hex(""), Err(ParseKeyError::Empty));
    assert_eq!(PublicKey::from_hex("ab"), Err(ParseKeyError::Length { expected: 64, found: 2 }));
    assert_eq!(PublicKey::from_hex(&format!("{}g0", "ab".repeat(31))), Err(ParseKeyError::Character { offset: 62 }));
}

#[test]
fn the_ssb_network_key_is_the_published_one() {
    let published: NetworkKey = "1KHLiKZvAvjbY1ziZEHMXawbCEIM6qwjCDm3VYRan/s=".parse().unwrap();
    assert!(published == NetworkKey::SSB_MAIN);
    assert_eq!(NetworkKey::SSB_MAIN.reveal().to_string(), "1KHLiKZvAvjbY1ziZEHMXawbCEIM6qwjCDm3VYRan/s=");
}

/// RFC 8032, section 7.1, test 1.
#[test]
fn a_seed_grows_into_the_pair_of_rfc_8032() {
    let seed = Seed::from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let pair = KeyPair::from_seed(seed);
    assert_eq!(format!("{:x}", pair.public()), public);
    assert_eq!(KeyPair::from_seed(Seed::from_bytes(*pair.seed().as_bytes())), pair);
    assert_ne!(KeyPair::from_seed(Seed::from_bytes([1; 32])), pair);
}

#[test]
fn a_secret_key_must_hold_its_own_public_key() {
    let pair = KeyPair::from_seed(Seed::from_bytes([1; 32]));
    let mut bytes: [u8; 64] =
        [pair.seed().as_bytes().as_slice(), pair.public().as_bytes()].concat().try_into().unwrap();
    assert_eq!(KeyPair::from_secret_bytes(&bytes), Ok(pair));
    for index in [0, 31, 32, 63] {
        bytes[index] ^= 1;
        assert_eq!(KeyPair::from_secret_bytes(&bytes), Err(MismatchedKeyPair), "byte {index}");
        bytes[index] ^= 1;
    }
}

#[test]
fn secrets_are_equal_by_value_and_print_as_nothing() {
    assert!(Seed::from_bytes([7; 32]) == Seed::from_bytes([7; 32]));
    assert!(Seed::from_bytes([7; 32]) != Seed::from_bytes([8; 32]));
    assert_eq!(format!("{:?}", Seed::from_bytes([7; 32])), "Seed(..)");
    assert_eq!(format!("{:?}", NetworkKey::SSB_MAIN), "NetworkKey(..)");
    assert_eq!(format!("{:?}", Ephemeral::from_random([7; 32])), "Ephemeral(..)");
    let pair = KeyPair::from_seed(Seed::from_bytes([7; 32]));
    let debug = format!("{pair:?}");
    assert_eq!(debug, format!("KeyPair {{ public: PublicKey({}), .. }}", pair.public()));
    assert!(!debug.contains(&HEXLOWER.encode(&[7; 32])));
}

/// RFC 7748, section 6.1: Bob's pair.
#[test]
fn an_ephemeral_is_an_x25519_pair() {
    let secret = HEXLOWER.decode(b"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb").unwrap();
    let ephemeral = Ephemeral::from_secret(secret.try_into().unwrap());
    assert_eq!(HEXLOWER.encode(ephemeral.public()), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
}

#[test]
fn a_signature_holds_for_one_message_by_one_key() {
    let [alice, bob] = pairs();
    let signature = alice.sign(b"a message");
    assert_eq!(alice.public().verify(b"a message", &signature), Ok(()));
    assert_eq!(alice.public().verify(b"another", &signature), Err(VerifyError::Signature));
    assert_eq!(bob.public().verify(b"a message", &signature), Err(VerifyError::Signature));
    for byte in 0..64 {
        let mut altered = signature;
        altered[byte] ^= 1;
        assert_eq!(alice.public().verify(b"a message", &altered), Err(VerifyError::Signature), "byte {byte}");
    }
    for torsion in EIGHT_TORSION {
        let weak = PublicKey::from_bytes(torsion.compress().to_bytes());
        assert_eq!(weak.verify(b"a message", &signature), Err(VerifyError::Key));
    }
    assert_eq!(VerifyError::Key.to_string(), "the key is not one that can be trusted");
    assert_eq!(VerifyError::Signature.to_string(), "the signature does not hold");
}

#[test]
fn a_public_key_has_the_x25519_key_of_its_pair() {
    let [alice, bob] = pairs();
    for pair in [&alice, &bob] {
        assert_eq!(pair.public().to_x25519(), Some(pair.x25519_public()));
    }
    let product = alice.diffie_hellman(&bob.x25519_public()).unwrap();
    assert_eq!(bob.diffie_hellman(&alice.public().to_x25519().unwrap()), Some(product.clone()));
    let ephemeral = Ephemeral::from_random([3; 32]);
    assert_ne!(alice.diffie_hellman(ephemeral.public()), Some(product));
    assert_eq!(alice.diffie_hellman(ephemeral.public()), ephemeral.diffie_hellman(&alice.x25519_public()));
}

/// A key with a part of low order can be shaken hands with, and yet has the X25519 products of other keys.
#[test]
fn a_key_with_a_part_of_low_order_has_no_x25519_key() {
    let [alice, _] = pairs();
    let point = CompressedEdwardsY(*alice.public().as_bytes()).decompress().unwrap();
    for torsion in &EIGHT_TORSION[1..] {
        let mixed = PublicKey::from_bytes((point + torsion).compress().to_bytes());
        assert!(mixed.is_usable());
        assert_eq!(mixed.to_x25519(), None);
        let weak = PublicKey::from_bytes(torsion.compress().to_bytes());
        assert!(!weak.is_usable());
        assert_eq!(weak.to_x25519(), None);
    }
}

#[test]
fn no_product_is_made_with_a_key_of_low_order() {
    let [alice, _] = pairs();
    for torsion in EIGHT_TORSION {
        let key = torsion.to_montgomery().to_bytes();
        assert_eq!(alice.diffie_hellman(&key), None);
        assert_eq!(Ephemeral::from_random([3; 32]).diffie_hellman(&key), None);
    }
}

fn pairs() -> [KeyPair; 2] {
    [1, 2].map(|fill| KeyPair::from_seed(Seed::from_bytes([fill; 32])))
}
