//! Requests for a WebSocket that cannot be one, and credentials that cannot be.

use crate::INIT;
use crate::harness::API_KEY;
use crate::harness::feed::{ALL, assert_alive, assert_nothing_is_left, definition, serve};
use crate::harness::raw_socket::{
    FINAL, Frame, Hanging, RawSocket, TEXT, descriptors, frame, protocols, start_message, upgrade_request,
};
use value::{Value, value};

type Headers<'a> = Vec<(&'a str, &'a str)>;

/// An upgrade as its parts, some of which a case leaves out or repeats.
fn request(method: &str, version: &str, headers: &[(&str, &str)]) -> String {
    let mut head = format!("{method} /graphql/realtime {version}\r\n");
    for (name, text) in headers {
        head.push_str(&format!("{name}: {text}\r\n"));
    }
    head + "\r\n"
}

#[test]
fn upgrades_that_are_none_are_refused_over_http() {
    const KEY: (&str, &str) = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    const VERSION: (&str, &str) = ("Sec-WebSocket-Version", "13");
    const HOST: (&str, &str) = ("Host", "localhost");
    const UPGRADE: [(&str, &str); 2] = [("Upgrade", "websocket"), ("Connection", "Upgrade")];
    let protocols = protocols(&value!({"x-api-key": API_KEY}));
    let protocol = ("Sec-WebSocket-Protocol", protocols.as_str());
    let with = |headers: &[(&'static str, &'static str)]| {
        let mut all = headers.to_vec();
        all.push(("X-Last", "1"));
        all
    };
    let [upgrade, connection] = UPGRADE;
    let cases: Vec<(&str, &str, &str, Headers<'_>, u16)> = vec![
        ("as it should be", "GET", "HTTP/1.1", with(&[HOST, upgrade, connection, VERSION, KEY]), 101),
        (
            "lists and cases as browsers and proxies write them",
            "GET",
            "HTTP/1.1",
            with(&[HOST, ("upgrade", "h2c, WebSocket"), ("connection", "keep-alive, upgrade"), VERSION, KEY]),
            101,
        ),
        ("no version", "GET", "HTTP/1.1", with(&[HOST, upgrade, connection, KEY]), 400),
        ("version 8", "GET", "HTTP/1.1", with(&[HOST, upgrade, connection, ("Sec-WebSocket-Version", "8"), KEY]), 400),
        ("two versions", "GET", "HTTP/1.1", with(&[HOST, upgrade, connection, ("Sec-WebSocket-Version", "13, 8"), KEY]), 400),
        ("no key", "GET", "HTTP/1.1", with(&[HOST, upgrade, connection, VERSION]), 400),
        ("two keys", "GET", "HTTP/1.1", with(&[HOST, upgrade, connection, VERSION, KEY, KEY]), 400),
        ("an empty key", "GET", "HTTP/1.1", with(&[HOST, upgrade, connection, VERSION, ("Sec-WebSocket-Key", "")]), 400),
        (
            "a key that is no base64",
            "GET",
            "HTTP/1.1",
            with(&[HOST, upgrade, connection, VERSION, ("Sec-WebSocket-Key", "!!!!")]),
            400,
        ),
        (
            "a key of three bytes",
            "GET",
            "HTTP/1.1",
            with(&[HOST, upgrade, connection, VERSION, ("Sec-WebSocket-Key", "AAAA")]),
            400,
        ),
        ("POST", "POST", "HTTP/1.1", with(&[HOST, upgrade, connection, VERSION, KEY, ("Content-Length", "0")]), 400),
        ("no Connection: Upgrade", "GET", "HTTP/1.1", with(&[HOST, upgrade, VERSION, KEY]), 400),
        ("HTTP/1.0", "GET", "HTTP/1.0", with(&[HOST, upgrade, connection, VERSION, KEY]), 400),
        ("no host", "GET", "HTTP/1.1", with(&[upgrade, connection, VERSION, KEY]), 400),
        ("two hosts", "GET", "HTTP/1.1", with(&[HOST, ("Host", "other"), upgrade, connection, VERSION, KEY]), 400),
    ];
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    for (name, method, version, mut headers, expected) in cases {
        headers.push(protocol);
        let mut socket = RawSocket::connect(server.address);
        socket.send(request(method, version, &headers).as_bytes());
        let head = socket.head();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        assert_eq!(status, Some(expected), "{name}: {head}");
        if expected == 101 {
            assert!(head.to_ascii_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{name}: {head}");
            socket.init();
        }
    }
    assert_nothing_is_left(server, before);
}

#[test]
fn credentials_that_cannot_be_are_refused_once_the_client_has_spoken() {
    let header = |object: &Value| protocols(object).split_once("header-").expect("a header").1.to_owned();
    let good = header(&value!({"x-api-key": API_KEY}));
    let many: Value =
        (0..200).map(|at| (value::Str::from(format!("x-{at}")), Value::from("1"))).collect::<value::Object>().into();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let base64 = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    let cases: Vec<(&str, String, i64)> = vec![
        ("no graphql-ws", format!("header-{good}"), 400),
        ("another protocol", "graphql-transport-ws".to_owned(), 400),
        ("several headers", format!("graphql-ws, header-{good}, header-{good}"), 400),
        ("bad base64", "graphql-ws, header-~~~".to_owned(), 400),
        ("no JSON", format!("graphql-ws, header-{}", base64("meow")), 400),
        ("a list", format!("graphql-ws, header-{}", base64("[]")), 400),
        ("a deep list", format!("graphql-ws, header-{}", base64(&deep)), 400),
        ("too many headers", format!("graphql-ws, header-{}", header(&many)), 400),
        ("a header that is a list", format!("graphql-ws, header-{}", header(&value!({"x-api-key": [API_KEY]}))), 400),
        ("a line break", format!("graphql-ws, header-{}", header(&value!({"x-api-key": "a\r\nb"}))), 400),
        ("nothing", "graphql-ws, header-".to_owned(), 401),
        ("no credentials", "graphql-ws".to_owned(), 401),
        ("the wrong key", format!("graphql-ws, header-{}", header(&value!({"x-api-key": "wrong"}))), 401),
    ];
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    for (name, protocols, code) in &cases {
        let mut socket = RawSocket::upgrade(server.address, "/graphql/realtime", protocols);
        // Starts that come along are not begun.
        socket.text(INIT);
        socket.try_send(&frame(FINAL | TEXT, start_message("1", ALL).as_bytes()));
        let answer = socket.message();
        assert_eq!(answer.at(&["type"]).as_str(), Some("connection_error"), "{name}: {answer}");
        let error = answer.at(&["payload", "errors"]).as_list().and_then(|errors| errors.first()).expect("an error");
        assert_eq!(error.at(&["errorCode"]).as_i64(), Some(*code), "{name}: {answer}");
        assert!(!answer.to_json().contains(API_KEY), "{name}: {answer}");
        assert_eq!(socket.next(), Frame::Close(1008, "the connection was refused".into()), "{name}");
    }
    // What is too long for a head is not read to its end.
    let mut socket = RawSocket::connect(server.address);
    let huge = upgrade_request("/graphql/realtime", &format!("graphql-ws, header-{}", "A".repeat(1 << 20)));
    socket.try_send(huge.as_bytes());
    let head = socket.head();
    assert!(head.starts_with("HTTP/1.1 431 ") || head.is_empty(), "{head}");
    drop(socket);
    assert_nothing_is_left(server, before);
}
