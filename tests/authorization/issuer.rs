//! What the APIs under test ask: an issuer of tokens, Lambda's `Invoke`, and an upstream that counts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use value::{Value, value};

/// Making one takes a while; all issuers here have the same.
static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).expect("a key"));

/// The client that tokens are for.
pub(crate) const CLIENT: &str = "webclient";

/// Whatever is not of this process.
pub(crate) struct Outside {
    pub(crate) url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Requests of resolvers.
    upstream: AtomicUsize,
    /// What the authorizer was shown.
    events: Mutex<Vec<Value>>,
}

impl Outside {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State::default());
        let (own, shared) = (url.clone(), Arc::clone(&state));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (url, state) = (own.clone(), Arc::clone(&shared));
                std::thread::spawn(move || serve(&stream, &url, &state));
            }
        });
        Self { url, state }
    }

    /// The issuer that is configured as an OpenID Connect provider.
    pub(crate) fn oidc(&self) -> String {
        format!("{}/oidc", self.url)
    }

    /// The issuer that stands for a user pool.
    pub(crate) fn pool(&self) -> String {
        format!("{}/pool", self.url)
    }

    /// How often a resolver has asked the upstream.
    pub(crate) fn resolved(&self) -> usize {
        self.state.upstream.load(Ordering::SeqCst)
    }

    /// What the authorizer was shown.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.state.events.lock().expect("a test").clone()
    }

    /// A token of a user pool for a member of these groups.
    pub(crate) fn pool_token(&self, groups: &[&str]) -> String {
        let groups: Vec<Value> = groups.iter().map(|group| Value::from(*group)).collect();
        token(
            &value!({
                "iss": (self.pool()), "sub": "s-1", "token_use": "access", "client_id": (CLIENT), "username": "ann",
                "cognito:groups": (groups)
            }),
            3_600,
        )
    }

    /// A token of the OpenID Connect provider, which claims to have groups too.
    pub(crate) fn oidc_token(&self, groups: &[&str]) -> String {
        self.short_token(groups, 3_600)
    }

    /// One that is valid for so many seconds.
    pub(crate) fn short_token(&self, groups: &[&str], seconds: u64) -> String {
        let groups: Vec<Value> = groups.iter().map(|group| Value::from(*group)).collect();
        token(&value!({"iss": (self.oidc()), "sub": "s-2", "aud": (CLIENT), "cognito:groups": (groups)}), seconds)
    }
}

fn token(claims: &Value, seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut claims = claims.as_object().expect("claims").clone();
    for (name, moment) in [("iat", now - 5), ("auth_time", now - 5), ("exp", now + seconds)] {
        claims.insert(name, i64::try_from(moment).expect("a moment"));
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_json());
    let text = format!("{}.{}", part(&value!({"alg": "RS256", "kid": "k-1", "typ": "JWT"})), part(&claims.into()));
    let mut signature = vec![0; KEY.public_modulus_len()];
    KEY.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("signed");
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The public key: PKCS #1 has the modulus after nine bytes of headings.
fn keys() -> Value {
    let modulus = &KEY.public_key().as_ref()[9..9 + 256];
    value!({"keys": [{
        "kty": "RSA", "kid": "k-1", "use": "sig", "alg": "RS256", "e": "AQAB", "n": (URL_SAFE_NO_PAD.encode(modulus))
    }]})
}

fn serve(stream: &TcpStream, url: &str, state: &State) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = || {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0).map(|_| line.trim_end().to_owned())
        };
        let target = line()?.split(' ').nth(1)?.to_owned();
        let mut length = 0;
        loop {
            let header = line()?;
            let Some((name, text)) = header.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = text.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let answer = match &*target {
            "/oidc/.well-known/openid-configuration" => {
                value!({"issuer": (format!("{url}/oidc")), "jwks_uri": (format!("{url}/oidc/jwks"))}).to_json()
            }
            "/oidc/jwks" | "/pool/.well-known/jwks.json" => keys().to_json(),
            function if function.starts_with("/2015-03-31/functions/") => authorize(&body, state),
            _ => {
                state.upstream.fetch_add(1, Ordering::SeqCst);
                "\"done\"".to_owned()
            }
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
        (&mut &*stream).write_all(format!("{head}{answer}").as_bytes()).ok()?;
    }
}

/// The function: what stands behind `custom ` in the token is its answer.
fn authorize(event: &[u8], state: &State) -> String {
    let event = Value::parse(event).expect("JSON");
    let token = event.get("authorizationToken").and_then(Value::as_str).expect("a token").to_owned();
    state.events.lock().expect("a test").push(event);
    token.strip_prefix("custom ").unwrap_or(r#"{"isAuthorized":false}"#).to_owned()
}
