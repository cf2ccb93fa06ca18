//! Connections against an independent client (tokio-tungstenite), over loopback and over streams that take little.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};
use websocket_server::{CloseCode, CloseFrame, Closed, Limits, Message, Receiver, SendError, Sender, TcpOptions, accept};

const LIMITS: Limits = Limits { message_bytes: 64 * 1024, outbox_bytes: 256 * 1024, close_timeout: Duration::from_secs(5) };

type Client = WebSocketStream<TcpStream>;

async fn connect(limits: Limits) -> (Client, Sender, Receiver) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let client = WebSocketStream::from_raw_socket(client.expect("a connection"), Role::Client, None).await;
    let (sender, receiver) = websocket_server::accept(accepted.expect("a connection").0, Bytes::new(), limits);
    (client, sender, receiver)
}

#[tokio::test]
async fn messages_travel_both_ways() {
    let (mut client, sender, mut receiver) = connect(LIMITS).await;
    client.send(tungstenite::Message::text("grüße")).await.expect("sent");
    client.send(tungstenite::Message::binary(vec![1, 2, 3])).await.expect("sent");
    assert_eq!(receiver.next().await, Ok(Message::Text("grüße".into())));
    assert_eq!(receiver.next().await, Ok(Message::Binary(Bytes::from_static(&[1, 2, 3]))));
    for length in [0, 1, 125, 126, 65_535, 65_536, 200_000] {
        let shared = Bytes::from("x".repeat(length));
        sender.send_shared_text(b"{", &shared, b"}").expect("open");
        let expected = format!("{{{}}}", "x".repeat(length));
        let received = tokio::select! {
            message = client.next() => message,
            closed = receiver.next() => panic!("{closed:?}"),
        };
        assert_eq!(received.expect("open").expect("a message"), tungstenite::Message::text(expected), "{length}");
    }
    sender.close(CloseCode::GOING_AWAY, "bye");
    let (closed, seen) = tokio::join!(receiver.finish(), async {
        let seen = client.next().await;
        while client.next().await.is_some() {}
        seen
    });
    let frame = CloseFrame { code: CloseCode::GOING_AWAY, reason: "bye".into() };
    assert_eq!(closed, Closed::ByServer { frame, acknowledged: true });
    let expected = tungstenite::protocol::CloseFrame { code: 1001.into(), reason: Utf8Bytes::from_static("bye") };
    assert_eq!(seen.expect("a frame").expect("a frame"), tungstenite::Message::Close(Some(expected)));
}

