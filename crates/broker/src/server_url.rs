//! The URL of a broker's server, read into parts. What is not known in it is refused rather than passed over.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::error::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nats,
    Redis,
}

/// A text that no `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// What the URL says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    pub(crate) kind: Kind,
    pub(crate) tls: bool,
    pub(crate) credentials: Option<Credentials>,
    /// At least one; more than one for NATS only.
    pub(crate) hosts: Vec<Host>,
    /// Redis' database.
    pub(crate) database: u32,
    pub(crate) certificates: Certificates,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// Redis' default user, or a token of NATS.
    Secret(Secret),
    User {
        name: String,
        password: Secret,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub(crate) name: String,
    pub(crate) port: u16,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

/// Files for TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Certificates {
    pub(crate) authorities: Option<PathBuf>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) private_key: Option<PathBuf>,
}

const OPTIONS: &str = "ca, certificate and private_key, with tls:// and rediss:// only";

impl ServerUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let (scheme, rest) = url.split_once("://").ok_or(Error::UnknownScheme)?;
        let (kind, tls) = match scheme.to_ascii_lowercase().as_str() {
            "nats" => (Kind::Nats, false),
            "tls" => (Kind::Nats, true),
            "redis" => (Kind::Redis, false),
            "rediss" => (Kind::Redis, true),
            other => return Err(unsupported(other)),
        };
        if rest.contains('#') {
            return Err(Error::MalformedUrl("it has a fragment (#); a # in a password is written %23"));
        }
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = authority.rsplit_once('@').map_or((None, authority), |(user, hosts)| (Some(user), hosts));
        let default_port = if kind == Kind::Nats { 4222 } else { 6379 };
        let hosts = hosts.split(',').map(|host| read_host(host, default_port)).collect::<Result<Vec<_>, _>>()?;
        if kind == Kind::Redis && hosts.len() > 1 {
            return Err(Error::MalformedUrl("Redis takes one host; clusters and sentinels are not supported"));
        }
        let database = match (kind, path) {
            (_, "") => 0,
            (Kind::Redis, number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                number.parse().map_err(|_| Error::MalformedUrl("the path is not the number of a database"))?
            }
            (Kind::Redis, _) => return Err(Error::MalformedUrl("the path is not the number of a database")),
            (Kind::Nats, _) => return Err(Error::MalformedUrl("NATS has no path")),
        };
        Ok(Self {
            kind,
            tls,
            credentials: user.map(|user| read_credentials(kind, user)).transpose()?,
            hosts,
            database,
            certificates: read_options(query.unwrap_or(""), tls)?,
        })
    }

    /// Where it is, without secrets.
    pub(crate) fn address(&self) -> String {
        let scheme = match (self.kind, self.tls) {
            (Kind::Nats, false) => "nats",
            (Kind::Nats, true) => "tls",
            (Kind::Redis, false) => "redis",
            (Kind::Redis, true) => "rediss",
        };
        let hosts: Vec<_> = self.hosts.iter().map(Host::to_string).collect();
        format!("{scheme}://{}", hosts.join(","))
    }
}

fn unsupported(scheme: &str) -> Error {
    let unsupported = |scheme, reason| Error::UnsupportedScheme { scheme, reason };
    match scheme {
        "ws" => unsupported("ws://", "write nats://, and the server's client port"),
        "wss" => unsupported("wss://", "write tls://, and the server's client port"),
        "valkey" => unsupported("valkey://", "write redis://, which Valkey speaks"),
        "valkeys" => unsupported("valkeys://", "write rediss://, which Valkey speaks"),
        "unix" | "redis+unix" | "redis+socket" => unsupported("unix://", "write redis://host:port"),
        "redis-sentinel" | "redis+sentinel" | "rediss+sentinel" => unsupported(
            "redis+sentinel://",
            "sentinels are not asked; write redis://host:port of the primary, or of a proxy before it",
        ),
        "redis-cluster" | "redis+cluster" | "rediss+cluster" => {
            unsupported("redis+cluster://", "write redis://host:port of a server that is not in cluster mode")
        }
        _ => Error::UnknownScheme,
    }
}

fn read_host(host: &str, default_port: u16) -> Result<Host, Error> {
    let (name, port) = if let Some(rest) = host.strip_prefix('[') {
        let (name, port) = rest.split_once(']').ok_or(Error::MalformedUrl("a [ without a ] in the host"))?;
        name.parse::<Ipv6Addr>().map_err(|_| Error::MalformedUrl("what stands in [ ] is not an IPv6 address"))?;
        (
            name,
            if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or(Error::MalformedUrl("no : before the port"))?) },
        )
    } else {
        host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)))
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if name.is_empty() || !(name.contains(':') || name.bytes().all(is_name)) {
        return Err(Error::MalformedUrl("the host is missing, or no host name"));
    }
    let port = match port {
        None => default_port,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            port.parse().ok().filter(|port| *port != 0).ok_or(Error::MalformedUrl("the port is not a number from 1 to 65535"))?
        }
        Some(_) => return Err(Error::MalformedUrl("the port is not a number from 1 to 65535")),
    };
    Ok(Host { name: name.to_owned(), port })
}

