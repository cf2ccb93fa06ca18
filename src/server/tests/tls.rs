//! TLS and plain HTTP on one port: what holds for one holds for the other.

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;

struct Encrypted {
    running: Running,
    authority: CertificateDer<'static>,
}

async fn start(change: impl FnOnce(&mut Settings)) -> Encrypted {
    let (tls, authority) = Tls::for_tests();
    Encrypted { running: start_speaking(Some(tls), &[("one", &[])], change).await, authority }
}

fn connector(
    authority: CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(authority).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("known versions");
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

/// A connection that speaks TLS now.
pub(in crate::server) async fn encrypted(socket: TcpStream, authority: CertificateDer<'static>) -> TlsStream<TcpStream> {
    connector(authority, rustls::ALL_VERSIONS, &[]).connect(localhost(), socket).await.expect("a handshake")
}

impl Encrypted {
    async fn connect(&self) -> TlsStream<TcpStream> {
        encrypted(self.running.connect().await, self.authority.clone()).await
    }
}

#[tokio::test]
async fn both_kinds_of_clients_get_the_same_answer_on_one_port() {
    let server = start(|_| ()).await;
    let mut plain = server.running.post(r#"{"query":"{a}"}"#).await.json();
    assert_eq!(plain.at(&["data", "peer"]).as_str(), Some("127.0.0.1"));
    for version in rustls::ALL_VERSIONS {
        for protocols in [&[][..], &["http/1.1"], &["h2", "http/1.1"]] {
            let connector = connector(server.authority.clone(), &[version], protocols);
            let mut stream = connector.connect(localhost(), server.running.connect().await).await.expect("a handshake");
            // Twice: the connection is kept.
            for _ in 0..2 {
                stream.write_all(query("{a}").as_bytes()).await.expect("sent");
                let answer = receive(&mut stream).await.expect("an answer");
                assert_eq!(answer.json(), plain, "{version:?} {protocols:?}");
            }
        }
    }
    plain = server.running.post(r#"{"query":"{a}"}"#).await.json();
    assert_eq!(plain.at(&["data", "query"]).as_str(), Some("{a}"));
}

#[tokio::test]
async fn a_client_that_wants_only_another_protocol_is_refused_in_the_handshake() {
    let server = start(|_| ()).await;
    let connector = connector(server.authority.clone(), rustls::ALL_VERSIONS, &["h2"]);
    let error = connector.connect(localhost(), server.running.connect().await).await.expect_err("HTTP/2 is not spoken");
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
}

#[tokio::test]
async fn a_handshake_is_bounded_in_time_and_holds_a_place() {
    let patience = Duration::from_millis(200);
    let server = start(|settings| {
        settings.max_connections = 1;
        settings.handshake_timeout = patience;
    })
    .await;
    // The first byte alone; a record that never ends; one that comes byte by byte.
    for (first, more) in [(&[0x16][..], false), (&[0x16, 3, 1, 2, 0, 1, 0, 1, 252], false), (&[0x16, 3, 1, 64, 0], true)] {
        let begun = std::time::Instant::now();
        let mut slow = server.running.connect().await;
        slow.write_all(first).await.expect("sent");
        let dripping = async {
            let mut open = more;
            while open {
                tokio::time::sleep(Duration::from_millis(20)).await;
                open = slow.write_all(&[0]).await.is_ok();
            }
            std::future::pending::<()>().await;
        };
        // There is one place: who comes next is answered once the slow one is gone.
        let next = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            server.running.post(r#"{"query":"{a}"}"#).await.status
        };
        let status = tokio::select! {
            () = dripping => unreachable!("it never ends"),
            status = next => status,
        };
        assert_eq!(status, 200);
        assert!(begun.elapsed() >= patience, "the place was taken meanwhile");
    }
}

#[tokio::test]
async fn a_client_without_a_byte_is_let_go_too() {
    let server = start(|settings| {
        settings.max_connections = 1;
        settings.header_read_timeout = Duration::from_millis(50);
    })
    .await;
    let mut silent = server.running.connect().await;
    assert_eq!(server.running.post(r#"{"query":"{a}"}"#).await.status, 200);
    assert_eq!(silent.read(&mut [0]).await.expect("an end"), 0);
    // After the handshake the time for a head begins.
    assert!(receive(&mut server.connect().await).await.is_none());
}

#[tokio::test]
async fn a_client_that_does_not_read_over_tls_loses_its_place() {
    let server = start(|settings| {
        settings.max_connections = 1;
        settings.write_timeout = Duration::from_millis(100);
    })
    .await;
    let mut deaf = server.connect().await;
    deaf.write_all(query("{big}").as_bytes()).await.expect("sent");
    assert_eq!(server.running.post(r#"{"query":"{a}"}"#).await.status, 200);
}

#[tokio::test]
async fn a_long_answer_arrives_whole() {
    let server = start(|_| ()).await;
    let mut stream = server.connect().await;
    stream.write_all(query("{big}").as_bytes()).await.expect("sent");
    let answer = receive(&mut stream).await.expect("an answer");
    assert_eq!((answer.status, answer.body.len()), (200, 64 << 20));
}

#[tokio::test]
async fn a_shutdown_finishes_requests_over_tls_and_closes_what_is_idle() {
    let server = start(|_| ()).await;
    let mut idle = server.connect().await;
    idle.write_all(query("{a}").as_bytes()).await.expect("sent");
    assert_eq!(receive(&mut idle).await.expect("an answer").status, 200);
    let mut fresh = server.connect().await;
    // In the middle of its handshake.
    let mut beginning = server.running.connect().await;
    beginning.write_all(&[0x16]).await.expect("sent");
    let mut busy = server.connect().await;
    busy.write_all(query("{wait}").as_bytes()).await.expect("sent");
    server.running.script.begun.notified().await;

    server.running.stop.send(()).expect("a running server");
    assert_eq!(idle.read(&mut [0]).await.expect("closed in words"), 0);
    assert!(receive(&mut fresh).await.is_none(), "the unused connection is closed");
    assert!(receive(&mut beginning).await.is_none(), "so is one in its handshake");
    server.running.script.go_on.notify_one();
    let answer = receive(&mut busy).await.expect("an answer");
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(busy.read(&mut [0]).await.expect("closed in words"), 0);
    timeout(Duration::from_secs(10), server.running.task).await.expect("the server ends").expect("without a panic");
}

#[tokio::test]
async fn without_a_certificate_a_client_is_told_in_its_own_words() {
    let server = super::start().await;
    let (_, authority) = Tls::for_tests();
    let connector = connector(authority, rustls::ALL_VERSIONS, &[]);
    let error = connector.connect(localhost(), server.connect().await).await.expect_err("there is no TLS");
    assert!(error.to_string().contains("HandshakeFailure"), "{error}");
    assert_eq!(server.post(r#"{"query":"{a}"}"#).await.status, 200);
}
