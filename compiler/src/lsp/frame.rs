//! Messages of the protocol: JSON behind a header that says how long it is.

use std::io::{self, BufRead, Read, Write};

use serde_json::Value;

/// Longest message that is read, in bytes.
const LONGEST: u64 = 64 << 20;
/// Longest line of a header.
const LONGEST_LINE: u64 = 4096;

/// What came in.
#[derive(Debug, PartialEq)]
pub(super) enum Frame {
    /// A message.
    Message(Value),
    /// Something that is none; the next one may be.
    Unreadable,
    /// The other side has gone.
    End,
}

/// Reads the next message.
pub(super) fn read(input: &mut impl BufRead) -> Frame {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        match input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return Frame::End,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line).trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse::<u64>().ok();
        }
        if line.is_empty() {
            break;
        }
    }
    match length {
        Some(length) if length <= LONGEST => body(input, length),
        Some(length) => {
            io::copy(&mut input.by_ref().take(length), &mut io::sink()).map_or(Frame::End, |_| Frame::Unreadable)
        }
        None => Frame::Unreadable,
    }
}

fn body(input: &mut impl BufRead, length: u64) -> Frame {
    let mut bytes = Vec::new();
    match input.by_ref().take(length).read_to_end(&mut bytes) {
        Ok(read) if read as u64 == length => serde_json::from_slice(&bytes).map_or(Frame::Unreadable, Frame::Message),
        Ok(_) | Err(_) => Frame::End,
    }
}

/// Writes a message.
pub(super) fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_that_is_none_does_not_take_the_next_one_with_it() {
        let mut bytes = b"Content-Length: 3\r\n\r\n{a}X-Y: 1\r\n\r\n".to_vec();
        write(&mut bytes, &json!({"é": 1})).unwrap();
        let mut input = &bytes[..];
        assert_eq!(read(&mut input), Frame::Unreadable);
        assert_eq!(read(&mut input), Frame::Unreadable);
        assert_eq!(read(&mut input), Frame::Message(json!({"é": 1})));
        assert_eq!(read(&mut input), Frame::End);
    }
}