fn read_credentials(kind: Kind, user: &str) -> Result<Credentials, Error> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| Error::MalformedUrl("user name or password are not UTF-8"))
    };
    let credentials = match user.split_once(':') {
        Some(("", password)) if kind == Kind::Redis => Credentials::Secret(Secret(decoded(password)?)),
        Some((name, password)) => Credentials::User { name: decoded(name)?, password: Secret(decoded(password)?) },
        None if kind == Kind::Nats => Credentials::Secret(Secret(decoded(user)?)),
        None => return Err(Error::MalformedUrl("a user without a password; a password alone is written redis://:password@host")),
    };
    let is_empty = match &credentials {
        Credentials::Secret(secret) => secret.0.is_empty(),
        Credentials::User { name, .. } => name.is_empty(),
    };
    if is_empty { Err(Error::MalformedUrl("the user name or password is empty")) } else { Ok(credentials) }
}

fn read_options(query: &str, tls: bool) -> Result<Certificates, Error> {
    let mut certificates = Certificates::default();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let (name, place) = match name {
            "ca" => ("ca", &mut certificates.authorities),
            "certificate" => ("certificate", &mut certificates.certificate),
            "private_key" => ("private_key", &mut certificates.private_key),
            _ => return Err(Error::UnknownOption { known: OPTIONS }),
        };
        let invalid = |reason| Error::InvalidOption { name, reason };
        if !tls {
            return Err(invalid("the connection is not over TLS: write tls:// or rediss://"));
        }
        let value = percent_decode_str(value).decode_utf8().map_err(|_| invalid("not UTF-8"))?;
        if value.is_empty() || place.is_some() {
            return Err(invalid("it names one file"));
        }
        *place = Some(PathBuf::from(value.as_ref()));
    }
    match (&certificates.certificate, &certificates.private_key) {
        (Some(_), None) => Err(Error::InvalidOption { name: "certificate", reason: "it needs private_key beside it" }),
        (None, Some(_)) => Err(Error::InvalidOption { name: "private_key", reason: "it needs certificate beside it" }),
        _ => Ok(certificates),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read() {
        let user =
            |name: &str, password: &str| Some(Credentials::User { name: name.to_owned(), password: Secret(password.to_owned()) });
        let secret = |text: &str| Some(Credentials::Secret(Secret(text.to_owned())));
        for (url, address, credentials, database) in [
            ("nats://localhost", "nats://localhost:4222", None, 0),
            ("NATS://a:1,b,[::1]:2/", "nats://a:1,b:4222,[::1]:2", None, 0),
            ("nats://token%40@h", "nats://h:4222", secret("token@"), 0),
            ("tls://u:p:%2F@h:4443?ca=%2Fa%20b.pem", "tls://h:4443", user("u", "p:/"), 0),
            ("tls://h?certificate=a&private_key=b", "tls://h:4222", None, 0),
            ("redis://127.0.0.1", "redis://127.0.0.1:6379", None, 0),
            ("redis://:pw@h/3", "redis://h:6379", secret("pw"), 3),
            ("rediss://u:p%C3%A4@[::1]/", "rediss://[::1]:6379", user("u", "pä"), 0),
        ] {
            let parsed = ServerUrl::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!((parsed.address().as_str(), parsed.database), (address, database), "{url}");
            assert_eq!(parsed.credentials, credentials, "{url}");
        }
        let certificates = ServerUrl::parse("rediss://h?ca=/a%20b.pem").map(|url| url.certificates.authorities);
        assert_eq!(certificates.ok().flatten(), Some(PathBuf::from("/a b.pem")));
    }

    #[test]
    fn what_is_not_known_is_refused_without_being_repeated() {
        for (url, says) in [
            ("", "nats://"),
            ("localhost:4222", "nats://"),
            ("kafka://u:hidden@h", "nats://"),
            ("hidden", "nats://"),
            ("ws://u:hidden@h", "write nats://"),
            ("redis+sentinel://u:hidden@h", "primary"),
            ("redis-cluster://u:hidden@h", "cluster mode"),
            ("valkey://u:hidden@h", "redis://"),
            ("unix:///hidden", "host:port"),
            ("nats://", "host"),
            ("nats://u:hidden@", "host"),
            ("nats://u:hid#den@h", "%23"),
            ("nats://u:hidden/x@h", "port"),
            ("nats://h,,i", "host"),
            ("nats://h:0", "port"),
            ("nats://h:+1", "port"),
            ("nats://h:65536", "port"),
            ("nats://h:", "port"),
            ("nats://[::1", "]"),
            ("nats://[hidden]", "IPv6"),
            ("nats://[::1]4222", ":"),
            ("nats://h/hidden", "path"),
            ("nats://@h", "empty"),
            ("nats://:hidden@h", "empty"),
            ("redis://hidden@h", "redis://:password@host"),
            ("redis://:@h", "empty"),
            ("redis://u:%ffhidden@h", "UTF-8"),
            ("redis://a,b", "one host"),
            ("redis://h/hidden", "database"),
            ("redis://h/99999999999", "database"),
            ("redis://h?hidden=1", "takes ca, certificate"),
            ("redis://h?ca=hidden", "not over TLS"),
            ("rediss://h?ca=", "names one file"),
            ("rediss://h?ca=a&ca=b", "names one file"),
            ("rediss://h?ca=%ff", "UTF-8"),
            ("tls://h?certificate=hidden", "needs private_key"),
            ("tls://h?private_key=hidden", "needs certificate"),
            ("tls://h?tls_first=hidden", "takes ca, certificate"),
        ] {
            let error = ServerUrl::parse(url).expect_err(url).to_string();
            assert!(error.contains(says) && !error.contains("hidden"), "{url}: {error}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        for url in ["nats://u:hidden@h", "nats://hidden@h", "redis://:hidden@h"] {
            let parsed = ServerUrl::parse(url).expect(url);
            assert!(!format!("{parsed:?} {}", parsed.address()).contains("hidden"), "{url}");
        }
    }
}
