//! A client of WebSockets that keeps no rule by itself: its frames are made by hand, so that broken ones can be sent, its socket can
//! be reset at any moment, and it reads only when it is told to.
//!
//! Start at [`RawSocket::open`] for AppSync's protocol, or at [`RawSocket::upgrade`] for any.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use value::{Value, value};

use super::{API_KEY, Server};

/// How long a byte may take, or what was asked for, before the server counts as stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
/// The bit of a message's last frame.
pub(crate) const FINAL: u8 = 0x80;

/// What the server sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    Text(String),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    /// A close frame, with its code and reason.
    Close(u16, String),
    /// The end of the stream, however it came.
    End,
}

/// With TLS or without.
enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        }
    }

    fn read(&mut self, chunk: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(chunk),
            Self::Tls(stream) => stream.read(chunk),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }
}

/// A connection as bytes.
pub(crate) struct RawSocket {
    stream: Stream,
    unread: Vec<u8>,
    taken: usize,
}

impl RawSocket {
    /// A connection that has sent nothing.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"));
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        stream.set_nodelay(true).expect("no delay");
        Self { stream: Stream::Plain(stream), unread: Vec::new(), taken: 0 }
    }

    /// The same after a TLS handshake with a server whose certificates the one in the file `ca` has signed.
    pub(crate) fn connect_tls(address: SocketAddr, ca: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).expect("a certificate")).expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let session = ClientConnection::new(Arc::new(config), name).expect("a session");
        let Self { stream: Stream::Plain(stream), .. } = Self::connect(address) else { unreachable!("it is plain") };
        Self { stream: Stream::Tls(Box::new(StreamOwned::new(session, stream))), unread: Vec::new(), taken: 0 }
    }

    /// A WebSocket with these sub-protocols; the answer must be `101`.
    pub(crate) fn upgrade(address: SocketAddr, target: &str, protocols: &str) -> Self {
        Self::connect(address).upgraded(target, protocols)
    }

    /// The connection as a WebSocket.
    pub(crate) fn upgraded(mut self, target: &str, protocols: &str) -> Self {
        self.send(upgrade_request(target, protocols).as_bytes());
        let head = self.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        self
    }

    /// A WebSocket for subscriptions, with the tests' API key, that has said nothing yet.
    pub(crate) fn silent(address: SocketAddr) -> Self {
        Self::upgrade(address, "/graphql/realtime", &protocols(&value!({"x-api-key": API_KEY})))
    }

    /// As [`RawSocket::silent`], acknowledged.
    pub(crate) fn open(address: SocketAddr) -> Self {
        let mut socket = Self::silent(address);
        socket.init();
        socket
    }

    /// Bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server takes bytes");
    }

    /// Bytes as they are, while the server may have closed the connection already; whether it took them.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// A message of AppSync's protocol.
    pub(crate) fn text(&mut self, text: &str) {
        self.send(&frame(FINAL | TEXT, text.as_bytes()));
    }

    /// `connection_init` and its answers.
    pub(crate) fn init(&mut self) {
        self.text(r#"{"type":"connection_init"}"#);
        let ack = self.next();
        assert_eq!(ack, Frame::Text(r#"{"type":"connection_ack","payload":{"connectionTimeoutMs":300000}}"#.into()));
        assert_eq!(self.next(), Frame::Text(r#"{"type":"ka"}"#.into()));
    }

    /// Asks for a subscription.
    pub(crate) fn start(&mut self, id: &str, document: &str) {
        self.text(&start_message(id, document));
    }

    /// Asks for a subscription and waits for its acknowledgement.
    pub(crate) fn subscribe(&mut self, id: &str, document: &str) {
        self.start(id, document);
        assert_eq!(self.message(), value!({"id": id, "type": "start_ack"}));
    }

    /// Ends a subscription.
    pub(crate) fn stop(&mut self, id: &str) {
        self.text(&value!({"id": id, "type": "stop"}).to_json());
    }

    /// The next frame.
    pub(crate) fn next(&mut self) -> Frame {
        let Some(head) = self.take(2) else { return Frame::End };
        let (first, length) = (head[0], head[1]);
        assert_eq!(length & 0x80, 0, "a server's frames have no mask");
        assert_eq!(first & 0x70, 0, "no extension was negotiated");
        assert_eq!(first & FINAL, FINAL, "the server sends whole messages");
        let length = match length {
            126 => self.take(2).map(|bytes| bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))),
            127 => self.take(8).map(|bytes| bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))),
            length => Some(usize::from(length)),
        };
        let Some(payload) = length.and_then(|length| self.take(length)) else { return Frame::End };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text in UTF-8");
        match first & 0x0f {
            TEXT => Frame::Text(text(&payload)),
            BINARY => Frame::Binary(payload),
            CLOSE if payload.is_empty() => Frame::Close(1005, String::new()),
            CLOSE => Frame::Close(u16::from_be_bytes([payload[0], payload[1]]), text(&payload[2..])),
            0xa => Frame::Pong(payload),
            other => panic!("a frame of kind {other}"),
        }
    }

    /// The next message but `ka`.
    pub(crate) fn message(&mut self) -> Value {
        loop {
            match self.next() {
                Frame::Text(text) if text == r#"{"type":"ka"}"# => {}
                Frame::Text(text) => return Value::parse(text.as_bytes()).expect("messages are JSON"),
                other => panic!("{other:?} instead of a message"),
            }
        }
    }

    /// The member of the next event's field, which must be of the subscription `id`.
    pub(crate) fn event(&mut self, id: &str, field: &str, member: &str) -> String {
        let message = self.message();
        assert_eq!(message.at(&["id"]).as_str(), Some(id), "{message}");
        event_member(&message, field, member).unwrap_or_else(|| panic!("no event: {message}"))
    }

    /// Everything up to the close frame or the end of the stream; what precedes it is thrown away.
    pub(crate) fn closing(&mut self) -> Frame {
        loop {
            let frame = self.next();
            if matches!(frame, Frame::Close(..) | Frame::End) {
                return frame;
            }
        }
    }

    /// The head of an answer of HTTP.
    pub(crate) fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Some(byte) = self.take(1) else { break };
            head.extend(byte);
        }
        String::from_utf8(head).expect("a head in UTF-8")
    }

    /// The next bytes; `None` when the stream ends before.
    pub(crate) fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.unread.len() - self.taken < count {
            self.unread.drain(..self.taken);
            self.taken = 0;
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(read) => self.unread.extend_from_slice(&chunk[..read]),
                Err(error)
                    if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof) =>
                {
                    return None;
                }
                Err(error) => panic!("the server is stuck: {error}"),
            }
        }
        let bytes = self.unread[self.taken..self.taken + count].to_vec();
        self.taken += count;
        Some(bytes)
    }

    /// Another handle of the same connection, to write while this one reads; without TLS.
    pub(crate) fn writer(&self) -> TcpStream {
        self.stream.tcp().try_clone().expect("another handle")
    }

    /// Our end of the connection.
    pub(crate) fn local(&self) -> SocketAddr {
        self.stream.tcp().local_addr().expect("an address")
    }

    /// Has the kernel take as little as possible while nobody reads.
    pub(crate) fn small_buffer(&self) {
        rustix::net::sockopt::set_socket_recv_buffer_size(self.stream.tcp(), 4096).expect("a smaller buffer");
    }

    /// Says that nothing more comes, and goes on reading.
    pub(crate) fn end_writing(&self) {
        self.stream.tcp().shutdown(Shutdown::Write).expect("the connection is open");
    }

    /// Ends the connection with RST, as a process does that is killed with data unread, or a machine that starts anew.
    pub(crate) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(self.stream.tcp(), Some(Duration::ZERO)).expect("linger");
    }
}

