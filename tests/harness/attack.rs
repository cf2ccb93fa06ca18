//! What a hostile suite needs: requests that no client library would send, a signer that can be told to sign wrongly, an upstream
//! that counts, and a judge of refusals.
//!
//! Start at [`Request`] and [`Suite`]. The signer is written from AWS's description of Signature Version 4, apart from the server's
//! verifier, so that both would have to be wrong in the same way.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use aws_lc_rs::{digest, hmac};
use value::Value;

use super::Server;

/// How long a byte of an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request as bytes, member by member; nothing is corrected.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: &'static str,
    /// Names and values as they are sent, in this order.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// Whether the client says with the end of the connection that nothing more comes.
    pub(crate) ends: bool,
}

impl Request {
    /// A POST of a GraphQL document in JSON.
    pub(crate) fn post(host: &str, target: &str, document: &str) -> Self {
        let mut body = value::Object::new();
        body.insert("query", document);
        Self {
            method: "POST".into(),
            target: target.into(),
            version: "HTTP/1.1",
            headers: vec![("host".into(), host.into()), ("content-type".into(), "application/json".into())],
            body: Value::from(body).to_json().into_bytes(),
            ends: false,
        }
    }

    /// A GET of a GraphQL document in the query string.
    pub(crate) fn get(host: &str, path: &str, document: &str) -> Self {
        let mut request = Self::post(host, &format!("{path}?query={}", encode(document, "")), "");
        request.method = "GET".into();
        request.body.clear();
        request
    }

