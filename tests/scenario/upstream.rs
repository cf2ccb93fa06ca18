//! The service that HTTP data sources of a scenario call.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::blocks::{Block, Message};

/// Starts it; it lives as long as the process.
pub(crate) fn start(blocks: &[Block]) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("the port");
    let known: Vec<(Message, Message)> = blocks
        .iter()
        .filter_map(|block| match block {
            Block::Upstream { request, answer } => Some((request.clone(), answer.clone())),
            _ => None,
        })
        .collect();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let known = known.clone();
            std::thread::spawn(move || serve(&stream, &known));
        }
    });
    address
}

/// One request per connection. The status `never` leaves the request without an answer.
fn serve(stream: &TcpStream, known: &[(Message, Message)]) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let asked = read(&mut reader)?;
    let fits = |expected: &Message| {
        expected.first == asked.first
            && expected.headers.iter().all(|header| asked.headers.contains(header))
            && expected.body == asked.body
    };
    let unexpected = Message { first: "599".to_owned(), headers: Vec::new(), body: format!("unexpected: {asked:?}") };
    let answer = known.iter().find(|(expected, _)| fits(expected)).map_or(&unexpected, |(_, answer)| answer);
    if answer.first == "never" {
        // Until the caller gives up.
        let _ = reader.read(&mut [0]);
        return None;
    }
    let mut text = format!("HTTP/1.1 {} -\r\ncontent-length: {}\r\nconnection: close\r\n", answer.first, answer.body.len());
    for (name, header) in &answer.headers {
        text.push_str(&format!("{name}: {header}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(&answer.body);
    let mut stream = stream;
    stream.write_all(text.as_bytes()).ok()
}

fn read(reader: &mut impl BufRead) -> Option<Message> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0).map(|_| line.trim_end().to_owned())
    };
    let first = line()?.strip_suffix(" HTTP/1.1")?.to_owned();
    let mut headers = Vec::new();
    while let Some((name, text)) = line()?.split_once(':') {
        headers.push((name.to_ascii_lowercase(), text.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, length)| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Message { first, headers, body: String::from_utf8_lossy(&body).into_owned() })
}
