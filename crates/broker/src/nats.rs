//! NATS: core publish and subscribe, over the `async-nats` client.
//!
//! The client reconnects by itself, but what its buffers held is then lost and nobody is told. So each connection gets a client of its
//! own, which ends with it, and what the server has not confirmed goes again on the next. The server confirms by refusing: a request on a
//! subject that nobody answers is told so at once, after everything that was published before it on the same connection.

use std::convert::Infallible;
use std::task::Poll;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, RequestErrorKind, ServerAddr, Subscriber};
use bytes::Bytes;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::sync::watch;

use crate::envelope::NodeId;
use crate::error::{Error, LinkError};
use crate::link::{LONGEST_PAUSE, Link, Transport};
use crate::server_url::{Credentials, ServerUrl};
use crate::subject::Subject;
use crate::tls;

/// How long the server may take for anything.
const PATIENCE: Duration = Duration::from_secs(5);
/// An idle connection is tried this often, and given up after the third time without an answer.
const PING: Duration = Duration::from_secs(5);
/// Messages of one subject that may wait in the client, which drops what is more. They are taken out as they come, but a burst may be read
/// before the task that takes them has its turn. Room is made as it is needed.
const CAPACITY: usize = 65_536;
/// Batches that may wait for their confirmation.
const UNCONFIRMED: usize = 32;

pub(crate) struct Nats {
    address: String,
    servers: Vec<ServerAddr>,
    credentials: Option<Credentials>,
    tls: rustls::ClientConfig,
    was_connected: bool,
}

impl Nats {
    pub(crate) fn new(url: ServerUrl) -> Result<Self, Error> {
        let scheme = if url.tls { "tls" } else { "nats" };
        let servers = url.hosts.iter().map(|host| format!("{scheme}://{host}").parse());
        Ok(Self {
            address: url.address(),
            servers: servers.collect::<Result<_, _>>().map_err(|_| Error::MalformedUrl("the host is no host name"))?,
            // Also without tls://: the server may ask for it.
            tls: tls::client_config(&url.certificates)?,
            credentials: url.credentials,
            was_connected: false,
        })
    }

    fn options(&self, node: NodeId, ended: watch::Sender<Option<String>>) -> ConnectOptions {
        let options = ConnectOptions::new()
            .name("syncgate")
            .no_echo()
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .ping_interval(PING)
            .subscription_capacity(CAPACITY)
            .custom_inbox_prefix(format!("syncgate.inbox.{node}"))
            // Each server once; then the client ends.
            .max_reconnects(self.servers.len())
            .reconnect_delay_callback(|_| Duration::ZERO)
            .ignore_discovered_servers()
            .tls_client_config(self.tls.clone())
            .event_callback(move |event| {
                match event {
                    Event::Disconnected | Event::Closed => {
                        ended.send_if_modified(|reason| reason.is_none() && reason.replace(String::new()).is_none());
                    }
                    // Such as a permission that is missing. Some end the connection and some do not: this ends it in any case, so that
                    // nobody waits in vain and it is said why.
                    Event::ServerError(error) => {
                        ended.send_replace(Some(error.to_string()));
                    }
                    // What a slow consumer misses is counted by its numbers.
                    _ => {}
                }
                std::future::ready(())
            });
        match &self.credentials {
            None => options,
            Some(Credentials::Secret(token)) => options.token(token.0.clone()),
            Some(Credentials::User { name, password }) => options.user_and_password(name.clone(), password.0.clone()),
        }
    }

