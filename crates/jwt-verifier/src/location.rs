//! Where an issuer's keys are, and which addresses may be asked at all.
//!
//! Keys decide who may enter, so they travel by https only. Plain http is for loopback addresses: a development server's own issuer.

use std::net::IpAddr;

use reqwest::Url;

use crate::error::LocationError;

/// Where an issuer publishes its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLocation {
    pub(crate) url: Url,
    pub(crate) kind: LocationKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocationKind {
    /// The address of an OpenID Connect discovery document, whose `jwks_uri` leads to the keys.
    Discovery,
    /// The address of a JSON Web Key Set.
    KeySet,
}

impl KeyLocation {
    /// OpenID Connect Discovery 1.0 §4: `ISSUER/.well-known/openid-configuration`, whose `jwks_uri` leads to the keys.
    ///
    /// # Errors
    /// When `issuer` is no https URL (http for loopback), or has a query, a fragment or credentials.
    pub fn discovery(issuer: &str) -> Result<Self, LocationError> {
        let url = parse(issuer)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(LocationError::NotAnIssuer);
        }
        let address = format!("{}/.well-known/openid-configuration", url.as_str().trim_end_matches('/'));
        Ok(Self { url: parse(&address)?, kind: LocationKind::Discovery })
    }

    /// A fixed address of a JSON Web Key Set.
    ///
    /// # Errors
    /// When `url` is no https URL (http for loopback), or has credentials.
    pub fn jwks(url: &str) -> Result<Self, LocationError> {
        Ok(Self { url: parse(url)?, kind: LocationKind::KeySet })
    }

    /// The address that is asked first.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Whether everything happens on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }
}

fn parse(text: &str) -> Result<Url, LocationError> {
    let url = Url::parse(text).map_err(|_| LocationError::NotAUrl)?;
    check(&url)?;
    Ok(url)
}

fn check(url: &Url) -> Result<(), LocationError> {
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) => {}
        _ => return Err(LocationError::Scheme),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(LocationError::Credentials);
    }
    Ok(())
}

/// Whether `from` may lead on to `to`, by a redirect or `jwks_uri`: never from a verified connection to a plain one.
pub(crate) fn check_step(from: &Url, to: &Url) -> Result<(), LocationError> {
    check(to)?;
    if to.scheme() == "http" && from.scheme() != "http" { Err(LocationError::Scheme) } else { Ok(()) }
}

/// Whether a URL's host is this machine by definition: `localhost` (RFC 6761 §6.3) or a loopback address.
fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || host.ends_with(".localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        let cases = [
            ("https://login.example.com", Ok("https://login.example.com/.well-known/openid-configuration")),
            ("https://login.example.com/", Ok("https://login.example.com/.well-known/openid-configuration")),
            ("https://login.example.com/tenant", Ok("https://login.example.com/tenant/.well-known/openid-configuration")),
            ("http://localhost:9229/pool", Ok("http://localhost:9229/pool/.well-known/openid-configuration")),
            ("http://id.localhost", Ok("http://id.localhost/.well-known/openid-configuration")),
            ("http://127.0.0.1:1", Ok("http://127.0.0.1:1/.well-known/openid-configuration")),
            ("http://127.9.9.9", Ok("http://127.9.9.9/.well-known/openid-configuration")),
            ("http://[::1]:1", Ok("http://[::1]:1/.well-known/openid-configuration")),
            ("http://login.example.com", Err(LocationError::Scheme)),
            ("http://localhost.example.com", Err(LocationError::Scheme)),
            ("http://127.0.0.1.example.com", Err(LocationError::Scheme)),
            ("http://10.0.0.1", Err(LocationError::Scheme)),
            ("http://0.0.0.0", Err(LocationError::Scheme)),
            ("http://[::]", Err(LocationError::Scheme)),
            ("http://notlocalhost", Err(LocationError::Scheme)),
            ("file:///etc/keys", Err(LocationError::Scheme)),
            ("ftp://127.0.0.1/", Err(LocationError::Scheme)),
            ("login.example.com", Err(LocationError::NotAUrl)),
            ("", Err(LocationError::NotAUrl)),
            ("https://user:secret@login.example.com", Err(LocationError::Credentials)),
            ("http://localhost@example.com", Err(LocationError::Scheme)),
            ("https://login.example.com?x=1", Err(LocationError::NotAnIssuer)),
            ("https://login.example.com#x", Err(LocationError::NotAnIssuer)),
        ];
        for (issuer, expected) in cases {
            let location = KeyLocation::discovery(issuer);
            assert_eq!(location.as_ref().map(KeyLocation::url), expected.as_ref().copied(), "{issuer}");
        }
    }

    #[test]
    fn no_step_leads_from_https_to_http() {
        let url = |text: &str| Url::parse(text).expect(text);
        let cases = [
            ("https://a.example", "https://b.example/keys", true),
            ("http://127.0.0.1:1", "https://b.example/keys", true),
            ("http://127.0.0.1:1", "http://localhost:2/keys", true),
            ("https://a.example", "http://127.0.0.1/keys", false),
            ("http://127.0.0.1:1", "http://b.example/keys", false),
            ("https://a.example", "https://u:p@b.example/keys", false),
            ("https://a.example", "data:application/json,{}", false),
        ];
        for (from, to, allowed) in cases {
            assert_eq!(check_step(&url(from), &url(to)).is_ok(), allowed, "{from} -> {to}");
        }
    }
}