    /// With one more header.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    /// With this value in the place of all headers of that name.
    pub(crate) fn set(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let at = self.headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(name)).unwrap_or(self.headers.len());
        self = self.without(name);
        self.headers.insert(at.min(self.headers.len()), (name.into(), value.as_ref().into()));
        self
    }

    /// Without any header of that name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// With the header's value rewritten.
    pub(crate) fn edit(self, name: &str, edit: impl FnOnce(&str) -> String) -> Self {
        let value = self.header(name).unwrap_or_else(|| panic!("the request has no {name}"));
        let edited = edit(&value);
        assert_ne!(edited, value, "the edit of {name} changes nothing");
        self.set(name, edited)
    }

    /// With another method.
    pub(crate) fn method(mut self, method: &str) -> Self {
        self.method = method.into();
        self
    }

    /// With another target.
    pub(crate) fn target(mut self, target: &str) -> Self {
        self.target = target.into();
        self
    }

    /// With another body.
    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().into();
        self
    }

    /// With the end of the connection behind the body.
    pub(crate) fn ending(mut self) -> Self {
        self.ends = true;
        self
    }

    /// With its body in chunks.
    pub(crate) fn chunked(mut self) -> Self {
        let mut chunks = Vec::new();
        for chunk in self.body.chunks(7) {
            chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            chunks.extend_from_slice(chunk);
            chunks.extend_from_slice(b"\r\n");
        }
        chunks.extend_from_slice(b"0\r\n\r\n");
        self.body = chunks;
        self.with("transfer-encoding", "chunked")
    }

    /// The values of all headers of that name, joined as a signer joins them.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let trimmed = values.map(|(_, value)| {
            let text = String::from_utf8_lossy(value).into_owned();
            text.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        });
        let all: Vec<String> = trimmed.collect();
        (!all.is_empty()).then(|| all.join(","))
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} {}\r\n", self.method, self.target, self.version).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        let has = |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !has("content-length") && !has("transfer-encoding") {
            bytes.extend_from_slice(format!("content-length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// What nobody else may get to see of it: values of credential headers, and what looks like a token or a signature elsewhere.
    fn credentials(&self) -> Vec<String> {
        let names = ["x-api-key", "authorization", "x-amz-security-token", "cookie"];
        let values = self.headers.iter().filter(|(name, _)| names.contains(&name.trim().to_ascii_lowercase().as_str()));
        let mut found = Vec::new();
        for (_, value) in values {
            let text = String::from_utf8_lossy(value);
            let is_separator = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '=');
            // Names, algorithms and scopes of a signature are none.
            let is_public = |part: &str| part.contains('/') || part.starts_with("AWS4-") || part.starts_with("x-amz-");
            let parts = text.split(is_separator).filter(|part| part.len() >= 16 && part.is_ascii() && !is_public(part));
            found.extend(parts.map(str::to_owned));
        }
        found
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters and those in `keep`.
pub(crate) fn encode(text: &str, keep: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// A moment this far from now, in ISO 8601's basic format.
pub(crate) fn moment(offset_seconds: i64) -> String {
    let now = jiff::Timestamp::try_from(SystemTime::now()).expect("a moment");
    let then = now.checked_add(jiff::SignedDuration::from_secs(offset_seconds)).expect("a moment");
    then.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Signs as it is told, right or wrong.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) access_key_id: String,
    pub(crate) secret: String,
    pub(crate) session_token: Option<String>,
    pub(crate) algorithm: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) terminator: String,
    /// `x-amz-date`
    pub(crate) moment: String,
    /// The day in the scope, if it is not the moment's.
    pub(crate) day: Option<String>,
    /// Exactly what stands in `SignedHeaders`.
    pub(crate) signed_headers: String,
    /// What is signed for the body, if not its SHA-256.
    pub(crate) payload: Option<String>,
    /// The path that is signed, if not the request's.
    pub(crate) path: Option<String>,
}

impl Signer {
    pub(crate) fn new(access_key_id: &str, secret: &str) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret: secret.into(),
            session_token: None,
            algorithm: "AWS4-HMAC-SHA256".into(),
            region: "us-east-1".into(),
            service: "appsync".into(),
            terminator: "aws4_request".into(),
            moment: moment(0),
            day: None,
            signed_headers: "content-type;host;x-amz-date".into(),
            payload: None,
            path: None,
        }
    }

    /// With a session token, signed.
    pub(crate) fn session(mut self, token: &str) -> Self {
        self.session_token = Some(token.into());
        self.signed_headers.push_str(";x-amz-security-token");
        self
    }

    /// The request with its date, token and signature.
    pub(crate) fn sign(&self, request: Request) -> Request {
        let mut request = if self.moment.is_empty() { request } else { request.with("x-amz-date", &self.moment) };
        if let Some(token) = &self.session_token {
            request = request.with("x-amz-security-token", token);
        }
        let authorization = self.authorization(&request);
        request.with("authorization", authorization)
    }

    /// The header for a request that has its date.
    pub(crate) fn authorization(&self, request: &Request) -> String {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let path = encode(self.path.as_deref().unwrap_or(path), "/");
        let mut query: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
        query.sort_unstable();
        let query: Vec<String> =
            query.iter().map(|pair| if pair.contains('=') { (*pair).to_owned() } else { format!("{pair}=") }).collect();
        let headers: String =
            self.signed_headers.split(';').map(|name| format!("{name}:{}\n", request.header(name).unwrap_or_default())).collect();
        let payload = self.payload.clone().unwrap_or_else(|| sha256(&request.body));
        let canonical = format!("{}\n{path}\n{}\n{headers}\n{}\n{payload}", request.method, query.join("&"), self.signed_headers);
        let day = self.day.clone().unwrap_or_else(|| self.moment.chars().take(8).collect());
        let scope = format!("{day}/{}/{}/{}", self.region, self.service, self.terminator);
        let text = format!("{}\n{}\n{scope}\n{}", self.algorithm, self.moment, sha256(canonical.as_bytes()));
        let sign =
            |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec();
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in [&day, &self.region, &self.service, &self.terminator] {
            key = sign(&key, part);
        }
        let signature = hex(&sign(&key, &text));
        format!(
            "{} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
            self.algorithm, self.access_key_id, self.signed_headers
        )
    }
}

/// A service on a free port that answers everything with 200 and counts.
pub(crate) struct Counter {
    pub(crate) address: SocketAddr,
    hits: Arc<AtomicUsize>,
}

