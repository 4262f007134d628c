//! Which suites an address fits, and in which order they are tried: decided before any socket is opened.

use crate::suite::Ready;
use multiserver_core::address::{Address, MultiAddress};
use multiserver_core::keys::PublicKey;
use std::sync::Arc;

/// One address to be tried through one suite.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) address: &'a Address,
    pub(crate) suite: &'a Arc<Ready>,
    /// Whether it proves what the first candidate proves; if not, it must not be tried in its place.
    pub(crate) same_peer: bool,
    /// Whether trying it may use up what serves once.
    pub(crate) is_spent_by_use: bool,
}

/// The candidates in the order to be tried in: that of the addresses and, for each of them, that of the suites.
pub(crate) fn plan<'a>(suites: &'a [Arc<Ready>], addresses: &'a MultiAddress) -> Vec<Candidate<'a>> {
    let mut first = None;
    let fitting = addresses
        .addresses()
        .flat_map(|address| suites.iter().filter(move |suite| suite.fits(address)).map(move |suite| (address, suite)));
    fitting
        .map(|(address, suite)| {
            let proven = proven(suite, address);
            // Where the first address proves nothing, any other is as good or better.
            let same_peer = first.get_or_insert(proven).is_none_or(|first| proven == Some(first));
            let is_spent_by_use = suite.pairs(address).any(|(transform, layer)| transform.is_spent_by_use(layer));
            Candidate { address, suite, same_peer, is_spent_by_use }
        })
        .collect()
}

fn proven(suite: &Ready, address: &Address) -> Option<PublicKey> {
    suite.pairs(address).find_map(|(transform, layer)| transform.expected_peer(layer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NoAuth;
    use crate::{Limits, Net, Shs, Suite};
    use multiserver_core::keys::{KeyPair, Seed};

    const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
    const OTHER: &str = "ATNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";

    fn shs() -> Shs {
        Shs::new(KeyPair::from_seed(Seed::from_bytes([1; 32])))
    }

    fn ready(suites: Vec<Suite>) -> Vec<Arc<Ready>> {
        suites.into_iter().map(|suite| Arc::new(suite.finish(Limits::default()))).collect()
    }

    /// The plan in short: each address's host, its suite, and why it is not tried as a matter of course.
    fn planned(suites: Vec<Suite>, addresses: &str) -> Vec<String> {
        let suites = ready(suites);
        let addresses = addresses.parse().unwrap();
        let short = |candidate: &Candidate<'_>| {
            let host = candidate.address.transport().fields().next().unwrap().into_owned();
            let other = if candidate.same_peer { "" } else { " other peer" };
            let spent = if candidate.is_spent_by_use { " spent" } else { "" };
            format!("{host} {}{other}{spent}", candidate.suite.name)
        };
        plan(&suites, &addresses).iter().map(short).collect()
    }

    #[test]
    fn addresses_come_in_their_own_order_and_suites_in_the_builders() {
        let suites = vec![
            Suite::new(Net::dial_only()).then(shs()).named("one"),
            Suite::new(Net::dial_only()).then(NoAuth),
            Suite::new(Net::dial_only()).then(shs()).named("two"),
        ];
        let addresses = format!("net:a:1~shs:{KEY};net:b:1~shs:{KEY}");
        assert_eq!(planned(suites, &addresses), ["a one", "a two", "b one", "b two"]);
    }

    #[test]
    fn a_suite_fits_only_with_as_many_layers_of_the_same_names() {
        let suite = || vec![Suite::new(Net::dial_only()).then(shs())];
        for address in ["net:a:1", "net:a:1~noauth", "foo:a:1~shs:KEY", "net:a:1~shs:KEY~shs:KEY", "net:a:1~shs2:KEY"] {
            assert!(planned(suite(), &address.replace("KEY", KEY)).is_empty(), "{address}");
        }
    }

    #[test]
    fn an_unauthenticated_suite_never_fits_an_address_that_names_a_key_to_prove() {
        let suite = vec![Suite::new(Net::dial_only()).then(NoAuth), Suite::new(Net::dial_only())];
        assert!(planned(suite, &format!("net:a:1~shs:{KEY}")).is_empty());
    }

    #[test]
    fn what_proves_less_or_another_key_than_the_first_is_marked() {
        let suites = || vec![Suite::new(Net::dial_only()).then(shs()), Suite::new(Net::dial_only()).then(NoAuth)];
        let addresses = format!("net:a:1~shs:{KEY};net:b:1~noauth;net:c:1~shs:{OTHER};net:d:1~shs:{KEY}");
        assert_eq!(
            planned(suites(), &addresses),
            ["a net~shs", "b net~noauth other peer", "c net~shs other peer", "d net~shs"]
        );
        let addresses = format!("net:a:1~noauth;net:b:1~shs:{KEY}");
        assert_eq!(planned(suites(), &addresses), ["a net~noauth", "b net~shs"]);
    }

    #[test]
    fn an_address_with_a_seed_is_spent_by_use() {
        let suites = vec![Suite::new(Net::dial_only()).then(shs())];
        let addresses = format!("net:a:1~shs:{KEY}:{OTHER};net:b:1~shs:{KEY}");
        assert_eq!(planned(suites, &addresses), ["a net~shs spent", "b net~shs"]);
    }
}
