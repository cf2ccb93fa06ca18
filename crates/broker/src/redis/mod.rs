//! Redis, through streams: each subject is one, every node appends to it and reads it from where it stopped.
//!
//! Two connections: one appends, and takes the answers while it goes on writing; the other waits in XREAD. Streams need Redis 5.0. Those
//! of pub/sub would need neither memory nor positions, but forget what a node misses while its connection is down, and cut off nodes
//! that are slower than an output buffer limit allows.

mod connection;
mod resp;

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::error::{Error, LinkError};
use crate::link::{Link, Transport};
use crate::server_url::ServerUrl;
use crate::subject::Subject;
use crate::tls;
use connection::{Address, Connection, PATIENCE, Reader, Writer};
use resp::Reply;

/// How long XREAD waits. After it the server has shown that it lives.
const BLOCK: Duration = Duration::from_secs(5);
/// Entries in one answer to XREAD, shared by its subjects.
const ENTRIES: usize = 64;
/// The largest message. So many of them as one answer may have still fit into one.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// A stream that nobody writes to is gone after so many seconds.
const EXPIRE: &[u8] = b"3600";
/// How long the connection that reads goes on after the other has ended.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// Batches that may wait for their answers.
const UNANSWERED: usize = 32;
/// Room that the buffer of written batches keeps.
const KEPT: usize = 256 * 1024;

/// A place in a stream: milliseconds and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Position(u64, u64);

impl Position {
    fn parse(id: &Bytes) -> Option<Self> {
        let (milliseconds, number) = std::str::from_utf8(id).ok()?.split_once('-')?;
        Some(Self(milliseconds.parse().ok()?, number.parse().ok()?))
    }
}

pub(crate) struct Redis {
    shown: String,
    address: Address,
    stream_bytes: usize,
    /// What was read last. Kept from one connection to the next.
    positions: HashMap<Subject, Position>,
}

impl Redis {
    pub(crate) fn new(mut url: ServerUrl, stream_bytes: usize) -> Result<Self, Error> {
        let tls = if url.tls { Some(TlsConnector::from(Arc::new(tls::client_config(&url.certificates)?))) } else { None };
        Ok(Self {
            shown: url.address(),
            address: Address { host: url.hosts.swap_remove(0), credentials: url.credentials, database: url.database, tls },
            stream_bytes,
            positions: HashMap::new(),
        })
    }

    async fn session(&mut self, link: &Link) -> Result<Infallible, LinkError> {
        let Self { address, positions, stream_bytes, .. } = self;
        let mut versions = link.subjects_changed();
        versions.mark_unchanged();
        let mut subjects = link.subjects();
        let Connection { writer, reader } = Connection::open(address).await?;
        let mut reading = Connection::open(address).await?;
        // Those of the last connection are looked at too: the server may have lost its streams.
        locate(&mut reading, positions, &subjects).await?;
        link.connected(&subjects, MAX_MESSAGE);
        let outgoing = send(writer, reader, link, *stream_bytes);
        let incoming = async {
            loop {
                tokio::select! {
                    result = receive(&mut reading, positions, &subjects, link) => match result? {},
                    _ = versions.changed() => {}
                }
                // XREAD cannot be called back, but left alone.
                reading = Connection::open(address).await?;
                subjects = link.subjects();
                positions.retain(|subject, _| subjects.contains(subject));
                let added: Vec<_> = subjects.iter().filter(|subject| !positions.contains_key(*subject)).cloned().collect();
                locate(&mut reading, positions, &added).await?;
                link.activated(&added);
            }
        };
        let mut incoming = std::pin::pin!(incoming);
        tokio::select! {
            result = outgoing => {
                // What a server that died has still sent is taken. One that lives is asked for it again.
                let _ = timeout(LAST_WORDS, incoming).await;
                result
            }
            result = &mut incoming => result,
        }
    }
}

