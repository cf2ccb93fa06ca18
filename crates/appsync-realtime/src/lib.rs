//! AppSync's WebSocket protocol for GraphQL subscriptions, the server's side, without I/O and without a clock.
//!
//! Three parts, each usable alone: [`Handshake::read`] takes an upgrade request apart (credentials, sub-protocol),
//! [`ClientMessage::parse`] reads what a client sends, and [`frame`] writes what a server answers. [`Connection`] puts them
//! together: it is told what arrived and what time it is, and answers with [`Action`]s for its host to carry out. It knows neither
//! schemas nor who may do what; those answers it gets from the host ([`Connection::connected`], [`Connection::started`], …).
//!
//! # The host's duties
//! - Actions are carried out in their order. [`Action::Stop`] means that the subscription is taken out, and a start that is under
//!   way cancelled, *before* the next action, which sends `complete`: no `data` may follow that frame.
//! - The `start_ack` that [`Connection::started`] gives is sent when the subscription is registered, and before any `data`: with the
//!   registry's lock held, for instance. Sent earlier an event could be lost, sent later one could overtake it.
//! - `data` frames do not pass through here: [`frame::data_prefix`], the payload that many share, [`frame::DATA_SUFFIX`].
//! - [`Connection::next_deadline`] is asked after every call, [`Connection::on_tick`] called when it has come.
//! - However the socket ends, [`Connection::closed`] names the subscriptions that are left to take out.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Instant;
//! use appsync_realtime::{Action, Connection, Handshake, Limits};
//!
//! let mut headers = http::HeaderMap::new();
//! headers.insert("sec-websocket-protocol", "graphql-ws, header-eyJ4LWFwaS1rZXkiOiJkYTItMSJ9".parse()?);
//! let handshake = Handshake::read(&headers, "");
//! assert_eq!(handshake.sub_protocol, Some("graphql-ws"));
//!
//! let now = Instant::now();
//! let mut connection = Connection::new(handshake, Arc::new(Limits::default()), now);
//! let actions = connection.on_message(br#"{"type":"connection_init"}"#, now);
//! let [Action::Authenticate(credentials)] = &actions[..] else { panic!("{actions:?}") };
//! assert_eq!(credentials.headers["x-api-key"], "da2-1");
//! let actions = connection.connected(now);
//! assert!(matches!(&actions[0], Action::Send(frame) if frame.starts_with(br#"{"type":"connection_ack""#)));
//! # Ok::<_, http::header::InvalidHeaderValue>(())
//! ```

mod connection;
mod error;
pub mod frame;
mod handshake;
mod header_object;
mod limits;
mod message;

pub use connection::{Action, Connection, End, SubscriptionKey};
pub use error::{Error, Refusal};
pub use handshake::{Credentials, Handshake, SUB_PROTOCOL, Source, signed_paths};
pub use header_object::{MAX_CREDENTIAL_BYTES, MAX_CREDENTIAL_HEADERS};
pub use limits::Limits;
pub use message::{ClientMessage, MAX_ID_BYTES, Start};
