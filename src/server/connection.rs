//! One connection from its first byte to its last: TLS or not, HTTP, and perhaps another protocol after it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::answer::HttpResponse;
use super::io::Io;
use super::service::{self, Peer, Shared};
use super::stall::StallGuard;
use super::stopping::Stopping;
use super::tls::{self, Tls};
use super::{Execute, Mode, Settings};

/// The first byte of a TLS connection: the record type `handshake` (RFC 8446, section 5.1). No HTTP request begins with it.
const HANDSHAKE: u8 = 0x16;

/// Serves a connection of either kind.
pub(super) async fn serve<E: Execute>(socket: TcpStream, shared: Arc<Shared<E>>, peer: Peer, stopping: Stopping) {
    let handle = |peer, request| service::handle(Arc::clone(&shared), peer, request);
    serve_with(socket, &shared.settings, shared.tls.as_ref(), peer, stopping, handle).await;
}

async fn serve_with<F>(
    socket: TcpStream,
    settings: &Settings,
    tls: Option<&Tls>,
    mut peer: Peer,
    mut stopping: Stopping,
    handle: impl Fn(Peer, Request<Incoming>) -> F,
) where
    F: Future<Output = HttpResponse>,
{
    // Answers are written whole; waiting for more to send would only delay them.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    // Browsers open connections ahead of need: one without a request is closed at once when the server stops.
    let opened = tokio::select! {
        opened = open(socket, settings, tls, &peer) => opened,
        () = stopping.wait() => return,
    };
    let Some(io) = opened else { return };
    peer.secure = matches!(io, Io::Tls(_));
    // In a box, so that its buffers and its state are not kept when another protocol comes after it.
    Box::pin(serve_http(io, settings, &peer, stopping.clone(), handle)).await;
    if let Some(rest) = peer.switch.take(stopping).await {
        rest.await;
    }
}

/// Waits for the first byte, and makes the stream that it asks for.
async fn open(socket: TcpStream, settings: &Settings, tls: Option<&Tls>, peer: &Peer) -> Option<Io> {
    let mut first = [0];
    match timeout(settings.header_read_timeout, socket.peek(&mut first)).await {
        Ok(Ok(1)) => {}
        Ok(Ok(_)) | Err(_) => return None,
        Ok(Err(error)) => {
            tracing::debug!(%error, peer = %peer.address, "connection ended early");
            return None;
        }
    }
    if first[0] != HANDSHAKE {
        return Some(Io::Plain(socket));
    }
    let Some(tls) = tls else {
        refuse_tls(socket, settings, peer).await;
        return None;
    };
    // In a box, because a handshake is a hundred times as large as what is left of it here.
    let handshake = Box::pin(async { TlsAcceptor::from(tls.config().await?).accept(socket).await });
    match timeout(settings.handshake_timeout, handshake).await {
        Ok(Ok(stream)) => Some(Io::Tls(Box::new(stream))),
        Ok(Err(error)) => {
            // In production such a line could be had by anybody, as often as he likes.
            match settings.mode {
                Mode::Development if tls::is_distrust(&error) => {
                    let (peer, advice) = (peer.address, tls.advice());
                    tracing::info!(%peer, "a client does not trust the server's certificate{advice}");
                }
                _ => tracing::debug!(%error, peer = %peer.address, "TLS handshake failed"),
            }
            None
        }
        Err(_) => {
            tracing::debug!(peer = %peer.address, "TLS handshake timed out");
            None
        }
    }
}

/// Tells a client that there is no TLS here in words that it understands. The first one is a warning: somebody expects TLS.
async fn refuse_tls(mut socket: TcpStream, settings: &Settings, peer: &Peer) {
    /// An alert (RFC 8446, section 6): fatal, handshake_failure.
    const ALERT: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 40];
    static WARNED: AtomicBool = AtomicBool::new(false);
    if WARNED.swap(true, Ordering::Relaxed) {
        tracing::debug!(peer = %peer.address, "TLS was refused");
    } else {
        tracing::warn!(
            peer = %peer.address,
            "a client speaks TLS, which is not served: name a certificate in [server.tls], or let a proxy end TLS; further ones are \
             told at the level debug"
        );
    }
    let refusal = async {
        socket.write_all(&ALERT).await?;
        socket.shutdown().await?;
        // Closing with something unread would take the alert back.
        tokio::io::copy(&mut socket.take(64 << 10), &mut tokio::io::sink()).await
    };
    let _ = timeout(settings.handshake_timeout, refusal).await;
}

