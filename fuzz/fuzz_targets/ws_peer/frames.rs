//! The frames of a client (RFC 6455, section 5), read from all of its bytes at once.

/// A message of which frames are still to come.
struct Message {
    is_text: bool,
    bytes: Vec<u8>,
}

/// What a server reads from these frames: the bytes of all binary messages that are whole and not longer than this, and
/// whether a Close frame ends them that tells of no failure, and is not within a message.
///
/// Whatever is no such message, ping or pong ends them; a text message does so with its last frame.
pub fn read(mut bytes: &[u8], longest: usize) -> (Vec<u8>, bool) {
    let (mut received, mut open_message) = (Vec::new(), None::<Message>);
    while let Some((first, payload, rest)) = frame(bytes, longest) {
        bytes = rest;
        let (is_last, opcode) = (first & 0x80 != 0, first & 0x7f);
        let is_short = payload.len() <= 125 && is_last;
        let mut message = match (opcode, open_message.take()) {
            (1 | 2, None) => Message { is_text: opcode == 1, bytes: Vec::new() },
            (0, Some(message)) => message,
            (9 | 10, message) if is_short => {
                open_message = message;
                continue;
            }
            (8, message) if is_short => return (received, message.is_none() && is_clean(&payload)),
            _ => break,
        };
        message.bytes.extend(payload);
        if message.bytes.len() > longest || message.is_text && (is_last || !begins_text(&message.bytes)) {
            break;
        }
        if is_last {
            received.extend(message.bytes);
        } else {
            open_message = Some(message);
        }
    }
    (received, false)
}

/// Whether these bytes are the beginning of a text in UTF-8, perhaps in the middle of a character.
fn begins_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).err().is_none_or(|error| error.error_len().is_none())
}

/// The first byte, the unmasked payload, and what follows; `None` for a frame that is cut, too long or not masked.
fn frame(bytes: &[u8], longest: usize) -> Option<(u8, Vec<u8>, &[u8])> {
    let ([first, second], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match second & 0x7f {
        126 => rest.split_first_chunk().map(|(length, rest)| (u64::from(u16::from_be_bytes(*length)), rest))?,
        127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
        length => (u64::from(length), rest),
    };
    let length = usize::try_from(length).ok().filter(|length| *length <= longest && second & 0x80 != 0)?;
    let (mask, rest) = rest.split_first_chunk::<4>()?;
    let (payload, rest) = rest.split_at_checked(length)?;
    Some((*first, payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect(), rest))
}

/// Whether the payload of a Close frame has no code, or one that tells of no failure (section 7.4.1).
fn is_clean(payload: &[u8]) -> bool {
    match payload {
        [] => true,
        [high, low, ..] => matches!(u16::from_be_bytes([*high, *low]), 1000 | 1001),
        [_] => false,
    }
}