impl Transport for Redis {
    async fn run(&mut self, link: &Link) -> LinkError {
        match self.session(link).await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    fn address(&self) -> String {
        self.shown.clone()
    }
}

/// Finds where to read on: at the end of a stream that is read for the first time, and where it was left otherwise.
async fn locate(
    connection: &mut Connection,
    positions: &mut HashMap<Subject, Position>,
    subjects: &[Subject],
) -> Result<(), LinkError> {
    for subject in subjects {
        let reply = connection.call(&[b"XREVRANGE", subject.as_str().as_bytes(), b"+", b"-", b"COUNT", b"1"]).await?;
        let Reply::List(Some(entries)) = reply else { return Err(UNEXPECTED) };
        let last = match entries.first() {
            // Whatever is written to it is new.
            None => Position::default(),
            Some(Reply::List(Some(entry))) => match entry.first() {
                Some(Reply::Text(Some(id))) => Position::parse(id).ok_or(UNEXPECTED)?,
                _ => return Err(UNEXPECTED),
            },
            Some(_) => return Err(UNEXPECTED),
        };
        positions
            .entry(subject.clone())
            // One that ends before where it was left is another: the server came back without it, and with an earlier clock. What is read
            // twice for this is dropped by its numbers.
            .and_modify(|position| *position = if last < *position { Position::default() } else { *position })
            .or_insert(last);
    }
    Ok(())
}

const UNEXPECTED: LinkError = LinkError::Protocol("the server answered a command of streams with something else");

async fn send(mut writer: Writer, mut reader: Reader, link: &Link, stream_bytes: usize) -> Result<Infallible, LinkError> {
    let (sent, mut expected) = mpsc::channel::<(usize, usize)>(UNANSWERED);
    let write = async {
        let mut buffer = BytesMut::new();
        let mut average = 1024;
        loop {
            let batch = link.next_batch().await;
            let mut replies = batch.messages.len();
            let mut subjects = BTreeSet::new();
            for (subject, message) in batch.messages {
                average = (average * 15 + message.len()) / 16;
                let entries = (stream_bytes / average.max(1)).max(64).to_string();
                resp::encode(
                    &[b"XADD", subject.as_str().as_bytes(), b"MAXLEN", b"~", entries.as_bytes(), b"*", b"e", &message],
                    &mut buffer,
                );
                subjects.insert(subject);
            }
            for subject in subjects {
                resp::encode(&[b"EXPIRE", subject.as_str().as_bytes(), EXPIRE], &mut buffer);
                replies += 1;
            }
            // Before it is written, so that answers are taken meanwhile.
            sent.send((replies, batch.events)).await.map_err(|_| LinkError::Closed)?;
            writer.write(&buffer).await?;
            buffer.clear();
            if buffer.capacity() > KEPT {
                buffer = BytesMut::new();
            }
        }
    };
    let read = async {
        loop {
            let (replies, events) = expected.recv().await.ok_or(LinkError::Closed)?;
            for _ in 0..replies {
                reader.next(2 * PATIENCE).await?;
            }
            link.confirm(events);
        }
    };
    tokio::select! { result = write => result, result = read => result }
}

async fn receive(
    connection: &mut Connection,
    positions: &mut HashMap<Subject, Position>,
    subjects: &[Subject],
    link: &Link,
) -> Result<Infallible, LinkError> {
    let block = BLOCK.as_millis().to_string();
    let entries = (ENTRIES / subjects.len().max(1)).max(1).to_string();
    let mut buffer = BytesMut::new();
    loop {
        if subjects.is_empty() {
            connection.call(&[b"PING"]).await?;
            tokio::time::sleep(BLOCK).await;
            continue;
        }
        let ids: Vec<_> = subjects
            .iter()
            .map(|subject| positions.get(subject).copied().unwrap_or_default())
            .map(|Position(milliseconds, number)| format!("{milliseconds}-{number}"))
            .collect();
        let mut command: Vec<&[u8]> = vec![b"XREAD", b"COUNT", entries.as_bytes(), b"BLOCK", block.as_bytes(), b"STREAMS"];
        command.extend(subjects.iter().map(|subject| subject.as_str().as_bytes()));
        command.extend(ids.iter().map(String::as_bytes));
        buffer.clear();
        resp::encode(&command, &mut buffer);
        connection.writer.write(&buffer).await?;
        let reply = connection.reader.next(BLOCK + PATIENCE).await?;
        // Nothing came.
        let Reply::List(streams) = reply else {
            if reply == Reply::Text(None) {
                continue;
            }
            return Err(UNEXPECTED);
        };
        for stream in streams.into_iter().flatten() {
            take(stream, positions, subjects, link).ok_or(UNEXPECTED)?;
        }
    }
}

/// Takes the entries of one stream: `[key, [[id, [field, value]]…]]`.
fn take(stream: Reply, positions: &mut HashMap<Subject, Position>, subjects: &[Subject], link: &Link) -> Option<()> {
    let Reply::List(Some(stream)) = stream else { return None };
    let [Reply::Text(Some(key)), Reply::List(Some(entries))] = &stream[..] else { return None };
    let subject = subjects.iter().find(|subject| subject.as_str().as_bytes() == key)?;
    let position = positions.entry(subject.clone()).or_default();
    for entry in entries {
        let Reply::List(Some(entry)) = entry else { return None };
        let [Reply::Text(Some(id)), fields] = &entry[..] else { return None };
        *position = Position::parse(id)?;
        match fields {
            Reply::List(Some(fields)) if let [Reply::Text(Some(_)), Reply::Text(Some(message))] = &fields[..] => {
                link.receive(subject, message);
            }
            // Somebody else's: an empty message is counted as none of ours.
            _ => link.receive(subject, &Bytes::new()),
        }
    }
    Some(())
}
