//! Which suites fit an address, and in which order they are tried. All of it is decided before any socket is opened.

use crate::suite::{Ready, SuitePlan};
use crate::{ConnectOptions, Failure, ProtocolMemory};
use multiserver_core::address::{Address, ExpectedPeer, Layer, MultiAddress};
use multiserver_core::keys::PublicKey;
use std::cmp::Reverse;
use std::io;
use std::iter;
use std::sync::Arc;

/// One address to be tried through one suite.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) suite: &'a Arc<Ready>,
    pub(crate) plan: SuitePlan<'a>,
    /// False when an earlier address fixed the peer's key and this one does not prove it; it must not be tried then.
    pub(crate) is_eligible: bool,
}

impl Candidate<'_> {
    /// Whether trying it may use up something that can be used only once.
    pub(crate) const fn is_single_use(&self) -> bool {
        self.plan.is_single_use
    }

    /// Why it would be a downgrade, as the memory says, if it would be one.
    pub(crate) fn downgrade(&self, memory: &dyn ProtocolMemory) -> Option<Failure> {
        let (peer, by) = self.plan.proof.as_ref()?;
        match memory.strongest(peer) {
            Ok(Some(seen)) if seen.strength > by.strength => {
                Some(Failure::Downgrade { offered: by.protocol.clone(), seen: seen.protocol })
            }
            Ok(_) => None,
            Err(error) => Some(Failure::Memory(error)),
        }
    }

    /// Notes that the peer has proven its key, if by a stronger protocol than before.
    pub(crate) fn note(&self, memory: &dyn ProtocolMemory) -> io::Result<()> {
        match &self.plan.proof {
            Some((peer, by)) if by.strength > 0 => {
                let is_stronger = memory.strongest(peer)?.is_none_or(|seen| by.strength > seen.strength);
                if is_stronger { memory.note(peer, by) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// Why it must not be tried, if it must not.
    pub(crate) const fn excluded(&self, is_used_up: bool) -> Option<Failure> {
        if !self.is_eligible {
            Some(Failure::OtherPeer)
        } else if is_used_up && self.is_single_use() {
            Some(Failure::UsedUp)
        } else {
            None
        }
    }
}

/// The candidates in the order in which they are tried: those with a preferred transform first, then those whose protocol
/// is stronger, otherwise in the order of the addresses and, for each address, of the suites.
///
/// The key to be proven is that of the first given address, whether a suite fits that address or not; if that address
/// names none, it is the key of the first fitting address that names one. Preferences do not change it. An address
/// without a proof is tried only if it is given before all addresses that ask for a proof, and is also tried before all
/// candidates that prove the key.
pub(crate) fn candidates<'a>(
    suites: &'a [Arc<Ready>],
    addresses: &MultiAddress,
    options: &ConnectOptions,
) -> Vec<Candidate<'a>> {
    let (mut asks, mut first_key) = (false, None);
    let mut fitting = Vec::new();
    for (index, address) in addresses.addresses().enumerate() {
        let plans: Vec<_> = suites.iter().filter_map(|suite| Some((suite, suite.plan(address)?))).collect();
        let expected = match plans.iter().find_map(|(_, plan)| plan.peer()) {
            Some(peer) => ExpectedPeer::Key(peer),
            None if plans.is_empty() => expected_peer(suites, address),
            None => ExpectedPeer::Nobody,
        };
        asks |= expected != ExpectedPeer::Nobody;
        if let (0, ExpectedPeer::Key(peer)) = (index, expected) {
            first_key = Some(peer);
        }
        fitting.extend(plans.into_iter().map(|(suite, plan)| (suite, plan, asks)));
    }
    let key = first_key.or_else(|| fitting.iter().find_map(|(_, plan, _)| plan.peer()));
    let mut fitting = strongest_first(fitting);
    fitting
        .sort_by_key(|(suite, ..)| rank(suite.transforms.iter().map(|transform| transform.name()), &options.preferred));
    let mut has_proven = false;
    let candidate = |(suite, plan, asks): (&'a Arc<Ready>, SuitePlan<'a>, bool)| {
        let peer = plan.peer();
        has_proven |= peer.is_some();
        let is_enough = if peer.is_some() { peer == key } else { !asks && !has_proven };
        Candidate { suite, plan, is_eligible: options.allows_other_peers || is_enough }
    };
    fitting.into_iter().map(candidate).collect()
}

/// Puts those that prove a key by a stronger protocol first among those that prove one; the others keep their places.
fn strongest_first<'a, T>(fitting: Vec<(&'a Arc<Ready>, SuitePlan<'a>, T)>) -> Vec<(&'a Arc<Ready>, SuitePlan<'a>, T)> {
    let proves: Vec<_> = fitting.iter().map(|(_, plan, _)| plan.proof.is_some()).collect();
    let (mut proving, others): (Vec<_>, Vec<_>) = fitting.into_iter().partition(|(_, plan, _)| plan.proof.is_some());
    proving.sort_by_key(|(_, plan, _)| Reverse(plan.proof.as_ref().map(|(_, by)| by.strength)));
    let (mut proving, mut others) = (proving.into_iter(), others.into_iter());
    proves.into_iter().filter_map(|proves| if proves { proving.next() } else { others.next() }).collect()
}