impl Counter {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let hits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&hits);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || {
                    let mut head = Vec::new();
                    let mut byte = [0];
                    while let Ok(1) = stream.read(&mut byte) {
                        head.push(byte[0]);
                        if head.ends_with(b"\r\n\r\n") {
                            head.clear();
                            counted.fetch_add(1, Ordering::SeqCst);
                            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").is_err() {
                                return;
                            }
                        }
                    }
                });
            }
        });
        Self { address, hits }
    }

    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// 0 when the connection ended without an answer.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Sends bytes and reads one answer, if there is one.
pub(crate) fn exchange(address: SocketAddr, request: &Request) -> Reply {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    // A server that has seen enough may close before all is written.
    let _ = stream.write_all(&request.bytes());
    if request.ends {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut received = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(reply) = parse(&received, request.method == "HEAD") {
            return reply;
        }
        match stream.read(&mut piece) {
            Ok(read @ 1..) => received.extend_from_slice(&piece[..read]),
            Ok(0) => return Reply { status: 0, headers: Vec::new(), body: String::new() },
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Reply { status: 0, headers: Vec::new(), body: String::new() };
            }
            result => panic!("no answer in time to {request:?}: {result:?}"),
        }
    }
}

fn parse(received: &[u8], is_head: bool) -> Option<Reply> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().expect("a status");
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, length)| length.parse().expect("digits"));
    let length = if is_head { 0 } else { length };
    let body = received.get(end + 4..end + 4 + length)?;
    Some(Reply { status, headers, body: String::from_utf8_lossy(body).into_owned() })
}

/// What must become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Refused in AppSync's form, with this status and `errorType`.
    Refused(u16, &'static str),
    /// Let in, and every field refused.
    Closed,
    /// Not HTTP: ended by the protocol, 4xx without a body, or no answer at all.
    NotHttp,
    /// Answered without looking at the body: a preflight.
    Preflight,
    /// Let in, and the resolver has run once.
    Accepted,
}

/// A running table.
pub(crate) struct Suite<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) counter: &'a Counter,
    /// How many were refused in AppSync's form, with 401 or 403.
    pub(crate) refused: usize,
    pub(crate) accepted: usize,
    rows: usize,
    failures: Vec<String>,
    /// Credentials that were sent, which nobody may find in a log.
    pub(crate) credentials: Vec<String>,
}

impl<'a> Suite<'a> {
    pub(crate) fn new(address: SocketAddr, counter: &'a Counter) -> Self {
        Self { address, counter, refused: 0, accepted: 0, rows: 0, failures: Vec::new(), credentials: Vec::new() }
    }

    /// Sends a request and judges the answer, and whether a resolver ran.
    pub(crate) fn row(&mut self, name: &str, request: &Request, expected: Expected) {
        let before = self.counter.hits();
        let credentials = request.credentials();
        let reply = exchange(self.address, request);
        let ran = self.counter.hits() - before;
        let should = usize::from(expected == Expected::Accepted);
        let fault = judge(&reply, expected)
            .or_else(|| (ran != should).then(|| format!("resolvers ran {ran} times")))
            .or_else(|| repeats(&reply, &credentials).then(|| "the answer repeats a credential".to_owned()));
        self.credentials.extend(credentials);
        if let Some(fault) = fault {
            self.failures.push(format!("{name}: {expected:?}, but {fault}\n      {} {}", reply.status, reply.body));
        }
        self.rows += 1;
        match expected {
            Expected::Accepted => self.accepted += 1,
            Expected::Refused(401 | 403, _) => self.refused += 1,
            Expected::Refused(..) | Expected::Closed | Expected::NotHttp | Expected::Preflight => {}
        }
    }

