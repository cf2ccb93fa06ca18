//! One subscription over AppSync's WebSocket protocol, the client's side: one socket, one `start`.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use http::header::{
    CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::{Method, Request, Upgraded, Url};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};
use url::Position;
use value::{Object, Value, value};

use super::super::client::identity::Credentials;
use super::super::client::{Asking, refusal};
use super::super::{error, print};
use crate::http_client::{Answer, Switched};
use crate::server::accept_of;

/// Bytes of an answer to the upgrade that is not one.
const LONGEST_ANSWER: usize = 1 << 20;

/// How long the server may be silent unless its acknowledgement says otherwise, as the JS clients have it.
const SILENCE: Duration = Duration::from_secs(300);

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(1);

const ID: &str = "1";

/// A subscription that was acknowledged.
pub(super) struct Subscription {
    socket: WebSocketStream<Upgraded>,
    /// How long the server may be silent.
    silence: Duration,
}

/// Why there is no subscription.
pub(super) enum Failure {
    /// Nobody answers, or not as a server does that stays: the message.
    Unreachable(String),
    /// The message.
    Refused(String),
    /// What GraphQL has against it: `{"errors":[…]}`.
    Errors(String),
}

/// What became of a subscription.
pub(super) enum Event {
    /// An answer, as JSON.
    Answer(String),
    /// The server ended it, with `{"errors":[…]}` or without a word.
    Ended(Option<String>),
    /// The connection is gone, or the credentials are not good any more.
    Lost(String),
}

impl Subscription {
    /// Connects and subscribes. From its return on no event is missed.
    pub(super) async fn start(asking: &Asking, credentials: &Credentials, deadline: Instant) -> Result<Self, Failure> {
        let starting = async {
            let socket = connect(asking, credentials, deadline).await?;
            let mut subscription = Self { socket, silence: SILENCE };
            subscription.open(asking, credentials).await?;
            Ok(subscription)
        };
        let late = || Err(Failure::Unreachable(error(format!("{} did not answer in time", asking.url), "")));
        tokio::time::timeout_at(deadline.into(), starting).await.unwrap_or_else(|_| late())
    }

    /// `connection_init` to `start_ack`.
    async fn open(&mut self, asking: &Asking, credentials: &Credentials) -> Result<(), Failure> {
        let gone = |reason: String| Failure::Unreachable(error(format!("{} does not go on: {reason}", asking.url), ""));
        self.send(r#"{"type":"connection_init"}"#.to_owned()).await.map_err(gone)?;
        loop {
            let message = self.message().await.map_err(gone)?;
            match message.type_name() {
                "connection_ack" => {
                    let timeout =
                        message.0.get("payload").and_then(|payload| payload.get("connectionTimeoutMs")?.as_number()?.as_u64());
                    self.silence = timeout.map_or(SILENCE, Duration::from_millis);
                    let start = start(asking, credentials).await.map_err(|sentence| Failure::Refused(error(sentence, "")))?;
                    self.send(start).await.map_err(gone)?;
                }
                "start_ack" => return Ok(()),
                "connection_error" | "error" => return Err(message.failure(asking, credentials)),
                _ => {}
            }
        }
    }

    /// What comes next. A future that is dropped loses nothing.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            let message = match self.message().await {
                Ok(message) => message,
                Err(reason) => return Event::Lost(reason),
            };
            match message.type_name() {
                "data" => return Event::Answer(message.payload()),
                "complete" => return Event::Ended(None),
                // A token that has expired; whoever has none that is good any more is refused at the next start.
                "error" if message.error_type() == Some("UnauthorizedException") => {
                    return Event::Lost(message.sentence().to_owned());
                }
                "error" | "connection_error" => return Event::Ended(Some(message.payload())),
                _ => {}
            }
        }
    }

    /// Says good-bye.
    pub(super) async fn stop(mut self) {
        let farewell = async {
            self.send(format!(r#"{{"type":"stop","id":"{ID}"}}"#)).await?;
            self.socket.close(None).await.map_err(|problem| problem.to_string())
        };
        // The end of the connection says it as well.
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }

    async fn send(&mut self, text: String) -> Result<(), String> {
        self.socket.send(Message::text(text)).await.map_err(|problem| problem.to_string())
    }

    /// The next message of the protocol; why there is none.
    async fn message(&mut self) -> Result<ServerMessage, String> {
        loop {
            let next = tokio::time::timeout(self.silence, self.socket.next()).await;
            let next = next.map_err(|_| format!("the server was silent for {} seconds", self.silence.as_secs()))?;
            match next {
                Some(Ok(Message::Text(text))) => match Value::parse(text.as_bytes()) {
                    Ok(message) => return Ok(ServerMessage(message)),
                    Err(problem) => return Err(format!("a message is not JSON: {problem}")),
                },
                Some(Ok(Message::Close(Some(frame)))) if !frame.reason.is_empty() => {
                    return Err(format!("the server closed the connection: {}", frame.reason));
                }
                Some(Ok(Message::Close(_))) | None => return Err("the server closed the connection".to_owned()),
                Some(Ok(_)) => {}
                Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {
                    return Err("the connection broke off".to_owned());
                }
                Some(Err(problem)) => return Err(problem.to_string()),
            }
        }
    }
}

/// A message of the server.
struct ServerMessage(Value);

impl ServerMessage {
    fn type_name(&self) -> &str {
        self.0.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    fn payload(&self) -> String {
        self.0.get("payload").map(Value::to_json).unwrap_or_default()
    }

    fn first_error(&self) -> Option<&Value> {
        self.0.get("payload")?.get("errors")?.as_list()?.first()
    }

    fn error_type(&self) -> Option<&str> {
        self.first_error()?.get("errorType")?.as_str()
    }

    /// The message of the first error.
    fn sentence(&self) -> &str {
        self.first_error().and_then(|error| error.get("message")?.as_str()).unwrap_or("the server refuses to go on")
    }

    /// Why there is no subscription. Prints the answer to what is refused before GraphQL, as `syncgate query` does.
    fn failure(&self, asking: &Asking, credentials: &Credentials) -> Failure {
        let error_type = self.error_type().unwrap_or("no errorType");
        let code = self.first_error().and_then(|error| error.get("errorCode")?.as_number()?.as_u64());
        let code = code.and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok());
        let status = match (code, error_type) {
            (Some(code), _) => code,
            (None, "UnauthorizedException") => StatusCode::UNAUTHORIZED,
            (None, "InvalidSignatureException") => StatusCode::FORBIDDEN,
            (None, client) if client.ends_with("ClientException") => StatusCode::FORBIDDEN,
            (None, "MalformedHttpRequestException") => StatusCode::BAD_REQUEST,
            (None, "UnsupportedOperation") => {
                print(&format!("{}\n", self.payload()));
                return Failure::Refused(error("the document is no subscription", "syncgate query sends queries and mutations"));
            }
            _ => return Failure::Errors(self.payload()),
        };
        print(&format!("{}\n", credentials.mask(&self.payload())));
        Failure::Refused(refusal(status, error_type, asking, credentials))
    }
}

/// A WebSocket at the real-time endpoint, before its first message.
async fn connect(asking: &Asking, credentials: &Credentials, deadline: Instant) -> Result<WebSocketStream<Upgraded>, Failure> {
    let unsigned = |sentence: String| Failure::Refused(error(sentence, ""));
    let header = header_object(asking, "/connect", "{}", credentials).await.map_err(unsigned)?;
    let header = URL_SAFE_NO_PAD.encode(Value::from(header).to_json());
    let key = STANDARD.encode(rand::random::<[u8; 16]>());
    let mut request = Request::new(Method::GET, below(&asking.url, "/realtime"));
    let headers = request.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::try_from(&key).expect("base64 is a header's value"));
    let mut sub_protocols = HeaderValue::try_from(format!("graphql-ws, header-{header}")).expect("base64 is a header's value");
    sub_protocols.set_sensitive(true);
    headers.insert(SEC_WEBSOCKET_PROTOCOL, sub_protocols);
    let switched = asking.http().switch(request, deadline, LONGEST_ANSWER).await;
    match switched.map_err(|problem| Failure::Unreachable(asking.unanswered(&problem)))? {
        Switched::Protocol(headers, upgraded) if is_accepted(&headers, &key) => {
            Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await)
        }
        Switched::Protocol(..) => Err(foreign(asking, "it answers the upgrade of another client")),
        Switched::Refused(answer) => Err(refused(&answer, asking, credentials)),
    }
}

