//! The messages of a dialogue in their buffer: how a driver moves them, and what does not fit.
#![allow(clippy::unwrap_used, clippy::panic)]

use multiserver_core::handshake::{LastMessage, MessageTooLong, Messages, Step};

type Small = Messages<[u8; 4]>;

fn messages() -> Small {
    Messages::new([0; 4])
}

/// Takes up to so many bytes of those to be written.
fn written<B: AsRef<[u8]> + AsMut<[u8]>>(messages: &mut Messages<B>, count: usize) -> Vec<u8> {
    let Some(Step::<()>::Write(step)) = messages.step() else { panic!("not a write") };
    let bytes = step.bytes().iter().copied().take(count).collect();
    step.advance(count);
    bytes
}

fn flush(messages: &mut Small) {
    let Some(Step::<()>::Flush(step)) = messages.step() else { panic!("not a flush") };
    step.done();
}

/// Fills the room there is with these bytes, and returns how many bytes there was room for.
fn fill(messages: &mut Small, bytes: &[u8]) -> usize {
    let Some(Step::<()>::Read(mut step)) = messages.step() else { panic!("not a read") };
    let room = step.buffer().len();
    assert!(step.buffer().iter().all(|byte| *byte == 0), "the driver sees nothing of earlier messages");
    step.buffer().iter_mut().zip(bytes).for_each(|(into, byte)| *into = *byte);
    step.advance(bytes.len());
    room
}

#[test]
fn a_message_is_written_in_pieces_and_flushed() {
    let mut messages = messages();
    assert!(!messages.is_busy());
    messages.write(b"abc").unwrap();
    assert!(messages.is_busy());
    assert_eq!(written(&mut messages, 2), b"ab");
    assert_eq!(format!("{messages:?}"), "Writing byte 2 of 3");
    assert_eq!(written(&mut messages, usize::MAX), b"c");
    flush(&mut messages);
    assert!(!messages.is_busy());
    assert!(messages.bytes().is_empty(), "nothing was read");
    assert!(messages.step::<()>().is_none());

    messages.write(b"").unwrap();
    flush(&mut messages);
    assert!(!messages.is_busy());
}

#[test]
fn an_answer_is_read_after_the_flush() {
    let mut messages = messages();
    messages.ask(b"ask", 2).unwrap();
    assert_eq!(written(&mut messages, 3), b"ask");
    flush(&mut messages);
    assert_eq!(fill(&mut messages, b"o"), 2);
    assert_eq!(fill(&mut messages, b"k"), 1);
    assert_eq!((messages.bytes(), messages.message::<2>()), (&b"ok"[..], b"ok"));
    assert!(!messages.is_busy());
}

#[test]
fn a_message_is_read_on_when_its_length_is_known() {
    let mut messages = messages();
    messages.read(1).unwrap();
    assert_eq!(fill(&mut messages, b"\x03"), 1);
    messages.read_on(4).unwrap();
    assert_eq!(fill(&mut messages, b"ab"), 3);
    assert_eq!(format!("{messages:?}"), "Reading byte 3 of 4");
    assert_eq!(fill(&mut messages, b"c"), 1);
    assert_eq!(messages.bytes(), b"\x03abc");
    messages.read_on(2).unwrap();
    assert!(!messages.is_busy(), "as many bytes are there");
    assert_eq!(messages.bytes(), b"\x03a");
}

#[test]
fn what_does_not_fit_is_an_error_and_changes_nothing() {
    let too_long = |result: Result<(), MessageTooLong>, length| {
        let error = result.unwrap_err();
        assert_eq!((error.length, error.capacity), (length, 4));
        let text = format!("a message of {length} bytes is longer than the 4 bytes that its buffer holds");
        assert_eq!(error.to_string(), text);
    };
    let mut messages = messages();
    too_long(messages.write(&[1; 5]), 5);
    too_long(messages.ask(&[1; 6], 1), 6);
    too_long(messages.ask(&[1; 4], 7), 7);
    too_long(messages.read(8), 8);
    too_long(messages.read_on(9), 9);
    assert!(!messages.is_busy());
    messages.ask(&[1; 4], 4).unwrap();
}

#[test]
fn what_has_to_fit_panics_where_it_does_not() {
    let panics = |action: fn(&mut Small)| {
        let result = std::panic::catch_unwind(|| action(&mut messages()));
        let text = *result.unwrap_err().downcast::<String>().unwrap();
        assert!(text.contains("a message of 5 bytes is longer than"), "{text}");
    };
    panics(|messages| messages.must_write(&[1; 5]));
    panics(|messages| messages.must_ask(&[1; 5], 1));
    panics(|messages| messages.must_ask(&[1], 5));
    panics(|messages| messages.must_read(5));
    panics(|messages| messages.must_read_on(5));
}

#[test]
fn steps_print_how_far_they_are_and_no_bytes() {
    let mut messages = messages();
    messages.ask(b"abc", 4).unwrap();
    written(&mut messages, 1);
    let Some(Step::<()>::Write(step)) = messages.step() else { panic!("not a write") };
    assert_eq!(format!("{step:?}"), "WriteStep(Writing byte 1 of 3)");
    step.advance(2);
    let Some(Step::<()>::Flush(step)) = messages.step() else { panic!("not a flush") };
    assert_eq!(format!("{step:?}"), "FlushStep(Flushing byte 3 of 3)");
    step.done();
    let Some(Step::<()>::Read(step)) = messages.step() else { panic!("not a read") };
    assert_eq!(format!("{step:?}"), "ReadStep(Reading byte 0 of 4)");
}

#[test]
fn a_message_is_wiped_when_it_is_cleared_and_on_drop() {
    let mut buffer = [0; 4];
    let mut messages = Messages::new(&mut buffer[..]);
    messages.write(b"abcd").unwrap();
    messages.clear();
    assert!(!messages.is_busy() && messages.bytes().is_empty());
    messages.read_on(4).unwrap();
    assert_eq!(messages.bytes(), [0; 4]);
    messages.write(b"abcd").unwrap();
    assert_eq!(written(&mut messages, 4), b"abcd");
    drop(messages);
    assert_eq!(buffer, [0; 4]);
}

#[test]
fn the_last_message_is_written_before_its_output_comes_once() {
    let mut last = LastMessage::new(*b"bye", "output");
    let Some(Step::Write(step)) = last.step() else { panic!("not a write") };
    assert_eq!(step.bytes(), b"bye");
    step.advance(3);
    let Some(Step::Flush(step)) = last.step() else { panic!("not a flush") };
    step.done();
    assert!(matches!(last.step(), Some(Step::Done("output"))));
    assert!(last.step().is_none());

    let mut ended = LastMessage::new(*b"bye", "output");
    ended.end();
    assert!(ended.step().is_none());
}