    /// Fails when anything that was sent to get in, or one of these secrets, can be read in what a server wrote, which logs
    /// everything.
    #[track_caller]
    pub(crate) fn check_secrecy(&self, server: &Server, secrets: &[&str]) {
        let log = server.log();
        assert!(log.contains("request refused") && log.contains("DEBUG"), "the log says what happens:\n{log:.2000}");
        assert!(!log.contains("panicked"), "{log}");
        let secrets: BTreeSet<&str> = self.credentials.iter().map(String::as_str).chain(secrets.iter().copied()).collect();
        assert!(secrets.len() > 10, "{secrets:?}");
        for (what, text) in [("log", &log), ("summary", &server.summary)] {
            let leaked = secrets.iter().filter_map(|secret| text.lines().find(|line| line.contains(secret)));
            let leaked: Vec<&str> = leaked.take(20).collect();
            assert!(leaked.is_empty(), "the {what} has secrets:\n{}", leaked.join("\n"));
        }
    }

    /// Fails with every row that went wrong.
    #[track_caller]
    pub(crate) fn end(&self) {
        let failures = self.failures.join("\n  ");
        assert!(self.failures.is_empty(), "{} of {} rows:\n  {failures}", self.failures.len(), self.rows);
    }
}

/// Whether an answer has a credential in it, which clients would write into their logs.
fn repeats(reply: &Reply, credentials: &[String]) -> bool {
    credentials.iter().any(|credential| {
        reply.body.contains(credential.as_str()) || reply.headers.iter().any(|(_, value)| value.contains(credential.as_str()))
    })
}

/// What is wrong with an answer.
fn judge(reply: &Reply, expected: Expected) -> Option<String> {
    let wrong = |text: &str| Some(text.to_owned());
    let body = Value::parse(reply.body.as_bytes()).ok();
    let members = |value: &Value| -> Vec<String> {
        value.as_object().into_iter().flat_map(value::Object::keys).map(ToString::to_string).collect()
    };
    match expected {
        Expected::NotHttp => match (reply.status, reply.body.as_str()) {
            (0 | 400 | 414 | 431 | 505, "") => None,
            _ => wrong("there is an answer"),
        },
        Expected::Preflight => {
            (reply.status != 200 || !reply.body.is_empty()).then(|| "this is not the answer to a preflight".to_owned())
        }
        Expected::Accepted => {
            let data = body.as_ref().map(|body| body.at(&["data"]));
            let answered =
                data.is_some_and(|data| data.as_object().is_some_and(|data| data.values().all(|value| !value.is_null())));
            (reply.status != 200 || !answered || reply.body.contains("\"errors\"")).then(|| "it is refused".to_owned())
        }
        Expected::Closed => {
            let Some(body) = body.filter(|_| reply.status == 200) else { return wrong("it is no answer of a field") };
            let open = body.at(&["data"]).as_object().is_some_and(|data| data.values().any(|value| !value.is_null()));
            let errors = body.at(&["errors"]).as_list().unwrap_or_default();
            let right =
                !errors.is_empty() && errors.iter().all(|error| error.at(&["errorType"]).as_str() == Some("Unauthorized"));
            (open || !right).then(|| "a field is open".to_owned())
        }
        Expected::Refused(status, error_type) => {
            if reply.status != status {
                return wrong("the status differs");
            }
            if reply.header("content-type") != Some("application/json;charset=UTF-8") {
                return wrong("the content type differs");
            }
            let short = error_type.rsplit('#').next().unwrap_or(error_type);
            if reply.header("x-amzn-errortype") != Some(short) {
                return wrong("x-amzn-ErrorType differs");
            }
            let Some(body) = body else { return wrong("the body is no JSON") };
            let errors = body.at(&["errors"]).as_list().unwrap_or_default();
            let [error] = errors else { return wrong("there is not one error") };
            let mut names = members(error);
            names.sort_unstable();
            if members(&body) != ["errors"] || names != ["errorType", "message"] {
                return wrong("the form differs");
            }
            if error.at(&["errorType"]).as_str() != Some(error_type) {
                return wrong("errorType differs");
            }
            error.at(&["message"]).as_str().is_none_or(str::is_empty).then(|| "there is no message".to_owned())
        }
    }
}
