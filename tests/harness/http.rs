//! A client for plain HTTP/1.1 that shows an answer as it came: status, headers, and the body's text, unparsed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use value::Value;

/// How long the client waits for a byte before it calls the server stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The headers in their order, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
}

impl Answer {
    /// The first header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

/// Another program on a port: it gives each connection one of the answers, whatever it asks.
pub(crate) fn answering<const N: usize>(answers: [&'static str; N]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for (stream, answer) in listener.incoming().zip(answers) {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            stream.write_all(answer.as_bytes()).expect("it is read");
        }
    });
    address
}

impl Client {
    /// Posts a GraphQL query with the tests' API key.
    pub(crate) fn query(&self, query: &str) -> Answer {
        let mut body = value::Object::new();
        body.insert("query", query);
        self.post(&Value::from(body).to_string())
    }

    /// Posts a body with the tests' API key.
    pub(crate) fn post(&self, body: &str) -> Answer {
        self.request("POST", "/graphql", &[("x-api-key", super::API_KEY)], body)
    }

    /// Sends any request.
    pub(crate) fn request(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut connection = self.connect();
        connection.send(method, target, headers, body);
        connection.answer()
    }

    /// Opens a connection, for tests that look between request and answer.
    pub(crate) fn connect(&self) -> Connection {
        let stream =
            TcpStream::connect(self.address).unwrap_or_else(|error| panic!("cannot connect to {}: {error}", self.address));
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        Connection { stream: BufReader::new(stream) }
    }
}

/// One connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Sends a request. `host` and `content-length` are added unless given.
    pub(crate) fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) {
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        let has = |name: &str| headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        let defaults = [("host", "localhost".to_owned()), ("content-length", body.len().to_string())];
        for (name, text) in defaults.iter().filter(|(name, _)| !has(name)) {
            head.push_str(&format!("{name}: {text}\r\n"));
        }
        for (name, text) in headers {
            head.push_str(&format!("{name}: {text}\r\n"));
        }
        head.push_str("\r\n");
        head.push_str(body);
        self.stream.get_mut().write_all(head.as_bytes()).expect("the request is sent");
    }

    /// Sends a request and reads the answer; `None` when the server closes the connection instead, as it does when it stops.
    pub(crate) fn try_ask(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n", body.len());
        for (name, text) in headers {
            head.push_str(&format!("{name}: {text}\r\n"));
        }
        let request = format!("{head}\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let is_answered = self.stream.fill_buf().is_ok_and(|bytes| !bytes.is_empty());
        is_answered.then(|| self.answer())
    }

    /// Reads the answer.
    pub(crate) fn answer(&mut self) -> Answer {
        let first = self.line();
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("not an HTTP answer: {first:?}"));
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, text)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), text.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, length)| length.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body).expect("a body as long as announced");
        Answer { status, headers, body: String::from_utf8(body).expect("a body in UTF-8") }
    }

    /// The socket, and what has been read of it beyond the answers.
    pub(crate) fn into_parts(self) -> (TcpStream, Vec<u8>) {
        let read = self.stream.buffer().to_vec();
        (self.stream.into_inner(), read)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("an answer in time");
        line.trim_end().to_owned()
    }
}
