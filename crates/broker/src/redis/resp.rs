//! Redis' protocol (RESP2): commands out, replies in.
//!
//! <https://redis.io/docs/latest/develop/reference/protocol-spec/>

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::error::LinkError;

/// Lists in lists: a reply to XREAD has five levels.
const MAX_DEPTH: u8 = 8;
/// The largest reply. More than 64 events of the largest size do not come in one.
const MAX_REPLY: usize = 512 * 1024 * 1024;

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A simple string, or a bulk string; `None` is null.
    Text(Option<Bytes>),
    Integer(i64),
    /// `None` is null.
    List(Option<Vec<Reply>>),
    Error(String),
}

/// Appends a command.
pub(crate) fn encode(command: &[&[u8]], to: &mut BytesMut) {
    to.put_slice(format!("*{}\r\n", command.len()).as_bytes());
    for argument in command {
        to.put_slice(format!("${}\r\n", argument.len()).as_bytes());
        to.put_slice(argument);
        to.put_slice(b"\r\n");
    }
}

/// Takes the first reply from the buffer; `Err(n)` says that it needs at least `n` bytes.
pub(crate) fn decode(buffer: &mut BytesMut) -> Result<Result<Reply, usize>, LinkError> {
    match measure(buffer, 0, 0)? {
        Ok(length) => {
            let mut bytes = buffer.split_to(length).freeze();
            read(&mut bytes).map(Ok)
        }
        Err(needed) => Ok(Err(needed)),
    }
}

/// The head of an element: its type, its line without the end, and where the next one starts.
type Head<'a> = (u8, &'a [u8], usize);

/// The head of the element that starts here, or how many bytes are needed to go on.
fn line(bytes: &[u8], from: usize) -> Result<Result<Head<'_>, usize>, LinkError> {
    let rest = bytes.get(from..).unwrap_or_default();
    let Some(end) = rest.iter().take(64 * 1024).position(|byte| *byte == b'\n') else {
        if rest.len() >= 64 * 1024 {
            return Err(LinkError::Protocol("the server's answer is not Redis' protocol: a line does not end"));
        }
        return Ok(Err(bytes.len() + 1));
    };
    let (kind, line) = rest[..end]
        .strip_suffix(b"\r")
        .and_then(<[u8]>::split_first)
        .ok_or(LinkError::Protocol("the server's answer is not Redis' protocol: an empty line"))?;
    Ok(Ok((*kind, line, from + end + 1)))
}

fn number(line: &[u8]) -> Result<i64, LinkError> {
    let number = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok());
    number.ok_or(LinkError::Protocol("the server's answer is not Redis' protocol: a length is no number"))
}

/// Where the element that starts here ends, or how many bytes are needed to go on.
fn measure(bytes: &[u8], from: usize, depth: u8) -> Result<Result<usize, usize>, LinkError> {
    if depth > MAX_DEPTH {
        return Err(LinkError::Protocol("the server's answer is nested too deeply"));
    }
    let (kind, line, mut end) = match line(bytes, from)? {
        Ok(found) => found,
        Err(needed) => return Ok(Err(needed)),
    };
    match kind {
        b'+' | b'-' => {}
        b':' => {
            number(line)?;
        }
        b'$' => {
            let length = number(line)?;
            if let Ok(length) = usize::try_from(length) {
                if length > MAX_REPLY {
                    return Err(LinkError::Protocol("the server's answer is too large"));
                }
                end += length + 2;
                if end > bytes.len() {
                    return Ok(Err(end));
                }
                if bytes[end - 2..end] != *b"\r\n" {
                    return Err(LinkError::Protocol("the server's answer is not Redis' protocol: a text does not end"));
                }
            } else if length != -1 {
                return Err(LinkError::Protocol("the server's answer is not Redis' protocol: a negative length"));
            }
        }
        b'*' => {
            let length = number(line)?;
            if length < -1 {
                return Err(LinkError::Protocol("the server's answer is not Redis' protocol: a negative length"));
            }
            for _ in 0..length {
                match measure(bytes, end, depth + 1)? {
                    Ok(next) => end = next,
                    Err(needed) => return Ok(Err(needed)),
                }
            }
        }
        _ => return Err(LinkError::Protocol("the server's answer is not Redis' protocol: is it a Redis server?")),
    }
    if end > MAX_REPLY { Err(LinkError::Protocol("the server's answer is too large")) } else { Ok(Ok(end)) }
}

