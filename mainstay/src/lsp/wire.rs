//! Messages on the wire: `Content-Length: <bytes>`, an empty line, JSON.

use serde_json::Value;
use std::io::{self, BufRead, Read, Write};

/// Largest message that is taken, in bytes.
const MESSAGE_BYTES_MAX: usize = 256 << 20;
/// Longest line of a header, in bytes.
const HEADER_BYTES_MAX: u64 = 4096;

/// The next message; `None` at the end of the input. What is no JSON comes as null, for the caller to say so.
pub fn read(input: &mut impl BufRead) -> io::Result<Option<Value>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(HEADER_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let length = length.filter(|length| *length <= MESSAGE_BYTES_MAX);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no usable Content-Length"))?;
    let mut bytes = Vec::new();
    input.by_ref().take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
}

/// Writes a message.
pub fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn messages_follow_each_other_and_damage_ends_them() {
        let mut bytes = Vec::new();
        write(&mut bytes, &json!({"a": "ä"})).unwrap();
        write(&mut bytes, &json!(2)).unwrap();
        bytes.extend(b"Content-Length: x\r\n\r\n{}");
        let mut input = io::Cursor::new(bytes);
        assert_eq!(read(&mut input).unwrap(), Some(json!({"a": "ä"})));
        assert_eq!(read(&mut input).unwrap(), Some(json!(2)));
        assert!(read(&mut input).is_err());
        assert_eq!(read(&mut io::Cursor::new(b"Content-Length: 9\r\n\r\n{}")).unwrap(), None);
    }
}
