//! Real PostgreSQL and MariaDB servers for tests: from the system's packages, on free ports, in temporary folders.
//!
//! A shell holds each server and a pipe from this process. When the pipe closes, because the tests ended or crashed, the shell
//! stops the server by its process id and removes the folder.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The password of the servers' only user: long enough to be found in any message that should not hold it.
pub(crate) const PASSWORD: &str = "never-to-be-shown-7a61";

/// A running server.
pub(crate) struct Server {
    /// Where it is, with user and password.
    pub(crate) url: String,
    /// Its port on the loopback address.
    #[allow(dead_code, reason = "the benchmark has no use for it")]
    pub(crate) port: u16,
    _shell: Child,
}

const POSTGRES: &str = r#"
set -e
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$bin/postgres" ] || { bin=$(dirname "$(command -v postgres)"); }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -keyout "$DIR/key.pem" -out "$DIR/cert.pem" 2>/dev/null
chmod 600 "$DIR/key.pem"
printf '%s' "$PASSWORD" > "$DIR/password"
as=
if [ "$(id -u)" = 0 ]; then
  chown -R postgres "$DIR"
  as="setpriv --reuid=postgres --regid=postgres --clear-groups"
fi
cd "$DIR"
$as "$bin/initdb" -D "$DIR/data" -U app --pwfile="$DIR/password" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
$as "$bin/postgres" -D "$DIR/data" -p "$PORT" -k "$DIR" -h 127.0.0.1 -F -c ssl=on -c ssl_cert_file="$DIR/cert.pem" \
  -c ssl_key_file="$DIR/key.pem" -c max_connections=200 -c timezone=Asia/Tokyo >"$DIR/log" 2>&1 </dev/null &
# It takes connections before it takes requests.
for _ in $(seq 600); do
  "$bin/pg_isready" -q -h 127.0.0.1 -p "$PORT" -U app && break
  sleep 0.05
done
"#;

const MARIADB: &str = r#"
set -e
user=
if [ "$(id -u)" = 0 ]; then
  chown -R mysql "$DIR"
  user=--user=mysql
fi
cd "$DIR"
mariadb-install-db --no-defaults $user --datadir="$DIR/data" --auth-root-authentication-method=normal --skip-test-db >/dev/null
cat > "$DIR/init.sql" <<SQL
CREATE DATABASE app CHARACTER SET utf8mb4;
CREATE USER 'app'@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL ON *.* TO 'app'@'%';
SQL
PATH=$PATH:/usr/sbin
mariadbd --no-defaults $user --datadir="$DIR/data" --port="$PORT" --bind-address=127.0.0.1 --socket="$DIR/socket" \
  --pid-file="$DIR/pid" --init-file="$DIR/init.sql" --innodb-flush-log-at-trx-commit=0 --default-time-zone=+09:00 \
  --max-connections=200 >"$DIR/log" 2>&1 </dev/null &
"#;

/// Waits for the pipe to close, then ends the server.
const KEEPER: &str = r#"
server=$!
set +e
echo started
cat >/dev/null
kill -INT $server 2>/dev/null
kill -TERM $server 2>/dev/null
wait $server
rm -rf "$DIR"
"#;

/// The PostgreSQL server, `None` when servers are to be skipped.
pub(crate) fn postgres() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            start("PostgreSQL", "postgresql", POSTGRES, |port| format!("postgres://app:{PASSWORD}@127.0.0.1:{port}/postgres"))
        })
        .as_ref()
}

/// The MariaDB server, `None` when servers are to be skipped.
pub(crate) fn mariadb() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            start("MariaDB", "mariadb-server", MARIADB, |port| format!("mysql://app:{PASSWORD}@127.0.0.1:{port}/app"))
        })
        .as_ref()
}

fn start(name: &str, package: &str, script: &str, url: impl Fn(u16) -> String) -> Option<Server> {
    if std::env::var_os("SYNCGATE_SKIP_SERVERS").is_some_and(|value| value == "1") {
        return None;
    }
    let directory = tempfile::tempdir().expect("a temporary folder").keep();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let mut shell = Command::new("sh")
        .args(["-c", &format!("{script}{KEEPER}")])
        .env("DIR", &directory)
        .env("PORT", port.to_string())
        .env("PASSWORD", PASSWORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut said = [0; 8];
    let started = shell.stdout.take().is_some_and(|mut stdout| stdout.read_exact(&mut said).is_ok());
    let deadline = Instant::now() + Duration::from_secs(60);
    let is_up = || {
        while Instant::now() < deadline {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    };
    assert!(
        started && is_up(),
        "{name} did not start: it comes with `apt-get install {package}`; SYNCGATE_SKIP_SERVERS=1 skips the tests that need it\n{}",
        std::fs::read_to_string(directory.join("log")).unwrap_or_default()
    );
    Some(Server { url: url(port), port, _shell: shell })
}
