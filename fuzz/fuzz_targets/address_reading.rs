//! The parser of addresses agrees with a second reading of the grammar: both accept a text or both refuse it, and then
//! the addresses, layers, fields and typed views are the same, and so is what of them may be shown.
#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use multiserver_core::address::{
    Address, Layer, LayerBuf, MultiAddress, Net, NoAuth, Onion, Shs, Tunnel, Unix, Ws, Wss, is_known,
};
use reading::Read;

fuzz_target!(|text: &str| {
    let (expected, multi) = (reading::multi_address(text), text.parse::<MultiAddress>());
    assert_eq!(expected.is_some(), multi.is_ok(), "{text:?}: {multi:?}");
    let (Some(expected), Ok(multi)) = (expected, multi) else { return };

    assert_eq!(multi.addresses().len(), expected.len());
    for (address, layers) in multi.addresses().zip(&expected) {
        assert_eq!(address.layers().len(), layers.len());
        address.layers().zip(layers).for_each(|(layer, read)| check_layer(layer, read));
    }
    assert_eq!(multi.to_string(), reading::text(&expected));
    let shown = reading::shown(&expected);
    assert_eq!(multi.redacted().to_string(), shown);
    assert_eq!(format!("{multi:?}"), format!("MultiAddress({shown})"));
    assert_eq!(text.parse::<Address>().is_ok(), expected.len() == 1);
    assert_eq!(text.parse::<LayerBuf>().is_ok(), expected.len() == 1 && expected[0].len() == 1);
});

fn check_layer(layer: Layer<'_>, read: &Read) {
    assert_eq!((layer.name(), layer.as_str()), (&*read.name, &*read.text()));
    assert_eq!(layer.fields().collect::<Vec<_>>(), read.fields);
    assert_eq!(layer.data().is_none(), read.fields.is_empty());
    assert_eq!(layer.redacted().to_string(), read.shown());
    let view = view(layer);
    assert_eq!(is_known(layer.name()), view.is_some());
    if let Some(view) = view {
        assert_eq!(view, read.fields);
    }
}

/// The fields of a layer by its typed view; `None` for a name without a type.
fn view(layer: Layer<'_>) -> Option<Vec<String>> {
    let rest = match layer.name() {
        "net" => Net::try_from(layer).map(|net| format!("{}:{}", net.host, net.port)).unwrap(),
        "onion" => Onion::try_from(layer).map(|onion| format!("{}:{}", onion.host, onion.port)).unwrap(),
        "ws" => Ws::try_from(layer).map(|ws| url(ws.host().in_url(), ws.port(), Ws::DEFAULT_PORT, ws.path())).unwrap(),
        "wss" => {
            Wss::try_from(layer).map(|ws| url(ws.host().in_url(), ws.port(), Wss::DEFAULT_PORT, ws.path())).unwrap()
        }
        "unix" => Unix::try_from(layer).unwrap().path().to_owned(),
        "channel" => return Some(Vec::new()),
        "shs" => {
            let shs = Shs::try_from(layer).unwrap();
            let seed = shs.seed.map(|seed| seed.reveal().to_string());
            return Some([shs.key.to_string()].into_iter().chain(seed).collect());
        }
        "noauth" => return Some(NoAuth::try_from(layer).unwrap().key.map(|key| key.to_string()).into_iter().collect()),
        "tunnel" => {
            let tunnel = Tunnel::try_from(layer).unwrap();
            let keys = [tunnel.portal(), tunnel.target()].map(|key| format!("@{key}.ed25519"));
            return Some(keys.into_iter().chain(tunnel.instance().map(str::to_owned)).collect());
        }
        _ => return None,
    };
    Some(rest.split(':').map(str::to_owned).collect())
}

fn url(host: impl ToString, port: u16, default_port: u16, path: &str) -> String {
    let port = if port == default_port { String::new() } else { format!(":{port}") };
    format!("//{}{port}{}", host.to_string(), if path == "/" { "" } else { path })
}