async fn serve_http<F>(
    io: Io,
    settings: &Settings,
    peer: &Peer,
    mut stopping: Stopping,
    handle: impl Fn(Peer, Request<Incoming>) -> F,
) where
    F: Future<Output = HttpResponse>,
{
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(settings.header_read_timeout).max_header_size(settings.header_limit);
    let used = AtomicBool::new(false);
    let service = service_fn(|request: Request<Incoming>| {
        used.store(true, Ordering::Relaxed);
        let answer = handle(peer.clone(), request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let io = TokioIo::new(StallGuard::new(io, settings.write_timeout));
    let mut connection = pin!(builder.serve_connection(io, service).with_upgrades());
    let result = tokio::select! {
        result = connection.as_mut() => result,
        // hyper closes a connection that is idle between requests, but would wait for the rest of a first one.
        () = stopping.wait() => {
            if !used.load(Ordering::Relaxed) {
                return;
            }
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, peer = %peer.address, "connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use bytes::Bytes;
    use http::header::UPGRADE;
    use http::{Response, StatusCode};
    use http_body_util::{Either, Full};
    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;
    use tokio::task::JoinHandle;

    use super::super::disconnect::Lease;
    use super::super::service::Entrance;
    use super::super::stopping::{self, Stop};
    use super::super::tests::encrypted;
    use super::super::upgrade::{Switch, Upgraded};
    use super::*;

    /// Becomes an echo when it is asked to; says "stopping" when the server stops.
    async fn handle(peer: Peer, request: Request<Incoming>) -> HttpResponse {
        let echo = |upgraded: Upgraded| async move {
            let Upgraded { mut io, read_ahead, mut stopping } = upgraded;
            io.write_all(&read_ahead).await.expect("the client reads");
            let mut buffer = [0; 100];
            loop {
                let read = tokio::select! {
                    read = io.read(&mut buffer) => read.expect("the client writes"),
                    () = stopping.wait() => {
                        io.write_all(b"stopping").await.expect("the client reads");
                        0
                    }
                };
                if read == 0 {
                    break;
                }
                io.write_all(&buffer[..read]).await.expect("the client reads");
            }
        };
        let (mut parts, _) = request.into_parts();
        let wanted = parts.headers.get(UPGRADE).is_some_and(|protocol| protocol == "echo");
        let mut response = Response::new(Either::Left(Full::new(Bytes::new())));
        if wanted && peer.switch.arm(&mut parts, echo) {
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.headers_mut().insert(UPGRADE, http::HeaderValue::from_static("echo"));
            response.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("upgrade"));
        }
        response
    }

    trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

    impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

    struct Running {
        client: Box<dyn Stream>,
        task: JoinHandle<()>,
        places: Arc<Semaphore>,
        stop: Stop,
    }

    /// One connection, served with short patience.
    async fn start(secure: bool) -> Running {
        let (tls, authority) = Tls::for_tests();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let client = TcpStream::connect(address).await.expect("a connection");
        let (socket, address) = listener.accept().await.expect("the connection");
        let places = Arc::new(Semaphore::new(1));
        let place = Arc::clone(&places).try_acquire_owned().expect("a place");
        let lease = Lease { _place: Arc::new(place), stopped: Arc::default() };
        let peer = Peer { address, lease, entrance: Entrance::Main, secure: false, switch: Switch::default() };
        let (stop, stopping) = stopping::channel();
        let patience = Duration::from_millis(200);
        let settings = Settings { header_read_timeout: patience, write_timeout: patience, ..Settings::default() };
        let task = tokio::spawn(async move { serve_with(socket, &settings, Some(&tls), peer, stopping, handle).await });
        let client: Box<dyn Stream> = if secure { Box::new(encrypted(client, authority).await) } else { Box::new(client) };
        Running { client, task, places, stop }
    }

    async fn read_head(client: &mut (dyn Stream + 'static)) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.expect("an answer"));
        }
        String::from_utf8(head).expect("text")
    }

    async fn upgraded(running: &mut Running, ahead: &str) {
        let request = format!("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n{ahead}");
        running.client.write_all(request.as_bytes()).await.expect("a request");
        let head = read_head(&mut *running.client).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    }

    async fn expect(client: &mut (dyn Stream + 'static), text: &str) {
        let mut read = vec![0; text.len()];
        client.read_exact(&mut read).await.expect("an echo");
        assert_eq!(String::from_utf8(read).expect("text"), text);
    }

    #[tokio::test]
    async fn an_upgraded_connection_lives_beyond_the_limits_of_http_and_keeps_its_place() {
        for secure in [false, true] {
            let mut running = start(secure).await;
            upgraded(&mut running, "ahead").await;
            expect(&mut *running.client, "ahead").await;
            tokio::time::sleep(Duration::from_millis(600)).await;
            running.client.write_all(b"late").await.expect("the connection is open");
            expect(&mut *running.client, "late").await;
            assert_eq!(running.places.available_permits(), 0);
            running.client.shutdown().await.expect("the client says that it goes");
            running.task.await.expect("it ends with its client");
            assert_eq!(running.places.available_permits(), 1);
        }
    }

    #[tokio::test]
    async fn an_upgraded_connection_is_told_that_the_server_stops() {
        for secure in [false, true] {
            let mut running = start(secure).await;
            upgraded(&mut running, "").await;
            running.stop.send();
            expect(&mut *running.client, "stopping").await;
            running.task.await.expect("it ends by itself");
        }
    }

    #[tokio::test]
    async fn a_request_that_is_not_upgraded_leaves_the_connection_to_http() {
        for secure in [false, true] {
            let mut running = start(secure).await;
            for upgrade in ["h2c", "websocket", ""] {
                let request = format!("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: {upgrade}\r\n\r\n");
                running.client.write_all(request.as_bytes()).await.expect("a request");
                assert!(read_head(&mut *running.client).await.starts_with("HTTP/1.1 200 "), "{upgrade}");
            }
            // HTTP/1.0 knows no upgrades.
            let request = b"GET / HTTP/1.0\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
            running.client.write_all(request).await.expect("a request");
            assert!(read_head(&mut *running.client).await.starts_with("HTTP/1.0 200 "));
            running.task.await.expect("it ends with the answer");
        }
    }

    #[tokio::test]
    async fn a_connection_without_a_byte_is_closed_in_time_and_at_once_when_the_server_stops() {
        let mut running = start(false).await;
        assert_eq!(running.client.read(&mut [0]).await.expect("an end"), 0, "after the time for a request");
        let mut running = start(false).await;
        running.stop.send();
        assert_eq!(running.client.read(&mut [0]).await.expect("an end"), 0, "at the stop");
    }
}
