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
fn the_client_of_the_readme_compiles_on_all() {
    let readme = include_str!("../../../README.md");
    let (_, readme) = readme.split_once("## A client\n\n```rust,no_run\n").unwrap();
    let (client, _) = readme.split_once("```").unwrap();
    for (name, example) in [
        ("tokio", include_str!("../../tokio/examples/tokio_client.rs")),
        ("smol", include_str!("../../smol/examples/smol_client.rs")),
        ("async_std", include_str!("../../async-std/examples/async_std_client.rs")),
    ] {
        let expected = client.replace("use multiserver_tokio::", &format!("use multiserver_{name}::"));
        assert_eq!(example.split_once("\n\n").unwrap().1, expected, "{name}");
    }
}

#[test]
fn the_features_are_the_same() {
    let [tokio, smol, async_std] = [
        include_str!("../../tokio/Cargo.toml"),
        include_str!("../../smol/Cargo.toml"),
        include_str!("../../async-std/Cargo.toml"),
    ]
    .map(|manifest| manifest.split_once("[features]\n").unwrap().1.split_once("\n\n[").unwrap().0);
    let axum = "\n# A server as a listener for `axum::serve`.\naxum = [\"dep:axum\"]";
    assert_eq!(smol, tokio.strip_suffix(axum).unwrap());
    assert_eq!(async_std, smol);
}

#[test]
fn all_is_exported_by_the_same_words() {
    for (name, text) in CRATES {
        assert_eq!(text.matches("multiserver_compose::export_with_runtime!(").count(), 1, "{name}");
        for item in [
            "Connection, ReadHalf, WriteHalf",
            "::{ShsAcceptor, ShsConnector, ShsRequest, ShsStream}",
            "::drive;",
            "pub fn block_on<T, E: From<std::io::Error>>(",
        ] {
            assert!(text.contains(item), "{name}: {item}");
        }
    }
}