    async fn session(&mut self, link: &Link) -> Result<Infallible, LinkError> {
        let (ended, mut ends) = watch::channel(None);
        let options = self.options(link.node, ended);
        let client = options.connect(&self.servers[..]).await.map_err(|error| {
            let reason = error.to_string();
            LinkError::Refused(std::error::Error::source(&error).map_or(reason.clone(), |source| format!("{reason}: {source}")))
        })?;
        let ended = async {
            match ends.wait_for(Option::is_some).await.map(|reason| reason.clone().unwrap_or_default()) {
                Ok(reason) if !reason.is_empty() => LinkError::Refused(reason),
                _ => LinkError::Closed,
            }
        };
        let mut subscribers = Subscribers::default();
        let serve = async {
            let mut versions = link.subjects_changed();
            versions.mark_unchanged();
            let subjects = link.subjects();
            subscribers.change(&client, link.node, &subjects).await?;
            let again = std::mem::replace(&mut self.was_connected, true);
            link.connected(&subjects, client.server_info().max_payload);
            let outgoing = send(&client, link, again);
            let incoming = async {
                loop {
                    tokio::select! {
                        _ = versions.changed() => {
                            let added = subscribers.change(&client, link.node, &link.subjects()).await?;
                            link.activated(&added);
                        }
                        message = subscribers.next() => {
                            let (subject, message) = message.ok_or(LinkError::Closed)?;
                            link.receive(&subject, &message);
                        }
                    }
                }
            };
            tokio::select! { result = outgoing => result, result = incoming => result }
        };
        let result = tokio::select! { error = ended => Err(error), result = serve => result };
        // What had come is taken.
        while let Some(Some((subject, message))) = subscribers.next().now_or_never() {
            link.receive(&subject, &message);
        }
        result
    }
}

impl Transport for Nats {
    async fn run(&mut self, link: &Link) -> LinkError {
        match self.session(link).await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    fn address(&self) -> String {
        self.address.clone()
    }
}

async fn send(client: &Client, link: &Link, again: bool) -> Result<Infallible, LinkError> {
    if again {
        // The server keeps nothing for those who are not back yet.
        tokio::time::sleep(LONGEST_PAUSE + LONGEST_PAUSE / 4).await;
    }
    let mut confirmations = FuturesOrdered::new();
    loop {
        tokio::select! {
            batch = link.next_batch(), if confirmations.len() < UNCONFIRMED => {
                for (subject, message) in batch.messages {
                    client.publish(subject.to_string(), message).await.map_err(|_| LinkError::Closed)?;
                }
                confirmations.push_back(async move { confirmed(client, link.node).await.map(|()| batch.events) });
            }
            Some(confirmation) = confirmations.next() => {
                link.confirm(confirmation?);
            }
        }
    }
}

/// Waits until the server has everything that was sent before.
async fn confirmed(client: &Client, node: NodeId) -> Result<(), LinkError> {
    match client.request(format!("syncgate.confirm.{node}"), Bytes::new()).await {
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            RequestErrorKind::NoResponders => Ok(()),
            RequestErrorKind::TimedOut => Err(LinkError::TimedOut(PATIENCE.as_secs())),
            _ => Err(LinkError::Closed),
        },
    }
}

/// The subscriptions of one connection: as many as the process serves APIs.
#[derive(Default)]
struct Subscribers {
    all: Vec<(Subject, Subscriber)>,
    /// Whose turn it is.
    turn: usize,
}

impl Subscribers {
    /// Subscribes to these subjects and no others; gives those that are new, once the server has them.
    async fn change(&mut self, client: &Client, node: NodeId, subjects: &[Subject]) -> Result<Vec<Subject>, LinkError> {
        self.all.retain(|(subject, _)| subjects.contains(subject));
        let mut added = Vec::new();
        for subject in subjects {
            if !self.all.iter().any(|(known, _)| known == subject) {
                let subscriber = client.subscribe(subject.to_string()).await.map_err(|_| LinkError::Closed)?;
                self.all.push((subject.clone(), subscriber));
                added.push(subject.clone());
            }
        }
        confirmed(client, node).await?;
        Ok(added)
    }

    /// The next message; `None` once the client has ended.
    async fn next(&mut self) -> Option<(Subject, Bytes)> {
        std::future::poll_fn(|context| {
            for _ in 0..self.all.len() {
                self.turn = (self.turn + 1) % self.all.len();
                let (subject, subscriber) = &mut self.all[self.turn];
                if let Poll::Ready(message) = std::pin::Pin::new(subscriber).poll_next(context) {
                    return Poll::Ready(message.map(|message| (subject.clone(), message.payload)));
                }
            }
            Poll::Pending
        })
        .await
    }
}