fn is_accepted(headers: &HeaderMap, key: &str) -> bool {
    headers.get(SEC_WEBSOCKET_ACCEPT).is_some_and(|accept| accept.as_bytes() == accept_of(key.as_bytes()).as_bytes())
}

/// The upgrade was answered otherwise.
fn refused(answer: &Answer, asking: &Asking, credentials: &Credentials) -> Failure {
    let errors = Value::parse(&answer.body).ok().map(|body| value!({"payload": body}));
    match errors.map(ServerMessage).filter(|message| message.first_error().is_some()) {
        Some(message) => {
            print(&format!("{}\n", credentials.mask(&message.payload())));
            Failure::Refused(refusal(answer.status, message.error_type().unwrap_or("no errorType"), asking, credentials))
        }
        None => foreign(asking, &format!("status {}", answer.status.as_u16())),
    }
}

fn foreign(asking: &Asking, why: &str) -> Failure {
    let help = "another program may listen there: --url http://localhost:PORT leads to the server that printed PORT";
    Failure::Refused(error(format!("what answers at {}/realtime is no real-time endpoint: {why}", asking.url), help))
}

/// The `start` message.
async fn start(asking: &Asking, credentials: &Credentials) -> Result<String, String> {
    let authorization = header_object(asking, "", &asking.body, credentials).await?;
    let data = asking.body.as_str();
    let start = value!({"id": ID, "type": "start", "payload": {"data": data, "extensions": {"authorization": authorization}}});
    Ok(start.to_json())
}

/// The headers that a POST of `body` to the API would have, as a JSON object. That is what a signature is for, too: the path of the
/// API, with `/connect` for the handshake (AppSync developer guide, "Building a real-time WebSocket client").
async fn header_object(asking: &Asking, suffix: &str, body: &str, credentials: &Credentials) -> Result<Object, String> {
    let mut request = Request::new(Method::POST, below(&asking.url, suffix));
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *request.body_mut() = Some(body.to_owned().into());
    credentials.put_into(&mut request).await?;
    let host = &asking.url[Position::BeforeHost..Position::AfterPort];
    let mut object = Object::new();
    object.insert("host", host);
    for (name, text) in request.headers() {
        let text = text.to_str().map_err(|_| "the key or token has characters that no header can hold".to_owned())?;
        object.insert(name.as_str(), text);
    }
    Ok(object)
}

fn below(url: &Url, suffix: &str) -> Url {
    let mut below = url.clone();
    below.set_path(&format!("{}{suffix}", url.path().trim_end_matches('/')));
    below
}
