//! Which texts are addresses, how they are written, and the errors of those that are not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use data_encoding::{BASE64, BASE64URL};
use multiserver_core::address::{
    Address, Channel, Expected, Host, LayerBuf, MultiAddress, Net, NoAuth, Onion, Shs, Tunnel, Unix, Ws, Wss, is_known,
};
use multiserver_core::keys::{ParseKeyError, PublicKey, Seed};
use std::net::{IpAddr, SocketAddr};

const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
const BARE_KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ";
const URL_SAFE_KEY: &str = "DTNmX-4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ";
const SEED: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const BARE_SEED: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

fn parse(text: &str) -> MultiAddress {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The text with `KEY`, `SEED`, `BARE` and `URL` replaced by keys.
fn with_keys(text: &str) -> String {
    text.replace("BARE", BARE_KEY).replace("URL", URL_SAFE_KEY).replace("KEY", KEY).replace("SEED", SEED)
}

#[track_caller]
fn assert_canonical(text: &str) {
    assert_written(text, text);
}

#[track_caller]
fn assert_written(text: &str, canonical: &str) {
    let (text, canonical) = (with_keys(text), with_keys(canonical));
    assert_eq!(parse(&text).to_string(), canonical);
    assert_eq!(parse(&text), parse(&canonical));
}

#[track_caller]
fn assert_refused(text: &str, offset: usize, expected: Expected) {
    let error = with_keys(text).parse::<MultiAddress>().unwrap_err();
    assert_eq!((error.offset(), error.expected()), (offset, expected), "{text}: {error}");
}

fn net(host: &str, port: u16) -> Net {
    Net { host: host.parse().unwrap(), port }
}

fn key() -> PublicKey {
    KEY.parse().unwrap()
}

#[test]
fn the_grammar_reads_addresses_layers_and_fields() {
    let multi = parse("ab:c:~d1:!!!~!:!;;e-f");
    let addresses: Vec<_> = multi.addresses().collect();
    assert_eq!(addresses.len(), 2);
    let layers: Vec<_> = addresses[0].layers().collect();
    assert_eq!((layers[0].name(), layers[0].data()), ("ab", Some("c:")));
    assert_eq!(layers[0].fields().collect::<Vec<_>>(), ["c", ""]);
    assert_eq!((layers[1].as_str(), layers[1].name()), ("d1:!!!~!:!;", "d1"));
    assert_eq!(layers[1].fields().collect::<Vec<_>>(), ["!~:;"]);
    assert_eq!(addresses[0].transport(), layers[0]);
    assert_eq!(addresses[0].transforms().collect::<Vec<_>>(), [layers[1]]);
    assert_eq!((addresses[1].transport().data(), addresses[1].transport().fields().count()), (None, 0));
    assert_eq!(addresses[1].transforms().len(), 0);
}

#[test]
fn unknown_layers_are_kept_as_they_are() {
    for text in
        ["x-", "net2:h", "localhost:8008:@KEY.ed25519", "foo:", "foo:::", "foo:a!:b!!~bar:\"{}|%<>", "shs2:KEY:SEED"]
    {
        assert_canonical(text);
    }
}

#[test]
fn what_the_grammar_has_not_is_refused_where_it_stands() {
    assert_refused("", 0, Expected::Name);
    assert_refused("ab~", 3, Expected::Name);
    assert_refused("ab;", 3, Expected::Name);
    assert_refused("ab~~cd", 3, Expected::Name);
    assert_refused(";ab", 0, Expected::Name);
    assert_refused("ab; cd", 3, Expected::Name);
    assert_refused(":ab", 0, Expected::Name);
    assert_refused("1ab", 0, Expected::Name);
    assert_refused("Net:h:1", 0, Expected::Name);
    assert_refused("a", 1, Expected::LongerName);
    assert_refused("a:b", 1, Expected::LongerName);
    assert_refused("neT:h:1", 2, Expected::AfterName);
    assert_refused("ab_c", 2, Expected::AfterName);
    assert_refused("ab!c", 2, Expected::AfterName);
    assert_refused("ab ", 2, Expected::AfterName);
    assert_refused("foo:a b", 5, Expected::Data);
    assert_refused("foo:a\n", 5, Expected::Data);
    assert_refused("foo:a\u{7f}", 5, Expected::Data);
    assert_refused("foo:0123456789abcdef0123456789abcdefé", 36, Expected::Data);
    assert_refused("foo:a!", 6, Expected::Escaped);
    assert_refused("foo:a!b", 6, Expected::Escaped);
    assert_refused("foo:!!!", 7, Expected::Escaped);
    assert_refused("foo:!é", 5, Expected::Escaped);
}

#[test]
fn an_address_is_one() {
    let error = "foo;bar".parse::<Address>().unwrap_err();
    assert_eq!((error.offset(), error.expected()), (3, Expected::OneAddress));
    let error = "foo~bar".parse::<LayerBuf>().unwrap_err();
    assert_eq!((error.offset(), error.expected()), (3, Expected::OneLayer));
}

#[test]
fn the_last_field_of_net_is_the_port_and_all_before_it_the_host() {
    for text in [
        "net:h:0",
        "net:my_host.example:65535",
        "net:127.0.0.1:80",
        "net:::1:8008",
        "net:2001:db8::1:8008",
        "net:fe80::1%eth0:1",
    ] {
        assert_canonical(text);
        assert_canonical(&text.replace("net", "onion"));
    }
    assert_written("net:[::1]:8008", "net:::1:8008");
    assert_written("net::8008", "net:localhost:8008");
    assert_written("net:2001:DB8:0:0:0:0:0:1:8008", "net:2001:db8::1:8008");
    assert_written("net:!:!:1:8008", "net:::1:8008");
    assert_written("net:h:0080", "net:h:80");
    let view = Net::try_from(parse("net:::1:8008").addresses().next().unwrap().transport()).unwrap();
    assert_eq!((view.host.ip(), view.port), ("::1".parse::<IpAddr>().ok(), 8008));
    assert_eq!(view, Net::from("[::1]:8008".parse::<SocketAddr>().unwrap()));
}

#[test]
fn what_is_no_port_is_refused() {
    for port in ["0x50", "1e3", "-1", "+1", "99999", "65536", "", "80/", "8!~0", "18446744073709551617"] {
        assert_refused(&format!("foo~net:h:{port}"), 10, Expected::Port);
        assert_refused(&format!("onion:h:{port}"), 8, Expected::Port);
    }
    assert_refused("net:h: 80", 6, Expected::Data);
    for text in ["net", "net:", "net:8008", "net:h!:8008"] {
        assert_refused(text, text.len(), Expected::HostAndPort);
    }
}

#[test]
fn what_is_no_host_is_refused() {
    assert_refused("net:a:b:1", 4, Expected::Ipv6);
    assert_refused("net:[a]:1", 5, Expected::Ipv6);
    assert_refused("net:[127.0.0.1]:1", 5, Expected::Ipv6);
    assert_refused("net:[::1:1", 8, Expected::ClosingBracket);
    assert_refused("net:fe80::1%:1", 4, Expected::Ipv6);
    assert_refused("net:a/b:1", 5, Expected::Host);
    assert_refused("net:user@h:1", 8, Expected::Host);
    assert_refused("net:h!!i:1", 6, Expected::Host);
    assert_refused(&format!("net:{}:1", "h".repeat(256)), 4, Expected::Host);
    assert_canonical(&format!("net:{}:1", "h".repeat(255)));
}

#[test]
fn web_sockets_have_urls() {
    for text in [
        "ws://h",
        "wss://h:8443",
        "ws://h:443",
        "wss://h:80",
        "ws://[::1]:8080/a",
        "ws://h/a:b/c?d=e:f&g",
        "ws://h/!!!~!;",
    ] {
        assert_canonical(text);
    }
    assert_written("ws://h:80/", "ws://h");
    assert_written("wss://h:443/", "wss://h");
    assert_written("ws://h?q", "ws://h/?q");
    assert_written("ws://[0:0::1]:0080", "ws://[::1]");
    assert_written("ws://h/a!:b", "ws://h/a:b");
    let multi = parse("ws://[::1]/a!~b?c;wss://h:1");
    let mut addresses = multi.addresses();
    let ws = Ws::try_from(addresses.next().unwrap().transport()).unwrap();
    assert_eq!((ws.host().as_str(), ws.port(), ws.path()), ("::1", 80, "/a~b?c"));
    let wss = Wss::try_from(addresses.next().unwrap().transport()).unwrap();
    assert_eq!((wss.host().as_str(), wss.port(), wss.path()), ("h", 1, "/"));
}

#[test]
fn what_is_no_url_is_refused() {
    assert_refused("ws", 2, Expected::Url);
    assert_refused("ws:", 3, Expected::Url);
    assert_refused("wss:h:1", 4, Expected::Url);
    assert_refused("ws://", 5, Expected::Host);
    assert_refused("ws://:80", 5, Expected::Host);
    assert_refused("ws://h:", 7, Expected::Port);
    assert_refused("ws://h:70000/", 7, Expected::Port);
    assert_refused("ws://::1:80", 5, Expected::BracketedIpv6);
    assert_refused("ws://[::1", 9, Expected::ClosingBracket);
    assert_refused("ws://[::1/]", 9, Expected::ClosingBracket);
    assert_refused("ws://[::1]a:1", 11, Expected::ClosingBracket);
    assert_refused("ws://user@h", 9, Expected::Host);
    assert_refused("ws://h/a!!#b", 10, Expected::UrlPath);
    assert_refused("ws://h#b", 6, Expected::UrlPath);
}

#[test]
fn the_path_of_a_socket_is_the_rest() {
    assert_canonical("unix:/run/a:b:/c!~!!!;");
    assert_written("unix:a!:b", "unix:a:b");
    let multi = parse("unix:/a:b!~c");
    let unix = Unix::try_from(multi.addresses().next().unwrap().transport()).unwrap();
    assert_eq!(unix.path(), "/a:b~c");
    assert_refused("unix", 4, Expected::SocketPath);
    assert_refused("unix:", 5, Expected::SocketPath);
}

#[test]
fn keys_are_read_in_every_form_and_written_in_one() {
    assert_canonical("foo~shs:KEY");
    assert_canonical("foo~shs:KEY:SEED~noauth~noauth:KEY");
    for spelling in ["BARE", "URL", "@KEY.ed25519", "@BARE", "KEY.ed25519", "URL="] {
        assert_written(&format!("foo~shs:{spelling}"), "foo~shs:KEY");
        assert_written(&format!("noauth:{spelling}"), "noauth:KEY");
    }
    assert_written(&format!("shs:KEY:{BARE_SEED}~bar;qux"), "shs:KEY:SEED~bar;qux");
    assert_written("net:h:1;foo~shs:BARE~bar:!!", "net:h:1;foo~shs:KEY~bar:!!");
    let shs = Shs::try_from(parse(&with_keys("shs:KEY:SEED")).addresses().next().unwrap().transport()).unwrap();
    assert_eq!(shs, Shs { key: key(), seed: Some(Seed::from_bytes([1; 32])) });
}

#[test]
fn a_seed_of_any_bytes_is_written_in_one_alphabet() {
    let mut bytes = [0; 32];
    // One, two and all characters are those in which the alphabets differ.
    for beginning in [&[0xf8][..], &[0xfb, 0xff], &[0xff; 32]] {
        bytes[..beginning.len()].copy_from_slice(beginning);
        let (standard, url_safe) = (BASE64.encode(&bytes), BASE64URL.encode(&bytes));
        assert_ne!(standard, url_safe);
        assert_written(&format!("net:a:1~shs:KEY:{url_safe}"), &format!("net:a:1~shs:KEY:{standard}"));
    }
}

#[test]
fn what_is_no_key_is_refused() {
    assert_refused("shs", 3, Expected::Key(ParseKeyError::Empty));
    assert_refused("shs:", 4, Expected::Key(ParseKeyError::Empty));
    assert_refused("shs:KEY:", 49, Expected::Seed(ParseKeyError::Empty));
    assert_refused("shs:KEY:SEED:", 93, Expected::EndOfLayer);
    assert_refused("shs:KEY:AAAA", 49, Expected::Seed(ParseKeyError::Length { expected: 43, found: 4 }));
    assert_refused("shs:KEYA", 4, Expected::Key(ParseKeyError::Length { expected: 43, found: 45 }));
    let wrong = KEY.replace('+', "*");
    assert_refused(&format!("foo~shs:{wrong}"), 13, Expected::Key(ParseKeyError::Character { offset: 5 }));
    assert_refused(&format!("shs:@{wrong}"), 10, Expected::Key(ParseKeyError::Character { offset: 6 }));
    assert_refused("noauth:", 7, Expected::Key(ParseKeyError::Empty));
    assert_refused("noauth:KEY:", 51, Expected::EndOfLayer);
}

#[test]
fn a_channel_has_no_data() {
    assert_canonical("channel");
    assert_refused("channel:", 7, Expected::EndOfLayer);
    assert_refused("foo~channel:a", 11, Expected::EndOfLayer);
}

#[test]
fn a_tunnel_has_two_keys_and_perhaps_an_instance() {
    assert_canonical("tunnel:@KEY.ed25519:@KEY.ed25519~shs:KEY");
    assert_canonical("tunnel:@KEY.ed25519:@KEY.ed25519:a!:b");
    assert_written("tunnel:BARE:KEY:1", "tunnel:@KEY.ed25519:@KEY.ed25519:1");
    assert_refused("tunnel", 6, Expected::Key(ParseKeyError::Empty));
    assert_refused("tunnel:KEY", 51, Expected::Key(ParseKeyError::Empty));
    assert_refused("tunnel:KEY:KEY:", 97, Expected::Instance);
    assert_refused("tunnel:KEY:KEY:1:2", 98, Expected::EndOfLayer);
    let multi = parse(&with_keys("tunnel:KEY:KEY:a!~b"));
    let tunnel = Tunnel::try_from(multi.addresses().next().unwrap().transport()).unwrap();
    assert_eq!((tunnel.portal(), tunnel.target(), tunnel.instance()), (&key(), &key(), Some("a~b")));
}

#[test]
fn addresses_are_built_from_layers() {
    let shs = || Shs { key: key(), seed: Some(Seed::from_bytes([1; 32])) };
    let unix = Unix::new("/a:b;c").unwrap();
    let ws = Ws::new(Host::from("::1".parse::<IpAddr>().unwrap()), 80).with_path("/!").unwrap();
    let tunnel = Tunnel::new(key(), key()).with_instance("a:b").unwrap();
    let addresses = [
        Address::new(net("[::1]", 1)).then(shs()).then(NoAuth { key: None }).then(Channel),
        Address::new(Onion { host: "a.onion".parse().unwrap(), port: 2 }).then(Shs::from(key())),
        Address::new(ws).then(unix).then(Wss::new(Host::localhost(), 80)),
        Address::new(tunnel).then(LayerBuf::new("shs2", ["a:b!", ""]).unwrap()),
    ];
    let multi = MultiAddress::new(addresses).unwrap();
    let expected = "net:::1:1~shs:KEY:SEED~noauth~channel;onion:a.onion:2~shs:KEY;ws://[::1]/!!~unix:/a:b!;c~\
                    wss://localhost:80;tunnel:@KEY.ed25519:@KEY.ed25519:a!:b~shs2:a!:b!!:";
    assert_eq!(multi.to_string(), with_keys(expected));
    assert_eq!(parse(&with_keys(expected)), multi);
    assert_eq!(MultiAddress::new([]), None);
}

#[test]
fn constructors_refuse_what_cannot_be_printed() {
    let offset =
        |result: Result<LayerBuf, _>| result.map_err(|error: multiserver_core::address::ParseError| error.offset());
    assert_eq!(offset(Unix::new("/a b").map(Into::into)), Err(2));
    assert_eq!(offset(Unix::new("").map(Into::into)), Err(0));
    assert_eq!(offset(Ws::new(Host::localhost(), 1).with_path("a").map(Into::into)), Err(0));
    assert_eq!(offset(Ws::new(Host::localhost(), 1).with_path("/é").map(Into::into)), Err(1));
    assert_eq!(offset(Tunnel::new(key(), key()).with_instance("").map(Into::into)), Err(0));
    assert_eq!(offset(LayerBuf::new("a", [""; 0])), Err(1));
    assert_eq!(offset(LayerBuf::new("ab:c", [""; 0])), Err(2));
    assert_eq!(offset(LayerBuf::new("foo", ["!", "a b"])), Err(8));
    assert_eq!(offset(LayerBuf::new("net", ["h", "70000"])), Err(6));
    for host in ["", "a b", "a:b", "[h]", "::1]", "h~i", "é"] {
        assert!(host.parse::<Host>().is_err(), "{host}");
    }
}

#[test]
fn a_view_is_of_its_own_layer_only() {
    let multi = parse("onion:h:1");
    let error = Net::try_from(multi.addresses().next().unwrap().transport()).unwrap_err();
    assert_eq!(error.expected(), Expected::Layer("net"));
}

#[test]
fn seeds_are_shown_to_nobody_who_did_not_ask() {
    let multi = parse(&with_keys("net:h:1~shs:KEY:SEED;net:h:2~shs:KEY"));
    let redacted = with_keys("net:h:1~shs:KEY:<seed>;net:h:2~shs:KEY");
    assert_eq!(multi.redacted().to_string(), redacted);
    assert_eq!(format!("{multi:?}"), format!("MultiAddress({redacted})"));
    let address = multi.addresses().next().unwrap();
    let layer = address.transforms().next().unwrap();
    let debug = format!("{address:?} {layer:?} {:?} {:?}", LayerBuf::from(layer), Shs::try_from(layer).unwrap());
    assert!(debug.contains("<seed>") && !debug.contains(SEED), "{debug}");
    let error = with_keys("shs:KEY:SEED:").parse::<Address>().unwrap_err();
    assert!(!format!("{error:?} {error}").contains(SEED));
}

#[test]
fn what_may_be_secret_in_other_layers_is_shown_to_nobody_either() {
    for (text, shown) in [
        ("net:h:1~shs2:KEY:SEED", "net:h:1~shs2:KEY:<hidden>"),
        ("net:h:1~shs2:KEY:SEED:more~shs:KEY:SEED", "net:h:1~shs2:KEY:<hidden>~shs:KEY:<seed>"),
        ("net:h:1~shs2:KEY", "net:h:1~shs2:KEY"),
        ("net:h:1~ab:a!:b:SEED", "net:h:1~ab:a!:b:<hidden>"),
        ("net:h:1~ab", "net:h:1~ab"),
        ("net:h:1~ab:", "net:h:1~ab:"),
        ("localhost:9:@KEY.ed25519:SEED", "localhost:9:<hidden>"),
        ("ws://h:1/path?token=SEED", "ws://h:1/path?<hidden>"),
        ("wss://h/path?~shs:KEY", "wss://h/path?<hidden>~shs:KEY"),
        ("ws://h:1/path", "ws://h:1/path"),
    ] {
        let (multi, shown) = (parse(&with_keys(text)), with_keys(shown));
        assert_eq!(multi.redacted().to_string(), shown);
        assert_eq!(format!("{multi:?}"), format!("MultiAddress({shown})"));
    }
}

#[test]
fn messages_say_where_and_what() {
    let error = "net:h:70000".parse::<MultiAddress>().unwrap_err();
    assert_eq!(error.to_string(), "at byte 6: expected a port: a number from 0 to 65535, in decimal digits");
}

#[test]
fn addresses_are_ordered_layer_by_layer() {
    let mut addresses: Vec<Address> =
        ["net:a:10", "net:a:1~shs2:b", "foo", "net:a:1"].map(|text| text.parse().unwrap()).into();
    addresses.sort();
    let sorted: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    assert_eq!(sorted, ["foo", "net:a:1", "net:a:1~shs2:b", "net:a:10"]);
    assert_ne!(parse("foo;bar"), parse("bar;foo"));
}

#[test]
fn the_names_with_types_are_known() {
    for name in ["net", "onion", "ws", "wss", "unix", "channel", "tunnel", "shs", "noauth"] {
        assert!(is_known(name), "{name}");
    }
    for name in ["", "foo", "Net", "net:"] {
        assert!(!is_known(name), "{name}");
    }
}
