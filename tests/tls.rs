//! TLS on the port that HTTP has, through the binary and with clients that others wrote: curl, Node.js, Python.

mod harness;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use harness::aws_clients::shell;
use harness::{API_KEY, Definition, Output, Server, config, read, run};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType, date_time_ymd};

const RESOLVER: &str = "// @dataSource none\nexport function request(ctx) { return { payload: ctx.request.headers.host }; }\nexport function response(ctx) { return ctx.result; }\n";

/// An API whose field gives the host that it was asked on; `settings` continues the configuration.
fn definition(settings: &str) -> Definition {
    Definition::of(&[
        ("config.toml", &format!("{}\n{settings}\n", config(""))),
        ("schema.graphql", "type Query { host: String }\n"),
        ("resolvers/Query.host.js", RESOLVER),
    ])
}

/// Runs a shell's commands in the definition's folder; `$port` is the server's.
fn script(definition: &Definition, server: &Server, commands: &str) -> Output {
    shell(&format!("port={}; {commands}", server.address.port()), &definition.path("."), ("x", "x"))
}

#[track_caller]
fn succeeds(definition: &Definition, server: &Server, commands: &str) -> String {
    let output = script(definition, server, commands);
    assert_eq!(output.code, Some(0), "{commands}\n{output:?}");
    output.stdout.trim_end().to_owned()
}

#[track_caller]
fn answers(server: &Server) {
    let answer = server.client().query("{ host }");
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"data":{"host":"localhost"}}"#));
}

const ASK: &str = r#"ask() { curl -sS --max-time 30 -H 'x-api-key: da2-test' -d '{"query":"{ host }"}' "$@"; }; "#;

