//! For tests: an endpoint on loopback that gives one answer and shows what arrived.

use std::time::SystemTime;

use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::auth::sigv4::{Credential, Principal, Scope, SignatureError, SignedRequest, TOLERANCE, verify};

/// The secret of the access keys of tests.
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// What arrived.
pub(crate) struct Arrived {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Arrived {
    fn read(bytes: &[u8], head: usize) -> Self {
        let text = std::str::from_utf8(&bytes[..head]).expect("text");
        let mut lines = text.lines();
        let mut words = lines.next().expect("a line").split(' ');
        let (method, target) = (words.next().expect("a method"), words.next().expect("a target"));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(": ").expect("a header");
            headers.append(http::HeaderName::from_bytes(name.as_bytes()).expect("a name"), value.parse().expect("a value"));
        }
        let [method, path, query] = [method, path, query].map(str::to_owned);
        Self { method, path, query, headers, body: bytes[head + 4..].to_vec() }
    }

    /// Judges the signature of a request that was signed with [`SECRET`].
    pub(crate) fn verify(&self, service: &str, region: &str, token: Option<&str>) -> Result<Principal, SignatureError> {
        let request = SignedRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        };
        let scope = Scope { region: Some(region), service };
        verify(&request, scope, SystemTime::now(), TOLERANCE, |id, sent| {
            (sent == token).then(|| Credential { access_key_id: id.to_owned(), secret_access_key: SECRET.to_owned() })
        })
    }
}

/// Answers everything with `answer`; nothing leaves it hanging.
pub(crate) async fn endpoint(answer: Vec<u8>) -> (String, UnboundedReceiver<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (send, arrived) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (send, answer) = (send.clone(), answer.clone());
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while socket.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
                    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
                    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
                    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
                    if bytes.len() < head + 4 + length {
                        continue;
                    }
                    let _ = send.send(Arrived::read(&bytes, head));
                    bytes.clear();
                    if !answer.is_empty() {
                        let _ = socket.write_all(&answer).await;
                    }
                }
            });
        }
    });
    (url, arrived)
}

/// Answers everything with `{}` after `pause`.
pub(crate) async fn slow_endpoint(pause: std::time::Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                let _ = socket.write_all(&answer("200 OK\r\ncontent-type: application/json", b"{}")).await;
                let mut rest = Vec::new();
                let _ = socket.read_to_end(&mut rest).await;
            });
        }
    });
    url
}

/// An answer with a body.
pub(crate) fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
