//! The crates of the runtimes differ in their names only, their front pages with the examples included.

const CRATES: [(&str, &str); 3] = [
    ("tokio", include_str!("../../tokio/src/lib.rs")),
    ("smol", include_str!("../../smol/src/lib.rs")),
    ("async_std", include_str!("../../async-std/src/lib.rs")),
];

#[test]
fn the_front_pages_are_the_same() {
    let [tokio, others @ ..] = CRATES.map(|(name, text)| {
        let examples = text.split("//! The crates of the other runtimes").next().unwrap();
        let (_, examples) = examples.split_once("//! A client:").unwrap();
        examples.replace(&format!("multiserver_{name}"), "multiserver_RUNTIME")
    });
    assert_eq!(tokio.matches("multiserver_RUNTIME::prelude::*").count(), 2);
    for other in others {
        assert_eq!(other, tokio);
    }
}

#[test]
fn all_is_exported_by_the_same_words() {
    for (name, text) in CRATES {
        assert_eq!(text.matches("multiserver_compose::export_with_runtime!(").count(), 1, "{name}");
        for item in ["Connection, ReadHalf, WriteHalf", "pub fn block_on<T, E: From<std::io::Error>>("] {
            assert!(text.contains(item), "{name}: {item}");
        }
    }
}