#[test]
fn clients_of_all_kinds_trust_the_kept_certificate_and_ask_on_the_port_of_http() {
    assert_eq!(API_KEY, "da2-test");
    let definition = definition("");
    let server = definition.serve();
    let port = server.address.port();
    let ca = "data/tls/ca.pem";
    for (host, options) in [
        ("localhost", ""),
        ("127.0.0.1", ""),
        ("[::1]", "--connect-to ::127.0.0.1:$port"),
        ("test.appsync-api.localhost", "--connect-to ::127.0.0.1:$port"),
        ("localhost", "--tls-max 1.2"),
        ("localhost", "--tlsv1.3"),
        ("localhost", "--http1.0"),
    ] {
        let body = succeeds(&definition, &server, &format!("{ASK} ask --cacert {ca} {options} https://{host}:$port/graphql"));
        assert_eq!(body, format!(r#"{{"data":{{"host":"{host}:{port}"}}}}"#), "{host} {options}");
    }
    // Whoever does not trust it is told so, on both sides.
    let distrust = script(&definition, &server, &format!("{ASK} ask https://localhost:$port/graphql"));
    assert_eq!(distrust.code, Some(60), "{distrust:?}");
    let log = server.log();
    assert!(log.contains("a client does not trust the server's certificate: have it trust "), "{log}");
    // A name that it is not for.
    let foreign = script(
        &definition,
        &server,
        &format!("{ASK} ask --cacert {ca} --connect-to ::127.0.0.1:$port https://example.com:$port/graphql"),
    );
    assert_eq!(foreign.code, Some(60), "{foreign:?}");

    let node = r#"node --input-type=module -e '
        const answer = await fetch(`https://localhost:${process.argv[1]}/graphql`, {
          method: "POST", headers: {"x-api-key": "da2-test"}, body: JSON.stringify({query: "{ host }"}) });
        console.log(answer.status, await answer.text());' $port"#;
    let expected = format!(r#"200 {{"data":{{"host":"localhost:{port}"}}}}"#);
    assert_eq!(succeeds(&definition, &server, &format!("NODE_EXTRA_CA_CERTS={ca} {node}")), expected);
    // Strict is the default from Python 3.13 on.
    let python = r#"python3 -c '
import http.client, json, ssl, sys
context = ssl.create_default_context(cafile="data/tls/ca.pem")
context.verify_flags |= ssl.VERIFY_X509_STRICT
context.set_alpn_protocols(["http/1.1"])
connection = http.client.HTTPSConnection("localhost", int(sys.argv[1]), context=context)
for _ in range(3):
    connection.request("POST", "/graphql", json.dumps({"query": "{ host }"}), {"x-api-key": "da2-test"})
    answer = connection.getresponse()
    text = answer.read().decode()
print(answer.status, text)' $port"#;
    assert_eq!(succeeds(&definition, &server, python), expected);
    // Browsers ask first, over TLS as well.
    let preflight = succeeds(
        &definition,
        &server,
        &format!(
            "curl -sSi --cacert {ca} -X OPTIONS -H 'origin: https://app.example.com' -H 'access-control-request-method: POST' \
             https://localhost:$port/graphql"
        ),
    );
    assert!(preflight.contains("access-control-allow-origin: *"), "{preflight}");
    answers(&server);
}

/// The mode of a file, as `ls` shows it.
fn mode(definition: &Definition, path: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(definition.path(path)).expect("a file").permissions().mode() & 0o777
}

#[test]
fn the_certificate_of_development_is_kept_as_long_as_it_fits() {
    use std::os::unix::fs::PermissionsExt;
    let definition = definition("");
    let trusted = |server: &Server, host: &str| {
        let options = "--cacert data/tls/ca.pem --connect-to ::127.0.0.1:$port";
        script(&definition, server, &format!("curl -sS {options} https://{host}:$port/ping")).stdout == "healthy"
    };
    let server = definition.serve();
    let ca = definition.path("data/tls/ca.pem");
    assert!(
        server.summary.contains(&format!(
            "TLS           on the same port, with a certificate for development; to trust it: {}",
            ca.display()
        )),
        "{}",
        server.summary
    );
    assert!(server.summary.contains("NODE_EXTRA_CA_CERTS="), "{}", server.summary);
    assert!(trusted(&server, "localhost"));
    assert_eq!([mode(&definition, "data/tls"), mode(&definition, "data/tls/server.pem")], [0o700, 0o600]);
    assert!(definition.read("data/tls/.gitignore").ends_with("\n*\n"));
    let (first, pem) = (read(&ca), definition.read("data/tls/server.pem"));
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n") && pem.ends_with(&first), "the authority's certificate is the last");
    assert_eq!(pem.matches("PRIVATE KEY").count(), 2, "the authority's key is forgotten");
    drop(server);

    // It stays, its copy for clients comes back, and it is closed again to others.
    std::fs::remove_file(&ca).expect("the copy");
    std::fs::set_permissions(definition.path("data/tls/server.pem"), PermissionsExt::from_mode(0o644))
        .expect("a change of the mode");
    let server = definition.serve();
    assert!(trusted(&server, "localhost"));
    assert_eq!((read(&ca), definition.read("data/tls/server.pem")), (first.clone(), pem.clone()));
    assert_eq!(mode(&definition, "data/tls/server.pem"), 0o600);
    assert!(!server.log().contains("the certificate for development is a new one"), "{}", server.log());
    drop(server);

    // Another name, and a file that somebody damaged.
    let config = definition.read("config.toml");
    definition.write("config.toml", &format!("{config}\n[server.tls]\nnames = [\"phone.test\", \"192.0.2.7\"]\n"));
    for (damaged, reason) in
        [(None, "the server has other names now"), (Some("-----BEGIN PRIVATE KEY-----\nAAAA\n"), "it was damaged")]
    {
        if let Some(text) = damaged {
            definition.write("data/tls/server.pem", text);
        }
        let before = read(&ca);
        let server = definition.serve();
        let log = server.log();
        assert!(log.contains("the certificate for development is a new one") && log.contains(reason), "{log}");
        assert!(["localhost", "phone.test", "192.0.2.7"].iter().all(|host| trusted(&server, host)));
        assert_ne!(read(&ca), before);
        assert_eq!(mode(&definition, "data/tls/server.pem"), 0o600);
    }
}

#[test]
fn without_a_folder_the_certificate_is_one_for_the_run() {
    let definition = definition("");
    let told = "TLS           on the same port, with a certificate for this run only";
    let asks = |server: &Server| {
        let commands = format!("{ASK} ask --insecure https://localhost:$port/graphql");
        let expected = format!(r#"{{"data":{{"host":"localhost:{}"}}}}"#, server.address.port());
        assert_eq!(succeeds(&definition, server, &commands), expected);
        assert!(server.summary.contains(told), "{}", server.summary);
    };
    let server = definition.serve_as(&["--ephemeral"], &[]);
    asks(&server);
    assert!(!definition.path("data").exists(), "nothing is stored");
    // A file in the place of the folder: the API is served nevertheless.
    definition.write("data/tls", "");
    let server = definition.serve();
    asks(&server);
    assert!(server.log().contains("the certificate for development cannot be kept"), "{}", server.log());
}

/// A certificate for `names` with its key, in PEM: valid from the first to the second year, issued by an authority in between.
struct Issued {
    leaf: String,
    intermediate: String,
    root: String,
    key: String,
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> = encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn issue(from: i32, until: i32, algorithm: &'static rcgen::SignatureAlgorithm) -> Issued {
    let params = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        params
    };
    let authority = |name: &str| {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        params
    };
    let generate = || KeyPair::generate().expect("a key");
    let (root_key, between_key, key) = (generate(), generate(), KeyPair::generate_for(algorithm).expect("a key"));
    let root = authority("root").self_signed(&root_key).expect("a certificate");
    let issuer = Issuer::new(authority("root"), root_key);
    let intermediate = authority("between").signed_by(&between_key, &issuer).expect("a certificate");
    let issuer = Issuer::new(authority("between"), between_key);
    let mut leaf = params("server");
    leaf.subject_alt_names = vec![
        SanType::DnsName("localhost".try_into().expect("a name")),
        SanType::DnsName("api.example.com".try_into().expect("a name")),
    ];
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&key, &issuer).expect("a certificate");
    Issued {
        leaf: pem("CERTIFICATE", leaf.der()),
        intermediate: pem("CERTIFICATE", intermediate.der()),
        root: pem("CERTIFICATE", root.der()),
        key: pem("PRIVATE KEY", key.serialized_der()),
    }
}

const GIVEN: &str =
    "[server]\nmode = \"production\"\ntls = { certificate = \"certs/server.pem\", private_key = \"certs/key.pem\" }";

fn given(issued: &Issued) -> Definition {
    let definition = definition(GIVEN);
    definition.write("certs/server.pem", &format!("{}{}", issued.leaf, issued.intermediate));
    definition.write("root.pem", &issued.root);
    write_key(&definition, &issued.key);
    definition
}

fn write_key(definition: &Definition, key: &str) {
    use std::os::unix::fs::PermissionsExt;
    definition.write("certs/key.pem", key);
    std::fs::set_permissions(definition.path("certs/key.pem"), PermissionsExt::from_mode(0o600)).expect("a change of the mode");
}

#[test]
fn a_given_certificate_is_served_with_those_that_issued_it() {
    for algorithm in
        [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_ED25519]
    {
        let definition = given(&issue(2020, 2099, algorithm));
        let checked = definition.run(&["check"]);
        assert_eq!((checked.code, checked.stdout.as_str()), (Some(0), "no problems\n"), "{checked:?}");
        let server = definition.serve();
        let path = definition.path("certs/server.pem");
        let told = format!("TLS           on the same port ({}, until 2099-01-01)", path.display());
        assert!(server.summary.contains(&told), "{}", server.summary);
        let commands = format!("{ASK} ask --cacert root.pem https://localhost:$port/graphql");
        let expected = format!(r#"{{"data":{{"host":"localhost:{}"}}}}"#, server.address.port());
        assert_eq!(succeeds(&definition, &server, &commands), expected);
        answers(&server);
        assert!(!definition.path("data/tls").exists(), "none is made beside it");
    }
}

/// Changes the files of a definition with a certificate that is in order.
type Change = fn(&Definition, &Issued);

#[test]
fn what_is_wrong_with_the_files_of_a_certificate_is_said_by_check_and_at_the_start() {
    let fine = issue(2020, 2099, &rcgen::PKCS_ECDSA_P256_SHA256);
    let certificate = "config.toml:14:23";
    let key = "config.toml:14:57";
    let cases: &[(&str, Change, &str, &str, &str)] = &[
        (
            "no certificate file",
            |d, _| std::fs::remove_file(d.path("certs/server.pem")).expect("gone"),
            certificate,
            "missing-file",
            "there is no file ",
        ),
        (
            "no key file",
            |d, _| std::fs::remove_file(d.path("certs/key.pem")).expect("gone"),
            key,
            "missing-file",
            "there is no file ",
        ),
        (
            "a folder",
            |d, _| {
                std::fs::remove_file(d.path("certs/key.pem")).expect("gone");
                std::fs::create_dir(d.path("certs/key.pem")).expect("a folder");
            },
            key,
            "unreadable-file",
            "it is not a file",
        ),
        (
            "swapped, the certificate",
            |d, i| d.write("certs/server.pem", &i.key),
            certificate,
            "tls-certificate",
            "are `certificate` and `private_key` swapped?",
        ),
        (
            "swapped, the key",
            |d, i| write_key(d, &i.leaf),
            key,
            "tls-private-key",
            "are `certificate` and `private_key` swapped?",
        ),
        (
            "an empty certificate",
            |d, _| d.write("certs/server.pem", ""),
            certificate,
            "tls-certificate",
            "holds no certificate in PEM",
        ),
        (
            "DER",
            |d, _| std::fs::write(d.path("certs/server.pem"), [0x30, 0x82, 0xff, 0, 1]).expect("written"),
            certificate,
            "tls-certificate",
            "openssl x509 -inform der",
        ),
        (
            "no X.509",
            |d, _| d.write("certs/server.pem", &pem("CERTIFICATE", b"meow")),
            certificate,
            "tls-certificate",
            "certificate 1 in ",
        ),
        ("cut off", |d, i| d.write("certs/server.pem", &i.leaf[..300]), certificate, "tls-certificate", "is damaged"),
        (
            "no base64",
            |d, _| d.write("certs/server.pem", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"),
            certificate,
            "tls-certificate",
            "is damaged",
        ),
        ("an empty key", |d, _| write_key(d, ""), key, "tls-private-key", "holds no private key in PEM"),
        (
            "an encrypted key",
            |d, _| write_key(d, &pem("ENCRYPTED PRIVATE KEY", b"secret")),
            key,
            "tls-private-key",
            "is encrypted",
        ),
        (
            "an encrypted key of old",
            |d, _| {
                write_key(
                    d,
                    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
                );
            },
            key,
            "tls-private-key",
            "is encrypted",
        ),
        ("a key that is none", |d, _| write_key(d, &pem("PRIVATE KEY", b"meow")), key, "tls-private-key", "cannot be used"),
        (
            "another key",
            |d, _| write_key(d, &issue(2020, 2099, &rcgen::PKCS_ECDSA_P256_SHA256).key),
            key,
            "tls-key-mismatch",
            "is not the key of the certificate in ",
        ),
        (
            "the chain in the wrong order",
            |d, i| d.write("certs/server.pem", &format!("{}{}", i.intermediate, i.leaf)),
            key,
            "tls-key-mismatch",
            "own certificate comes first",
        ),
        (
            "an expired one",
            |d, _| {
                let old = issue(2020, 2021, &rcgen::PKCS_ECDSA_P256_SHA256);
                d.write("certs/server.pem", &old.leaf);
                write_key(d, &old.key);
            },
            certificate,
            "tls-certificate-expired",
            "has expired on 2021-01-01T00:00:00Z",
        ),
        (
            "one of the future",
            |d, _| {
                let old = issue(2090, 2099, &rcgen::PKCS_ECDSA_P256_SHA256);
                d.write("certs/server.pem", &old.leaf);
                write_key(d, &old.key);
            },
            certificate,
            "tls-certificate-expired",
            "is the clock of this machine right?",
        ),
        (
            "too large",
            |d, _| d.write("certs/server.pem", &"a".repeat(2 << 20)),
            certificate,
            "file-too-large",
            "larger than 1 MiB",
        ),
    ];
    for (what, change, place, rule, words) in cases {
        let definition = given(&fine);
        change(&definition, &fine);
        let checked = definition.run(&["check"]);
        let found = [*place, *rule, *words].iter().all(|part| checked.stdout.contains(part));
        assert!(checked.code == Some(1) && found, "{what}: {}", checked.stdout);
        assert!(checked.stdout.ends_with("1 error\n"), "{what}: {}", checked.stdout);
        let config = definition.path("config.toml");
        let served = definition.run(&["serve", "--port", "0", "--config", config.to_str().expect("a path in UTF-8")]);
        assert_eq!(served.code, Some(1), "{what}");
        assert!(served.stderr.contains(words) && served.stderr.contains("Nothing is served"), "{what}: {}", served.stderr);
    }
}

#[test]
fn what_will_be_wrong_with_a_certificate_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let fine = issue(2020, 2099, &rcgen::PKCS_ECDSA_P256_SHA256);
    let readable = given(&fine);
    std::fs::set_permissions(readable.path("certs/key.pem"), PermissionsExt::from_mode(0o644)).expect("a change of the mode");
    let foreign = given(&fine);
    let config = foreign
        .read("config.toml")
        .replace("name = \"test\"", "name = \"test\"\ndomain_names = [\"api.example.com\", \"example.com\"]");
    foreign.write("config.toml", &config);
    for (definition, rule, words) in [
        (readable, "tls-private-key-readable", "every user of this machine can read the private key"),
        (foreign, "tls-certificate-name", "is not for the host `example.com`"),
    ] {
        let checked = definition.run(&["check"]);
        assert!(checked.code == Some(0) && checked.stdout.contains(rule) && checked.stdout.contains(words), "{checked:?}");
        assert!(checked.stdout.ends_with("1 warning\n"), "{checked:?}");
        answers(&definition.serve());
    }
}

#[test]
fn production_without_a_certificate_refuses_tls_in_words_and_serves_the_rest() {
    let definition = definition("[server]\nmode = \"production\"");
    let server = definition.serve();
    assert!(!server.summary.contains("TLS"), "{}", server.summary);
    for _ in 0..3 {
        let refused = script(&definition, &server, "curl -sS --insecure https://localhost:$port/ping");
        assert!(refused.code == Some(35) && refused.stderr.contains("handshake failure"), "{refused:?}");
    }
    answers(&server);
    let log = server.log();
    assert_eq!(log.matches("a client speaks TLS, which is not served").count(), 1, "{log}");
    assert!(!definition.path("data/tls").exists(), "none is made in production");
}

/// Sends these bytes and reads to the end of the connection.
fn exchange(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a read timeout");
    // The server may have closed before all of it is written, and may reset what it did not read.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

#[test]
fn hostile_first_bytes_end_their_own_connection_only() {
    let definition = definition("");
    let server = definition.serve();
    let hello = |length: u16, rest: &[u8]| [&[0x16, 3, 1][..], &length.to_be_bytes(), rest].concat();
    let noise: Vec<u8> = (0..4096_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let tls: [(&str, Vec<u8>); 9] = [
        ("the first byte alone", vec![0x16]),
        ("a cut off head of a record", vec![0x16, 3]),
        ("an empty record", hello(0, &[])),
        ("a record that is too long", hello(0xffff, &[0; 100])),
        ("another message than a ClientHello", hello(4, &[2, 0, 0, 0])),
        ("a ClientHello of 16 MiB", hello(4, &[1, 0xff, 0xff, 0xff])),
        ("a ClientHello of nothing", hello(4, &[1, 0, 0, 0])),
        ("noise", hello(4096, &noise)),
        ("records without end", [hello(1, &[1]), hello(1, &[0]).repeat(100_000)].concat()),
    ];
    for (what, bytes) in tls {
        let answer = exchange(&server, &bytes);
        // An alert, or nothing.
        assert!(matches!(answer.first(), None | Some(0x15)), "{what}: {answer:?}");
        answers(&server);
    }
    let plain: [(&str, Vec<u8>); 8] = [
        ("nothing", Vec::new()),
        ("a ClientHello of SSL 2", [&[0x80, 0x2e, 1, 3, 1][..], &[0; 41]].concat()),
        ("an alert", vec![0x15, 3, 1, 0, 2, 2, 40]),
        ("data of TLS", vec![0x17, 3, 3, 0, 1, 0]),
        ("NUL", vec![0; 5000]),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("noise", noise[1..].to_vec()),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
    ];
    for (what, bytes) in plain {
        let answer = exchange(&server, &bytes);
        let status = answer.starts_with(b"HTTP/1.1 400 ") || answer.starts_with(b"HTTP/1.1 505 ");
        assert!(answer.is_empty() || status, "{what}: {}", String::from_utf8_lossy(&answer));
        answers(&server);
    }
    let asked = succeeds(&definition, &server, &format!("{ASK} ask --cacert data/tls/ca.pem https://localhost:$port/graphql"));
    assert!(asked.starts_with(r#"{"data":"#), "{asked}");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn handshakes_that_hang_keep_nobody_waiting() {
    let definition = definition("");
    let server = definition.serve();
    let hanging: Vec<TcpStream> = (0..500)
        .map(|at| {
            let mut stream = TcpStream::connect(server.address).expect("a connection");
            stream.write_all(&[0x16, 3, 1, 2, 0, 1][..1 + at % 6]).expect("sent");
            stream
        })
        .collect();
    for _ in 0..5 {
        answers(&server);
        succeeds(&definition, &server, "curl -sS --cacert data/tls/ca.pem https://localhost:$port/ping");
    }
    server.terminate();
    let mut server = server;
    // They end with the signal, not with the grace.
    assert_eq!(server.wait().code(), Some(0));
    assert!(!server.log().contains("cut off"), "{}", server.log());
    drop(hanging);
}

/// The page's production: its command makes the files that its configuration names.
#[test]
fn the_guide_shows_a_certificate_that_works() {
    if !harness::dynamodb_servers::servers_are_wanted() {
        return;
    }
    let page = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/tls.md"));
    let block = |start: &str| {
        let (_, rest) = page.split_once(start).unwrap_or_else(|| panic!("the page has {start:?}"));
        format!("{start}{}", rest.split("```").next().expect("the end of the block"))
    };
    let definition = definition(&format!("{}\n", block("[server.tls]\n")));
    let mut make = Command::new("sh");
    make.args(["-euc", &block("mkdir -p certs\n")]).current_dir(definition.path("."));
    let made = run(make);
    assert_eq!(made.code, Some(0), "{made:?}");
    let checked = definition.run(&["check"]);
    assert_eq!((checked.code, checked.stdout.as_str()), (Some(0), "no problems\n"), "{checked:?}");
    let server = definition.serve();
    assert_eq!(succeeds(&definition, &server, "curl -sS --cacert certs/server.pem https://localhost:$port/ping"), "healthy");
}
