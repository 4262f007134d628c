//! The messages of errors, and how to match on them.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::{BuildError, ConnectError, Failure, LayerError, Multiserver, Net, SettingError, Shs, Stage};
use std::error::Error;
use std::io::ErrorKind;
use support::{CLIENT, SERVER, client, echo, identity, key, suite};

/// No message repeats that of its source, so that a report of the whole chain says everything once.
fn assert_says_everything_once(error: &dyn Error) {
    let text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        assert!(!text.contains(&error.to_string()), "`{text}` repeats its source `{error}`");
        source = error.source();
    }
}

#[tokio::test]
async fn a_failure_to_connect_is_matched_without_a_look_at_texts() {
    let server = echo(suite()).await;
    let wrong_key = server.address.to_string().replace(&key(SERVER).to_string(), &key(9).to_string());
    let not_a_point = server.address.to_string().replace(&key(SERVER).to_string(), &"A".repeat(43));
    let unreachable = |failure: &Failure| {
        let Failure::Layer { stage: Stage::Connect, error: LayerError::Io(error) } = failure else { return false };
        error.kind() == ErrorKind::ConnectionRefused
    };
    type Check = fn(&Failure) -> bool;
    let cases: [(String, Check); 3] = [
        (format!("net:127.0.0.1:1~shs:{}", key(9)), unreachable),
        (wrong_key, |failure| matches!(failure, Failure::Layer { error: LayerError::Refused(_), .. })),
        (not_a_point, |failure| matches!(failure, Failure::Layer { error: LayerError::Unusable(_), .. })),
    ];
    for (address, is_expected) in cases {
        let error = client().connect(&address.parse().unwrap()).await.unwrap_err();
        assert_says_everything_once(&error);
        let ConnectError::Failed(attempts) = error else { panic!("{error}") };
        for attempt in attempts {
            assert!(is_expected(&attempt.failure), "{attempt}");
            assert_says_everything_once(&attempt);
            assert_says_everything_once(&attempt.failure);
        }
    }
}

#[tokio::test]
async fn a_suite_that_cannot_listen_says_so_once() {
    let taken = echo(suite()).await;
    let endpoint = support::socket_address(&taken.address);
    let suite = Net::bind(endpoint.to_string()).then(Shs::new(identity(CLIENT)));
    let error = Multiserver::builder().suite(suite).build().unwrap().listen().await.unwrap_err();
    assert!(error.to_string().contains(&format!("cannot listen on {endpoint}: ")), "{error}");
    assert_says_everything_once(&error);
}

#[test]
fn a_wrong_setting_is_matched_without_a_look_at_texts() {
    let suite = Net::bind("127.0.0.1:0").external("not a host").then(Shs::new(identity(SERVER)));
    let error = Multiserver::builder().suite(suite).build().unwrap_err();
    assert_says_everything_once(&error);
    let BuildError::Transport { error: SettingError::ExternalHost { text, .. }, .. } = error else { panic!("{error}") };
    assert_eq!(text, "not a host");
}