/// The request for an upgrade.
pub(crate) fn upgrade_request(target: &str, protocols: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {protocols}\r\n\r\n"
    )
}

/// The sub-protocols of a client with these headers.
pub(crate) fn protocols(headers: &Value) -> String {
    format!("graphql-ws, header-{}", URL_SAFE_NO_PAD.encode(headers.to_json()))
}

/// The message that asks for a subscription.
pub(crate) fn start_message(id: &str, document: &str) -> String {
    let data = value!({"query": document, "variables": {}}).to_json();
    let authorization = value!({"x-api-key": API_KEY});
    let payload = value!({"data": data, "extensions": {"authorization": (authorization)}});
    value!({"id": id, "type": "start", "payload": (payload)}).to_json()
}

/// A member of the field's object in a `data` message.
pub(crate) fn event_member(message: &Value, field: &str, member: &str) -> Option<String> {
    message.at(&["payload", "data", field, member]).as_str().map(str::to_owned)
}

/// A client's frame, masked.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = frame_head(first, payload.len() as u64, true);
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A frame's first bytes, without the mask.
pub(crate) fn frame_head(first: u8, length: u64, masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut head = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length), _) if length < 126 => head.push(mask | length),
        (_, Ok(length)) => {
            head.push(mask | 126);
            head.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            head.push(mask | 127);
            head.extend_from_slice(&length.to_be_bytes());
        }
    }
    head
}

/// Waits for what must come, however long a busy machine takes.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How many file descriptors a server has open.
pub(crate) fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.id())).expect("the server's descriptors").count()
}

/// How many bytes of memory a server holds.
pub(crate) fn resident(server: &Server) -> u64 {
    let status = super::read(format!("/proc/{}/status", server.id()).as_ref());
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    kilobytes.map(|kilobytes: u64| kilobytes << 10).expect("VmRSS")
}

/// A service that takes requests and never answers.
pub(crate) struct Hanging {
    pub(crate) address: SocketAddr,
    open: Arc<AtomicUsize>,
    seen: Arc<AtomicUsize>,
}

impl Hanging {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (open, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (Arc::clone(&open), Arc::clone(&seen));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (open, seen) = (Arc::clone(&counters.0), Arc::clone(&counters.1));
                open.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let mut chunk = [0; 1024];
                    let mut has_asked = false;
                    while matches!(stream.read(&mut chunk), Ok(1..)) {
                        if !has_asked {
                            seen.fetch_add(1, Ordering::SeqCst);
                            has_asked = true;
                        }
                    }
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, open, seen }
    }

    /// Requests that were begun and whose askers still wait.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Requests so far.
    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}
