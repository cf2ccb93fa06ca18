//! Real NATS and Redis servers for tests: from the system's packages, on free ports, in temporary folders.
//!
//! A shell holds each server and a pipe from this process. When the pipe closes, because the test says so, ended or crashed, the shell
//! kills the server by its process id. It can be started again on the same port.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The password of the servers that have one: long enough to be found in any message that should not hold it.
pub(crate) const PASSWORD: &str = "never-to-be-shown-5c93";

const KEEPER: &str = r#"
cd "$DIR"
PATH=$PATH:/usr/sbin
"$@" >>log 2>&1 </dev/null &
server=$!
echo $server
# The shell would tell that it was killed.
exec 2>/dev/null
cat >/dev/null
kill -KILL $server
wait $server
"#;

/// A key and a certificate of its own authority for `localhost` and 127.0.0.1.
const CERTIFICATE: &str = r#"
cd "$DIR"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority \
  -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout key.pem -out request.pem 2>/dev/null
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > extensions
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out cert.pem 2>/dev/null
"#;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nats,
    Redis,
}

/// One server, running or not.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    folder: tempfile::TempDir,
    arguments: Vec<String>,
    running: Option<(Child, Pid)>,
}

/// How a server is set up.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setup {
    #[default]
    Open,
    /// With user `app` and [`PASSWORD`].
    Password,
    /// TLS only, and clients show a certificate.
    Tls,
}

/// Whether tests are to go without servers.
pub(crate) fn skipped() -> bool {
    std::env::var_os("SYNCGATE_SKIP_SERVERS").is_some_and(|value| value == "1")
}

impl Server {
    /// A server that is not started.
    pub(crate) fn new(kind: Kind, setup: Setup) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        if setup == Setup::Tls {
            let status = Command::new("sh").args(["-c", CERTIFICATE]).env("DIR", folder.path()).status();
            assert!(status.expect("a shell").success(), "openssl comes with `apt-get install openssl`");
        }
        let mut server = Self { kind, port, folder, arguments: Vec::new(), running: None };
        server.arguments = match kind {
            Kind::Nats => server.nats(setup),
            Kind::Redis => server.redis(setup),
        };
        server
    }

    pub(crate) fn started(kind: Kind, setup: Setup) -> Self {
        let mut server = Self::new(kind, setup);
        server.start();
        server
    }

    fn nats(&self, setup: Setup) -> Vec<String> {
        let authorization = match setup {
            Setup::Password => format!("authorization {{ user: app, password: \"{PASSWORD}\" }}\n"),
            Setup::Tls => "tls { cert_file: cert.pem, key_file: key.pem, ca_file: ca.pem, verify: true }\n".to_owned(),
            Setup::Open => String::new(),
        };
        let configuration = format!("host: 127.0.0.1\nport: {}\nmax_payload: 65536\n{authorization}", self.port);
        std::fs::write(self.folder.path().join("nats.conf"), configuration).expect("written");
        ["nats-server", "-c", "nats.conf"].map(str::to_owned).into()
    }

    fn redis(&self, setup: Setup) -> Vec<String> {
        let port = self.port;
        let listen = match setup {
            Setup::Tls => {
                format!(
                    "port 0\ntls-port {port}\ntls-cert-file cert.pem\ntls-key-file key.pem\ntls-ca-cert-file ca.pem\ntls-auth-clients yes\n"
                )
            }
            Setup::Password => format!("port {port}\nuser app on >{PASSWORD} ~syncgate.* +@all\nuser default off\n"),
            Setup::Open => format!("port {port}\n"),
        };
        std::fs::write(self.folder.path().join("redis.conf"), format!("bind 127.0.0.1\nsave \"\"\n{listen}")).expect("written");
        ["redis-server", "redis.conf"].map(str::to_owned).into()
    }

    pub(crate) fn start(&mut self) {
        assert!(self.running.is_none(), "it runs");
        let mut shell = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .args(&self.arguments)
            .env("DIR", self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut said = String::new();
        BufReader::new(shell.stdout.take().expect("a pipe")).read_line(&mut said).expect("its process id");
        let id = Pid::from_raw(said.trim().parse().expect("a number")).expect("a process id");
        self.running = Some((shell, id));
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let package = &self.arguments[0];
            assert!(
                Instant::now() < deadline,
                "{:?} did not start: it comes with `apt-get install {package}`; SYNCGATE_SKIP_SERVERS=1 skips the tests that need it\n{}",
                self.kind,
                std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it, without a chance to write anything.
    pub(crate) fn kill(&mut self) {
        let (mut shell, _) = self.running.take().expect("it runs");
        drop(shell.stdin.take());
        shell.wait().expect("its end");
    }

    /// Stops it as it is, connections and all, until it is told to go on.
    pub(crate) fn freeze(&self, frozen: bool) {
        let (_, id) = self.running.as_ref().expect("it runs");
        kill_process(*id, if frozen { Signal::STOP } else { Signal::CONT }).expect("a signal");
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.kind == Kind::Nats { "nats" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// With a user and a password.
    pub(crate) fn url_with(&self, password: &str) -> String {
        self.url().replace("://", &format!("://app:{password}@"))
    }

    pub(crate) fn tls_url(&self, host: &str, certificates: bool) -> String {
        let scheme = if self.kind == Kind::Nats { "tls" } else { "rediss" };
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let certificates = if certificates {
            format!("?ca={}&certificate={}&private_key={}", file("ca.pem"), file("cert.pem"), file("key.pem"))
        } else {
            String::new()
        };
        format!("{scheme}://{host}:{}{certificates}", self.port)
    }

    /// Publishes bytes that no node would, in the server's own protocol.
    pub(crate) fn intrude(&self, subject: &str, bytes: &str) {
        self.ask(&match self.kind {
            Kind::Nats => format!("CONNECT {{\"verbose\":false}}\r\nPUB {subject} {}\r\n{bytes}", bytes.len()),
            Kind::Redis => format!("XADD {subject} * other {bytes}\r\nXADD {subject} * a b c d"),
        });
    }

    /// Ends every connection but the one that says so. Redis only.
    pub(crate) fn cut(&self) {
        assert_eq!(self.kind, Kind::Redis);
        self.ask("CLIENT KILL TYPE normal SKIPME yes");
    }

    /// Says this in the server's own protocol; gives the first line of the answer once the server has taken it.
    pub(crate) fn ask(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], self.port))).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        stream.write_all(format!("{text}\r\nPING\r\n").as_bytes()).expect("written");
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let first = lines.next().expect("an answer");
        assert!(lines.any(|line| line.contains("PONG")), "the server took it");
        first
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.kill();
        }
    }
}
