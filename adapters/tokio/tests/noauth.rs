//! Suites without a proof.
#![allow(clippy::unwrap_used)]

use multiserver_tokio::{Multiserver, Net, NoAuth, Scope, Suite, Unix, Ws};

#[tokio::test]
async fn noauth_is_offered_within_the_device_only() {
    let build = |suite: Suite| Multiserver::builder().suite(suite).build().map(drop).map_err(|error| error.to_string());
    for near in [
        Net::dial_only().then(NoAuth),
        Net::bind("127.0.0.1:0").then(NoAuth),
        Net::bind("[::1]:0").then(NoAuth),
        Net::bind("localhost:0").scope(Scope::Device).then(NoAuth),
        Unix::bind("/tmp/socket").then(NoAuth),
        Ws::bind("127.0.0.1:0").then(NoAuth),
    ] {
        assert_eq!(build(near), Ok(()));
    }
    for (far, scope) in [
        (Net::bind("0.0.0.0:0").then(NoAuth), "public"),
        (Net::bind("[::]:0").scope(Scope::Device).then(NoAuth), "public"),
        (Net::bind("10.1.2.3:0").then(NoAuth), "local"),
        (Net::bind("127.0.0.1:0").scope(Scope::Local).then(NoAuth), "local"),
        (Net::bind("127.0.0.1:0").external("a.onion").then(NoAuth), "public"),
        (Net::bind("a.example:0").then(NoAuth), "public"),
        (Ws::bind("127.0.0.1:0").external("wss://a.example").then(NoAuth), "public"),
    ] {
        let text = build(far).unwrap_err();
        let expected = format!("~noauth can be reached in the {scope} scope, and noauth is for the device scope");
        assert!(text.contains(&expected), "{text}");
    }
    let text = build(Unix::bind("/tmp/a socket").then(NoAuth)).unwrap_err();
    assert!(text.contains("cannot listen on the path `/tmp/a socket`"), "{text}");
}
