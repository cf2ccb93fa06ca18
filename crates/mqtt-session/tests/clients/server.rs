//! A server of sessions over TCP, as small as its owner's part can be: it reads a few bytes at a time and writes in pieces, so
//! that packets are cut everywhere, and delivers its messages as soon as a topic is subscribed.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mqtt_session::{Action, DeliverFault, Grant, Limits, Reason, Session, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// What the server delivers, and within which bounds.
pub(crate) struct Settings {
    pub(crate) grant: Grant,
    pub(crate) limits: Limits,
    /// To every topic, when it is subscribed.
    pub(crate) messages: Vec<Bytes>,
}

/// What a connection was.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) version: Option<Version>,
    pub(crate) subscribed: Vec<String>,
    pub(crate) unsubscribed: Vec<String>,
    pub(crate) end: Option<Reason>,
    /// Unacknowledged when it ended, or when the client had acknowledged all.
    pub(crate) in_flight: usize,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Receiver<Seen>,
    /// Its tasks end with it.
    _runtime: Runtime,
}

impl Server {
    pub(crate) fn start(settings: Settings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (over, seen) = channel();
        let settings = Arc::new(settings);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (settings, over) = (Arc::clone(&settings), over.clone());
                tokio::spawn(async move {
                    let seen = serve(stream, &settings).await.expect("loopback does not fail");
                    // Nobody may want to know of a second connection.
                    drop(over.send(seen));
                });
            }
        });
        Self { address, seen, _runtime: runtime }
    }

    /// What the first connection was, once it is over.
    pub(crate) fn seen(self) -> Seen {
        self.seen.recv_timeout(Duration::from_secs(30)).expect("the connection ends")
    }
}

async fn serve(mut stream: TcpStream, settings: &Settings) -> std::io::Result<Seen> {
    stream.set_nodelay(true)?;
    let mut session = Session::new(settings.grant.clone(), settings.limits.clone(), Instant::now());
    let (mut seen, mut buffer, mut lengths) = (Seen::default(), [0; 64], [1, 2, 5, 3, 64, 13].into_iter().cycle());
    while seen.end.is_none() {
        let room = lengths.next().unwrap_or(1);
        let read = tokio::select! {
            read = stream.read(&mut buffer[..room]) => read,
            () = sleep_until(session.next_deadline()) => {
                seen.end = session.expire(Instant::now());
                continue;
            }
        };
        let read = match read {
            Ok(read) => read,
            // A client that is cut off resets its connection.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => return Err(error),
        };
        if read == 0 {
            seen.in_flight = session.in_flight();
            session.close();
            seen.end = Some(Reason::Closed);
            break;
        }
        let (mut input, mut out) = (&buffer[..read], Vec::new());
        while let Some(action) = session.receive(&mut input, Instant::now()) {
            match action {
                Action::Connected { version, .. } => seen.version = Some(version),
                Action::Send(frame) => out.extend(frame.to_vec()),
                Action::Subscribe(topics) => {
                    out.extend(session.subscribed(|_| true).expect("asked").to_vec());
                    for topic in &topics {
                        seen.subscribed.push(topic.to_string());
                        for message in &settings.messages {
                            match session.deliver(topic, message) {
                                Ok(frame) => out.extend(frame.to_vec()),
                                Err(DeliverFault::Ended(reason)) => seen.end = Some(reason),
                                Err(DeliverFault::TooLarge { .. } | DeliverFault::NotSubscribed) => {}
                            }
                        }
                    }
                }
                Action::Unsubscribed(topics) => seen.unsubscribed.extend(topics.iter().map(ToString::to_string)),
                Action::Close(reason) => seen.end = Some(reason),
            }
        }
        if !session.is_ended() {
            seen.in_flight = session.in_flight();
        }
        // In two pieces: a packet is cut somewhere.
        let (first, second) = out.split_at(out.len() / 2);
        for piece in [first, second] {
            match stream.write_all(piece).await {
                // A client that has what it wants leaves; what it said last is read next.
                Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => break,
                written => written?,
            }
        }
    }
    Ok(seen)
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
