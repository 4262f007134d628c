//! The address of `channel`, and what it dials.
#![allow(clippy::unwrap_used)]

use multiserver_tokio::channel::duplex;
use multiserver_tokio::{Channel, ConnectError, Multiserver, NoAuth, Scope};

#[test]
fn a_channel_stays_in_the_device() {
    let multiserver = Multiserver::builder().suite(Channel::listening().then(NoAuth)).build().unwrap();
    assert_eq!(multiserver.address(Scope::Device).unwrap().to_string(), "channel~noauth");
    for scope in [Scope::Local, Scope::Public] {
        assert_eq!(multiserver.address(scope), None);
    }
}

#[tokio::test]
async fn other_addresses_and_the_side_that_listens_do_not_dial() {
    let client = |channel: Channel| Multiserver::builder().suite(channel).build().unwrap();
    for (address, channel) in [("channels", Channel::dial_only()), ("channel", Channel::listening())] {
        let (outgoing, incoming) = futures_channel::mpsc::channel(1);
        channel.offer(duplex(incoming, outgoing));
        let error = client(channel).connect(&address.parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, ConnectError::NoSuite(_)), "{address}: {error}");
    }
}