/// Whom an address that no suite fits asks to be proven.
///
/// A transport or transform that knows one of its layers decides for that layer. For a transform's layer that none of them
/// knows, the layer's text decides; a transport's layer that none of them knows asks for nobody.
fn expected_peer(suites: &[Arc<Ready>], address: &Address) -> ExpectedPeer {
    let expected_by = |layer: Layer<'_>| {
        let transforms = suites.iter().flat_map(|suite| &suite.transforms);
        let peers = transforms.filter_map(|transform| transform.plan(layer)).map(|plan| plan.peer);
        promised(peers).unwrap_or_else(|| layer.expected_peer())
    };
    let dials = suites.iter().filter_map(|suite| suite.transport.plan(address.transport()));
    let of_transport = promised(dials.map(|plan| plan.peer)).unwrap_or(ExpectedPeer::Nobody);
    let all: Vec<_> = iter::once(of_transport).chain(address.transforms().map(expected_by)).collect();
    let key = all.iter().find(|expected| matches!(expected, ExpectedPeer::Key(_)));
    let other = || all.iter().find(|expected| **expected != ExpectedPeer::Nobody);
    key.or_else(other).copied().unwrap_or(ExpectedPeer::Nobody)
}

/// Whom the plans for one layer promise to prove; `None` when there is no plan.
fn promised(peers: impl Iterator<Item = Option<PublicKey>>) -> Option<ExpectedPeer> {
    let peer = peers.reduce(Option::or)?;
    Some(peer.map_or(ExpectedPeer::Nobody, ExpectedPeer::Key))
}

