//! Project Wycheproof's vectors, against the very functions the handshake calls.

use super::schedule::hmac;
use crate::keys::PublicKey;
use crate::point::{EphemeralKey, LongTermKey};
use std::format;
use wycheproof::{TestResult, eddsa, mac, xdh};
use x25519_dalek::StaticSecret;

#[test]
fn ed25519_signatures() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut tried = 0;
    for group in set.test_groups {
        let key = PublicKey::from_bytes(group.key.pk.as_slice().try_into().unwrap());
        let key = LongTermKey::new(&key).expect("Wycheproof's own keys are sound");
        for test in group.tests {
            let holds = test.sig.as_slice().try_into().is_ok_and(|signature| key.verifies(&test.msg, signature));
            assert_eq!(holds, test.result == TestResult::Valid, "case {}: {}", test.tc_id, test.comment);
            tried += 1;
        }
    }
    assert!(tried >= 150, "{tried} cases");
}

#[test]
fn x25519_products() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    let (mut agreed, mut refused) = (0, 0);
    for group in set.test_groups {
        for test in group.tests {
            let secret = StaticSecret::from(<[u8; 32]>::try_from(test.private_key.as_slice()).unwrap());
            let public = <[u8; 32]>::try_from(test.public_key.as_slice()).unwrap();
            let ours = EphemeralKey::new(&public).and_then(|key| key.decode().product(&secret));
            let flags = format!("{:?}", test.flags);
            let unsound = ["NonCanonicalPublic", "LowOrderPublic", "ZeroSharedSecret"];
            let high_bit = public[31] & 0x80 != 0;
            if high_bit || unsound.iter().any(|flag| flags.contains(flag)) {
                assert!(ours.is_none(), "case {}: {}", test.tc_id, test.comment);
                refused += 1;
            } else {
                let ours = ours.unwrap_or_else(|| panic!("case {}: {}", test.tc_id, test.comment));
                assert_eq!(ours.as_slice(), test.shared_secret.as_slice(), "case {}", test.tc_id);
                agreed += 1;
            }
        }
    }
    assert!(agreed >= 450 && refused >= 40, "{agreed} agreed, {refused} refused");
}

#[test]
fn hmac_sha512_cut_to_32_bytes() {
    let set = mac::TestSet::load(mac::TestName::HmacSha512).unwrap();
    let mut tried = 0;
    for group in set.test_groups.into_iter().filter(|group| group.key_size == 256 && group.tag_size == 256) {
        for test in group.tests {
            let key = <[u8; 32]>::try_from(test.key.as_slice()).unwrap();
            let equal = hmac(&key, &[&test.msg]).as_slice() == test.tag.as_slice();
            assert_eq!(equal, test.result == TestResult::Valid, "case {}: {}", test.tc_id, test.comment);
            tried += 1;
        }
    }
    assert!(tried > 0, "no case has keys and tags of 32 bytes");
}
