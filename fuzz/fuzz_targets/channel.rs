//! The decoder of message channels: any texts, and any order of arrival of what its own encoder wrote.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use multiserver_channel::codec::{Decoder, Encoder, Limits, Message};

fn limits() -> Limits {
    Limits::default().message(1 << 12).ahead(16).held(256)
}

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    Texts(Vec<&'a str>),
    Pieces { pieces: Vec<&'a [u8]>, order: Vec<u8> },
}

fuzz_target!(|input: Input<'_>| match input {
    Input::Texts(texts) => any_texts(&texts),
    Input::Pieces { pieces, order } => any_order(&pieces, &order),
});

/// Nothing is kept beyond the limits, and a message that was refused changes nothing.
fn any_texts(texts: &[&str]) {
    let mut decoder = Decoder::new(limits());
    for text in texts {
        let before = decoder.held();
        if decoder.push(text).is_err() {
            assert_eq!(decoder.held(), before);
        }
        assert!(decoder.held() <= limits().held + limits().message);
        while let Some(message) = decoder.pop() {
            if let Message::Data(bytes) = message {
                assert!(bytes.len() <= limits().message);
            }
        }
        assert!(decoder.held() <= limits().held);
    }
}

/// The bytes that were sent arrive completely and in order.
fn any_order(pieces: &[&[u8]], order: &[u8]) {
    let mut encoder = Encoder::new();
    let mut texts: Vec<_> = pieces.iter().map(|piece| encoder.data(piece)).collect();
    texts.push(encoder.end());
    let unbounded = Limits::default().message(usize::MAX).ahead(u64::MAX).held(usize::MAX);
    let (mut decoder, mut received) = (Decoder::new(unbounded), Vec::new());
    let mut order = order.iter();
    while !texts.is_empty() {
        let index = usize::from(order.next().copied().unwrap_or(0)) % texts.len();
        decoder.push(&texts.swap_remove(index)).unwrap();
        received.extend(std::iter::from_fn(|| decoder.pop()));
    }
    let sent = pieces.iter().map(|piece| Message::Data(piece.to_vec())).chain([Message::End]);
    assert!(received.into_iter().eq(sent));
}
