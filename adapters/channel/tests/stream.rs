//! Byte streams over pairs of message queues.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use futures_channel::mpsc;
use futures_executor::block_on;
use futures_util::future::join;
use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt, StreamExt};
use multiserver_channel::codec::{Encoder, Error, Limits};
use multiserver_channel::{Reader, Writer, duplex};
use std::io::ErrorKind;

/// What is read from these messages, up to the end or an error.
fn read(messages: Vec<String>) -> (Vec<u8>, std::io::Result<()>) {
    let mut reader = Reader::new(futures_util::stream::iter(messages), Limits::default());
    let mut bytes = Vec::new();
    let mut buffer = [0; 3];
    loop {
        match block_on(reader.read(&mut buffer)) {
            Ok(0) => return (bytes, Ok(())),
            Ok(count) => bytes.extend(buffer.iter().take(count)),
            Err(error) => {
                let again = block_on(reader.read(&mut buffer)).unwrap_err();
                assert_eq!(again.to_string(), error.to_string(), "it stays broken");
                return (bytes, Err(error));
            }
        }
    }
}

#[test]
fn a_megabyte_goes_both_ways_through_queues_of_one() {
    let (to_one, from_other) = mpsc::channel::<String>(0);
    let (to_other, from_one) = mpsc::channel::<String>(0);
    let (near, far) = (duplex(from_other, to_other), duplex(from_one, to_one));
    let sent: Vec<u8> = (0..1_u32 << 20).map(|number| number.to_le_bytes()[1]).collect();
    let (mut far_read, mut far_write) = far.into_halves();
    let (mut near_read, mut near_write) = near.into_halves();
    let echo = async {
        futures_util::io::copy(&mut far_read, &mut far_write).await.unwrap();
        far_write.close().await.unwrap();
    };
    let send = async {
        near_write.write_all(&sent).await.unwrap();
        near_write.close().await.unwrap();
        near_write.close().await.unwrap();
    };
    let mut back = Vec::new();
    block_on(join(echo, join(send, async { near_read.read_to_end(&mut back).await.unwrap() })));
    assert!(back == sent);
}

#[test]
fn a_write_is_one_message_of_bounded_length() {
    let (to_other, from_one) = mpsc::unbounded();
    let mut writer = Writer::new(to_other);
    block_on(async {
        assert_eq!(writer.write(&[]).await.unwrap(), 0);
        assert_eq!(writer.write(&[7; 1 << 20]).await.unwrap(), 48 << 10);
        assert_eq!(writer.write(b"hi").await.unwrap(), 2);
        writer.close().await.unwrap();
        assert_eq!(writer.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
    drop(writer);
    let messages: Vec<_> = block_on(from_one.collect());
    assert_eq!(messages.len(), 3);
    assert!(messages[0].len() < (64 << 10) + 100);
    assert_eq!(messages[1], r#"{"type":"data","format":"buffer","data":"aGk=","seq":2}"#);
    assert_eq!(messages[2], r#"{"type":"end","seq":3}"#);
}

#[test]
fn empty_data_is_no_end_and_order_does_not_matter() {
    let mut encoder = Encoder::new();
    let mut messages = vec![encoder.data(b"hello "), encoder.data(b""), encoder.data(b"world"), encoder.end()];
    messages.reverse();
    let (bytes, end) = read(messages);
    assert_eq!(bytes, b"hello world");
    end.unwrap();
}

#[test]
fn the_end_of_the_queue_is_no_end_of_the_stream() {
    let mut encoder = Encoder::new();
    for messages in [vec![], vec![encoder.data(b"")], vec![r#"{"type":"end","seq":2}"#.to_owned()]] {
        let (bytes, end) = read(messages);
        assert_eq!((bytes.as_slice(), end.unwrap_err().kind()), (&b""[..], ErrorKind::UnexpectedEof));
    }
}

#[test]
fn what_came_before_an_error_is_read_and_the_error_stays() {
    let mut encoder = Encoder::new();
    let (bytes, end) = read(vec![encoder.data(b"hello"), encoder.failed("out of \u{1b}paper")]);
    assert_eq!(bytes, b"hello");
    let error = end.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    assert!(error.to_string().ends_with(r": out of \u{1b}paper"), "{error}");

    let (bytes, end) = read(vec![Encoder::new().data(b"hello"), "garbage".to_owned()]);
    assert_eq!(bytes, b"hello");
    let error = end.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let source = error.get_ref().and_then(|source| source.downcast_ref::<Error>());
    assert_eq!(source, Some(&Error::NotAMessage { offset: 0 }));
}

#[test]
fn a_full_queue_holds_the_writer_and_a_dropped_write_sends_nothing() {
    let (to_other, mut from_one) = mpsc::channel(0);
    let mut writer = Writer::new(to_other);
    block_on(async {
        writer.write_all(b"one").await.unwrap();
        assert!(writer.write(b"lost").now_or_never().is_none());
        assert!(from_one.next().await.unwrap().contains(r#""seq":1"#));
        writer.write_all(b"two").await.unwrap();
        let second = from_one.next().await.unwrap();
        assert_eq!(second, r#"{"type":"data","format":"buffer","data":"dHdv","seq":2}"#);
        drop(from_one);
        assert_eq!(writer.write(b"three").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}