/// The texts that a client sees until the connection ends, and the close frame.
async fn read_all<S: AsyncRead + AsyncWrite + Unpin>(mut client: WebSocketStream<S>) -> (Vec<String>, Option<(u16, String)>) {
    let (mut texts, mut close) = (Vec::new(), None);
    while let Some(message) = client.next().await {
        match message {
            Ok(tungstenite::Message::Text(text)) => texts.push(text.to_string()),
            Ok(tungstenite::Message::Close(frame)) => close = frame.map(|frame| (frame.code.into(), frame.reason.to_string())),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    (texts, close)
}

/// A connection over memory that holds `room` bytes each way.
async fn connect_in_memory(room: usize, limits: Limits) -> (WebSocketStream<DuplexStream>, Sender, Receiver) {
    let (server, client) = duplex(room);
    let (sender, receiver) = accept(server, Bytes::new(), limits);
    (WebSocketStream::from_raw_socket(client, Role::Client, None).await, sender, receiver)
}

#[tokio::test]
async fn what_was_sent_before_a_close_arrives_before_it() {
    for room in [1, 64, 1 << 20] {
        let (client, sender, receiver) = connect_in_memory(room, LIMITS).await;
        let sent: Vec<String> = (0..100).map(|i| format!("{i} {}", "z".repeat(i * 7))).collect();
        for text in &sent {
            sender.send_text(text).expect("room in the outbox");
        }
        sender.close(CloseCode::SERVICE_RESTART, "restart");
        sender.close(CloseCode::NORMAL, "too late");
        assert_eq!(sender.send_text("after"), Err(SendError::Closed));
        let (closed, seen) = tokio::join!(receiver.finish(), read_all(client));
        let frame = CloseFrame { code: CloseCode::SERVICE_RESTART, reason: "restart".into() };
        assert_eq!(closed, Closed::ByServer { frame, acknowledged: true });
        assert_eq!(seen, (sent, Some((1012, "restart".into()))));
    }
}

#[tokio::test]
async fn a_long_reason_is_cut_at_a_character() {
    let (client, sender, receiver) = connect_in_memory(1024, LIMITS).await;
    sender.close(CloseCode::POLICY_VIOLATION, &"€".repeat(100));
    let (_, (_, close)) = tokio::join!(receiver.finish(), read_all(client));
    assert_eq!(close, Some((1008, "€".repeat(41))));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_no_close_is_given_up() {
    for (name, room) in [("its close frame is not answered", 1024), ("nothing can be written", 1)] {
        let (_silent, sender, receiver) = connect_in_memory(room, LIMITS).await;
        sender.close(CloseCode::GOING_AWAY, "");
        let begin = tokio::time::Instant::now();
        let frame = CloseFrame { code: CloseCode::GOING_AWAY, reason: String::new() };
        assert_eq!(receiver.finish().await, Closed::ByServer { frame, acknowledged: false }, "{name}");
        assert_eq!(begin.elapsed().as_secs(), LIMITS.close_timeout.as_secs(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_is_closed_and_told() {
    let limits = Limits { outbox_bytes: 10_000, ..LIMITS };
    let text = "s".repeat(996); // 1,000 bytes on the wire
    // One frame is on its way in part, ten wait.
    let (client, sender, mut receiver) = connect_in_memory(100, limits).await;
    let taken = (0..).take_while(|_| sender.send_text(&text).is_ok()).count();
    assert_eq!(taken, 10);
    assert!(sender.is_closed());
    assert_eq!(sender.send_text(&text), Err(SendError::Closed), "an overflow is reported once");
    let dropped = Closed::Overflowed { frames: 10, bytes: 10_000 };
    // When it reads again after all, it sees whole frames and the reason.
    let (closed, seen) = tokio::join!(receiver.next(), read_all(client));
    assert_eq!(closed, Err(dropped.clone()));
    assert_eq!(receiver.next().await, Err(dropped), "again, the same");
    assert_eq!(seen, (vec![text.clone()], Some((1013, "slow consumer".into()))));
    assert_eq!(sender.queued_bytes(), 0);

    let (_stuck, sender, mut receiver) = connect_in_memory(100, limits).await;
    let outcomes: Vec<_> = (0..12).map(|_| sender.send_text(&text)).collect();
    assert_eq!(outcomes[9..], [Ok(()), Err(SendError::Overflowed), Err(SendError::Closed)]);
    assert!(matches!(receiver.next().await, Err(Closed::Overflowed { .. })), "it ends though the peer reads nothing");
}

#[tokio::test]
async fn a_slow_reader_does_not_hold_others() {
    let limits = Limits { outbox_bytes: 16 << 20, ..LIMITS };
    let (_slow, slow_sender, slow_receiver) = connect(limits).await;
    let (mut quick, sender, receiver) = connect(limits).await;
    let slow = tokio::spawn(slow_receiver.finish());
    let shared = Bytes::from("s".repeat(100_000));
    while slow_sender.queued_bytes() < 1 << 20 {
        slow_sender.send_shared_text(b"", &shared, b"").expect("room in the outbox");
    }
    let driven = tokio::spawn(receiver.finish());
    for _ in 0..50 {
        slow_sender.send_shared_text(b"", &shared, b"").expect("room in the outbox");
        sender.send_shared_text(b"", &shared, b"").expect("room in the outbox");
        assert_eq!(quick.next().await.expect("open").expect("a message").len(), shared.len());
    }
    assert!(slow_sender.queued_bytes() > 5_000_000);
    slow.abort();
    driven.abort();
    assert!(slow.await.is_err());
    assert!(slow_sender.is_closed(), "a dropped receiver ends the connection");
    assert_eq!(slow_sender.queued_bytes(), 0, "and frees what waited");
}

/// Threads that publish while the task reads and writes: nothing is lost, and each thread's frames keep their order.
async fn publish_from_threads(
    server: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    client: impl AsyncRead + AsyncWrite + Unpin,
) {
    const THREADS: usize = 4;
    const FRAMES: usize = 2000;
    let (sender, mut receiver) = accept(server, Bytes::new(), Limits { outbox_bytes: usize::MAX, ..LIMITS });
    let task = tokio::spawn(async move { while receiver.next().await.is_ok() {} });
    let mut client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for frame in 0..FRAMES {
                    // Now and then a payload that is not copied.
                    let shared = Bytes::from(vec![b'.'; if frame % 100 == 0 { 40_000 } else { frame % 50 }]);
                    sender.send_shared_text(format!("{thread} {frame} ").as_bytes(), &shared, b"!").expect("open");
                    if frame % 10 == 0 {
                        // Lets the task find the outbox empty again and again.
                        std::thread::yield_now();
                    }
                }
            })
        })
        .collect();
    let mut next = [0; THREADS];
    for received in 0..THREADS * FRAMES {
        let message = tokio::time::timeout(Duration::from_secs(60), client.next()).await.expect("no frame is left behind");
        let text = message.expect("open").expect("a message").into_text().expect("text");
        let mut words = text.split(' ');
        let mut number = || words.next().and_then(|word| word.parse::<usize>().ok()).expect("a number");
        let (thread, frame) = (number(), number());
        assert_eq!(frame, next[thread]);
        assert!(text.ends_with('!'));
        next[thread] += 1;
        if received % 100 == 0 {
            client.send(tungstenite::Message::text("something to read")).await.expect("sent");
        }
    }
    for thread in threads {
        thread.join().expect("no panic");
    }
    drop(client);
    task.await.expect("no panic");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_frame_is_left_behind() {
    let (server, client) = duplex(50);
    publish_from_threads(server, client).await;
    let (server, client) = duplex(5000);
    publish_from_threads(Buffering { inner: server, held: Vec::new() }, client).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (client, accepted) = tokio::join!(TcpStream::connect(listener.local_addr().expect("an address")), listener.accept());
    let server = accepted.expect("a connection").0;
    TcpOptions { send_buffer_bytes: Some(4096), ..TcpOptions::default() }.apply(&server).expect("options");
    publish_from_threads(server, client.expect("a connection")).await;
}

/// A stream that holds bytes until it is flushed, as a TLS stream does.
struct Buffering {
    inner: DuplexStream,
    held: Vec<u8>,
}

impl Buffering {
    fn poll_release(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.held))?;
            self.held.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Buffering {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.held.len() > 1000 {
            ready!(self.poll_release(cx))?;
        }
        let taken = bytes.len().min(700);
        self.held.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_release(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_release(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl AsyncRead for Buffering {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

#[tokio::test]
async fn a_stream_that_buffers_is_flushed_after_every_frame() {
    let (server, mut client) = duplex(1024);
    let (sender, _receiver) = accept(Buffering { inner: server, held: Vec::new() }, Bytes::new(), LIMITS);
    sender.send_text("now").expect("open");
    let mut frame = [0; 5];
    client.read_exact(&mut frame).await.expect("no task of the connection was polled");
    assert_eq!(&frame, b"\x81\x03now");
}

#[tokio::test]
async fn a_fan_out_wakes_no_connection() {
    // More than the 128 operations after which tokio makes a task yield.
    let polls = Arc::new(AtomicUsize::new(0));
    let (mut clients, mut senders) = (Vec::new(), Vec::new());
    for _ in 0..300 {
        let (client, sender, mut receiver) = connect(LIMITS).await;
        let polls = polls.clone();
        tokio::spawn(poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            receiver.poll_next(cx).map(drop)
        }));
        clients.push(client);
        senders.push(sender);
    }
    while polls.load(Ordering::Relaxed) < 300 {
        tokio::task::yield_now().await;
    }
    tokio::spawn(async move {
        for sender in &senders {
            sender.send_text("event").expect("open");
            assert_eq!(sender.queued_bytes(), 0);
        }
    })
    .await
    .expect("no panic");
    for client in &mut clients {
        assert_eq!(client.next().await.expect("open").expect("a message"), tungstenite::Message::text("event"));
    }
    assert_eq!(polls.load(Ordering::Relaxed), 300);
}

#[tokio::test]
async fn a_reset_ends_the_connection_in_every_state() {
    let shared = Bytes::from("r".repeat(100_000));
    for state in ["idle", "in a fragmented message", "frames wait", "closing"] {
        let (mut client, sender, mut receiver) = connect(Limits { outbox_bytes: 64 << 20, ..LIMITS }).await;
        match state {
            "in a fragmented message" => client.get_mut().write_all(&[0x01, 0x85, 0, 0, 0, 0, b'a']).await.expect("sent"),
            "frames wait" => {
                while sender.queued_bytes() < 1 << 20 {
                    sender.send_shared_text(b"", &shared, b"").expect("open");
                }
            }
            "closing" => sender.close(CloseCode::NORMAL, ""),
            _ => {}
        }
        socket2::SockRef::from(client.get_ref()).set_linger(Some(Duration::ZERO)).expect("a TCP socket");
        drop(client);
        let closed = receiver.next().await.expect_err("no message");
        let frame = CloseFrame { code: CloseCode::NORMAL, reason: String::new() };
        if state == "closing" {
            assert_eq!(closed, Closed::ByServer { frame, acknowledged: false });
        } else {
            let kinds = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
            assert!(matches!(closed, Closed::Io(kind) if kinds.contains(&kind)), "{state}: {closed:?}");
        }
        assert_eq!(sender.send_text("late"), Err(SendError::Closed), "{state}");
    }
}

#[tokio::test]
async fn a_message_of_ten_megabytes_is_refused_with_its_reason() {
    let (client, _sender, receiver) = connect(LIMITS).await;
    let mut client = client.into_inner();
    let (mut reading, mut writing) = client.split();
    let length: u64 = 10 << 20;
    let header = [&[0x82, 0xff][..], &length.to_be_bytes(), &[0; 4]].concat();
    let write = async {
        writing.write_all(&header).await.expect("sent");
        for _ in 0..160 {
            writing.write_all(&[7; 65_536]).await.expect("the server reads on until the peer has seen the reason");
        }
        writing.shutdown().await.expect("ended");
    };
    let mut seen = Vec::new();
    let (closed, (), read) = tokio::join!(receiver.finish(), write, reading.read_to_end(&mut seen));
    read.expect("no reset");
    assert_eq!(closed, Closed::Protocol(websocket_server::ProtocolError::MessageTooLong { limit: 65_536 }));
    let reason = b"messages are limited to 65536 bytes";
    assert_eq!(seen, [&[0x88, 2 + reason.len() as u8, 0x03, 0xf1][..], reason].concat());
}

#[tokio::test]
async fn pings_of_a_peer_that_reads_nothing_take_no_memory() {
    let (server, mut client) = duplex(200_000);
    let (sender, mut receiver) = accept(Throttled { inner: server, room: 10 }, Bytes::new(), LIMITS);
    for _ in 0..1400 {
        client.write_all(&[&[0x89, 0xfd, 0, 0, 0, 0][..], &[b'p'; 125]].concat()).await.expect("room");
    }
    client.write_all(&[0x81, 0x80, 0, 0, 0, 0]).await.expect("room");
    assert_eq!(receiver.next().await, Ok(Message::Text(String::new())));
    assert!(sender.queued_bytes() < 20_000, "{}", sender.queued_bytes());
}

/// A stream whose peer takes only so many bytes.
struct Throttled {
    inner: DuplexStream,
    room: usize,
}

impl AsyncWrite for Throttled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let taken = bytes.len().min(self.room);
        if taken == 0 {
            return Poll::Pending;
        }
        self.room -= taken;
        Pin::new(&mut self.inner).poll_write(cx, &bytes[..taken])
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Throttled {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let (mut client, _sender, mut receiver) = connect(LIMITS).await;
    let bytes = b"\x81\x85\0\0\0\0hello";
    for byte in bytes {
        client.get_mut().write_all(&[*byte]).await.expect("sent");
        client.get_mut().flush().await.expect("sent");
        if *byte != b'o' {
            let waited = tokio::time::timeout(Duration::from_millis(1), receiver.next()).await;
            assert!(waited.is_err(), "{waited:?}");
        }
    }
    assert_eq!(receiver.next().await, Ok(Message::Text("hello".into())));
}

#[tokio::test]
async fn tcp_options_reach_the_socket() {
    let (client, ..) = connect(LIMITS).await;
    let options = TcpOptions { dead_after: Some(Duration::from_secs(40)), send_buffer_bytes: Some(16 * 1024) };
    options.apply(client.get_ref()).expect("a TCP socket");
    let socket = socket2::SockRef::from(client.get_ref());
    assert!(socket.tcp_nodelay().expect("told") && socket.keepalive().expect("told"));
    assert_eq!(socket.tcp_keepalive_time().expect("told"), Duration::from_secs(20));
    assert_eq!(socket.tcp_keepalive_interval().expect("told"), Duration::from_secs(10));
    assert!(socket.send_buffer_size().expect("told") <= 64 * 1024);
    #[cfg(target_os = "linux")]
    assert_eq!(socket.tcp_user_timeout().expect("told"), Some(Duration::from_secs(40)));
}