/// Reads an element that was measured.
fn read(bytes: &mut Bytes) -> Result<Reply, LinkError> {
    const MEASURED: LinkError = LinkError::Protocol("the server's answer is not Redis' protocol");
    let head = bytes.clone();
    let (kind, line, end) = line(&head, 0)?.map_err(|_| MEASURED)?;
    bytes.advance(end);
    Ok(match kind {
        b'+' => Reply::Text(Some(head.slice_ref(line))),
        b'-' => Reply::Error(said(line)),
        b':' => Reply::Integer(number(line)?),
        b'$' => Reply::Text(match usize::try_from(number(line)?) {
            Err(_) => None,
            Ok(length) => {
                let text = bytes.split_to(length);
                bytes.advance(2);
                Some(text)
            }
        }),
        _ => Reply::List(match number(line)? {
            -1 => None,
            length => Some((0..length).map(|_| read(bytes)).collect::<Result<_, _>>()?),
        }),
    })
}

/// An error in the server's words, without what it repeats of the command.
fn said(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.split(", with args").next().unwrap_or_default();
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Reply {
        Reply::Text(Some(Bytes::copy_from_slice(text.as_bytes())))
    }

    #[test]
    fn replies_are_read_wherever_they_are_cut() {
        for (bytes, expected) in [
            ("+OK\r\n", text("OK")),
            ("$5\r\na\r\nbc\r\n", text("a\r\nbc")),
            ("$0\r\n\r\n", text("")),
            ("$-1\r\n", Reply::Text(None)),
            ("*-1\r\n", Reply::List(None)),
            ("*0\r\n", Reply::List(Some(Vec::new()))),
            (":-12\r\n", Reply::Integer(-12)),
            ("-ERR no\r\n", Reply::Error("ERR no".to_owned())),
            (
                "-ERR unknown command 'X', with args beginning with: 'hidden'\r\n",
                Reply::Error("ERR unknown command 'X'".to_owned()),
            ),
            ("*2\r\n*1\r\n$1\r\na\r\n:1\r\n", Reply::List(Some(vec![Reply::List(Some(vec![text("a")])), Reply::Integer(1)]))),
        ] {
            for cut in 0..bytes.len() {
                let mut buffer = BytesMut::from(&bytes[..cut]);
                let needed = decode(&mut buffer).expect("no fault").expect_err("incomplete");
                assert!(needed > cut && needed <= bytes.len(), "{bytes:?} cut at {cut} asks for {needed}");
            }
            let mut buffer = BytesMut::from(format!("{bytes}+next\r\n").as_bytes());
            assert_eq!(decode(&mut buffer).expect("no fault"), Ok(expected), "{bytes:?}");
            assert_eq!(decode(&mut buffer).expect("no fault"), Ok(text("next")), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_not_the_protocol_is_refused() {
        let deep = "*1\r\n".repeat(100_000);
        let endless = "+".repeat(70_000);
        for bytes in [
            "HTTP/1.1 400 Bad Request\r\n",
            "\r\n",
            "\n",
            "$x\r\n",
            "$-2\r\n",
            "*-2\r\n",
            "$3\r\nabcde",
            "$999999999999\r\n",
            &deep,
            &endless,
        ] {
            assert!(decode(&mut BytesMut::from(bytes.as_bytes())).is_err(), "{}", &bytes[..bytes.len().min(20)]);
        }
    }

    proptest! {
        #[test]
        fn a_command_is_a_list_of_its_arguments(command in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 1..8)) {
            let mut buffer = BytesMut::new();
            encode(&command.iter().map(Vec::as_slice).collect::<Vec<_>>(), &mut buffer);
            let expected = command.into_iter().map(|argument| Reply::Text(Some(argument.into()))).collect();
            prop_assert_eq!(decode(&mut buffer).expect("no fault"), Ok(Reply::List(Some(expected))));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in "([*$:+-][0-9-]{0,3}\r\n|[a-z\r\n]{0,4}){0,12}") {
            let mut buffer = BytesMut::from(bytes.as_bytes());
            while let Ok(Ok(_)) = decode(&mut buffer) {}
        }
    }
}