/// The position of the best of these transforms among the preferred ones; if none of them is preferred, the position
/// after the last.
fn rank<'a>(transforms: impl Iterator<Item = &'a str>, preferred: &[String]) -> usize {
    let places = transforms.filter_map(|name| preferred.iter().position(|preferred| preferred == name));
    places.min().unwrap_or(preferred.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Net, NoAuth, Shs, Suite};
    use multiserver_core::keys::{KeyPair, Seed};

    const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
    const OTHER: &str = "ATNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";

    fn shs() -> Shs {
        Shs::new(KeyPair::from_seed(Seed::from_bytes([1; 32])))
    }

    fn ready(suites: Vec<Suite>) -> Vec<Arc<Ready>> {
        suites.into_iter().map(|suite| Arc::new(suite.finish(None))).collect()
    }

    /// The candidates as text: each address's host, its suite, and whether it is ineligible or for a single use.
    fn planned(suites: Vec<Suite>, addresses: &str) -> Vec<String> {
        planned_with(suites, addresses, &ConnectOptions::new())
    }

    fn planned_with(suites: Vec<Suite>, addresses: &str, options: &ConnectOptions) -> Vec<String> {
        let suites = ready(suites);
        let addresses = addresses.parse().unwrap();
        let short = |candidate: &Candidate<'_>| {
            let host = candidate.plan.shown().transport().fields().next().unwrap().into_owned();
            let other = if candidate.is_eligible { "" } else { " other peer" };
            let single_use = if candidate.is_single_use() { " single use" } else { "" };
            format!("{host} {}{other}{single_use}", candidate.suite.name)
        };
        candidates(&suites, &addresses, options).iter().map(short).collect()
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
        let addresses = format!("net:a:1~noauth;net:b:1~shs:{KEY};net:c:1~noauth;net:d:1~shs:{OTHER}");
        assert_eq!(
            planned(suites(), &addresses),
            ["a net~noauth", "b net~shs", "c net~noauth other peer", "d net~shs other peer"]
        );
    }

    #[test]
    fn the_key_of_a_first_address_that_fits_no_suite_is_asked_for_all_the_same() {
        let noauth = || Suite::new(Net::dial_only()).then(NoAuth);
        let suites = || vec![Suite::new(Net::dial_only()).then(shs()), noauth()];
        let addresses = format!("wss://a~shs:{KEY};net:b:1~noauth;net:c:1~shs:{OTHER}");
        assert_eq!(planned(suites(), &addresses), ["b net~noauth other peer", "c net~shs other peer"]);
        assert_eq!(planned(vec![noauth()], &addresses), ["b net~noauth other peer"]);
        let addresses = format!("{addresses};net:d:1~shs:{KEY}");
        assert_eq!(planned(suites(), &addresses), ["b net~noauth other peer", "c net~shs other peer", "d net~shs"]);
        assert_eq!(
            planned_with(suites(), &addresses, &ConnectOptions::new().prefer(["shs"])),
            ["c net~shs other peer", "d net~shs", "b net~noauth other peer"]
        );
    }

    #[test]
    fn an_address_with_a_seed_is_for_a_single_use() {
        let suites = vec![Suite::new(Net::dial_only()).then(shs())];
        let addresses = format!("net:a:1~shs:{KEY}:{OTHER};net:b:1~shs:{KEY}");
        assert_eq!(planned(suites, &addresses), ["a net~shs single use", "b net~shs"]);
    }

    #[test]
    fn preferred_transforms_come_first_and_never_say_which_key_is_to_be_proven() {
        let suites = || {
            let shs_over_noauth = Suite::new(Net::dial_only()).then(NoAuth).then(shs());
            vec![Suite::new(Net::dial_only()).then(shs()), shs_over_noauth]
        };
        let addresses = format!("net:a:1~shs:{KEY};net:b:1~noauth~shs:{OTHER};net:c:1~noauth~shs:{KEY}");
        assert_eq!(
            planned_with(suites(), &addresses, &ConnectOptions::new().prefer(["shs2", "noauth", "shs"])),
            ["b net~noauth~shs other peer", "c net~noauth~shs", "a net~shs"]
        );
        assert_eq!(
            planned_with(suites(), &addresses, &ConnectOptions::new().prefer(["shs", "noauth"])),
            ["a net~shs", "b net~noauth~shs other peer", "c net~noauth~shs"]
        );
    }

    #[test]
    fn nothing_without_a_proof_stands_in_for_a_transform_that_nobody_knows() {
        let suites = || vec![Suite::new(Net::dial_only()).then(shs()), Suite::new(Net::dial_only()).then(NoAuth)];
        for unknown in ["net:a:1~shs2:KEY", "net:a:1~noise:KEY", "foo:a~noauth~noise"] {
            let addresses = format!("{unknown};net:b:1~noauth;net:c:1~shs:{OTHER}");
            assert_eq!(planned(suites(), &addresses), ["b net~noauth other peer", "c net~shs"], "{unknown}");
        }
        assert_eq!(
            planned(suites(), "net:a:1~noauth;net:b:1~noise;net:c:1~noauth"),
            ["a net~noauth", "c net~noauth other peer"]
        );
        assert_eq!(planned(suites(), "foo:a~noauth;net:b:1~noauth"), ["b net~noauth"], "an unknown transport");
    }

    #[test]
    fn a_preference_does_not_do_without_a_proof() {
        let suites = || vec![Suite::new(Net::dial_only()).then(shs()), Suite::new(Net::dial_only()).then(NoAuth)];
        let prefer = |name| ConnectOptions::new().prefer([name]);
        let proving_first = format!("net:a:1~shs:{KEY};net:b:1~noauth");
        let planned = planned_with(suites(), &proving_first, &prefer("noauth"));
        assert_eq!(planned, ["b net~noauth other peer", "a net~shs"]);
        let proving_last = format!("net:a:1~noauth;net:b:1~shs:{KEY}");
        let planned = planned_with(suites(), &proving_last, &prefer("shs"));
        assert_eq!(planned, ["b net~shs", "a net~noauth other peer"]);
    }

    #[test]
    fn other_peers_are_tried_where_the_caller_says_so() {
        let suites = vec![Suite::new(Net::dial_only()).then(shs()), Suite::new(Net::dial_only()).then(NoAuth)];
        let addresses = format!("net:a:1~shs:{KEY};net:b:1~noauth;net:c:1~shs:{OTHER}");
        let options = ConnectOptions::new().allow_other_peers();
        assert_eq!(planned_with(suites, &addresses, &options), ["a net~shs", "b net~noauth", "c net~shs"]);
    }
}
