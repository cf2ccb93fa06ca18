//! From endpoint and path to the URL of a call. The path comes from resolver code, often with user input in it, so it is judged
//! before it is joined: whatever it says, the call goes to the scheme, host and port of the endpoint, and not above the
//! endpoint's base path.

use std::net::IpAddr;

use reqwest::Url;

/// Why an endpoint cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("endpoint '{endpoint}' {reason}")]
pub struct EndpointError {
    /// What the definition says, without credentials.
    pub endpoint: String,
    /// What is wrong with it.
    pub reason: String,
}

/// `localhost`, its subdomains (RFC 6761) and loopback addresses.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().map_or_else(|_| host == "localhost" || host.ends_with(".localhost"), |address| address.is_loopback())
}

/// Reads the endpoint of a definition. The error shows it without credentials.
pub(crate) fn parse_endpoint(text: &str) -> Result<Url, EndpointError> {
    let refused = |shown: &str, reason: &str| EndpointError { endpoint: shown.to_owned(), reason: reason.to_owned() };
    let url = Url::parse(text.trim()).map_err(|error| refused(&without_credentials(text), &format!("is not a URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(url.host_str().unwrap_or_default(), "must not contain credentials; send them in a header"));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused(&without_credentials(text), "must begin with http:// or https://"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused(&without_credentials(text), "must not contain a query or fragment; they belong to a request"));
    }
    Ok(url)
}

/// A text that was meant to be a URL, fit to be shown. What cannot be read as one may have credentials all the same
/// (`https://user:password@host:99999`), and a query may be a key.
pub(crate) fn without_credentials(text: &str) -> String {
    let scheme = text.find("://").map_or("", |at| &text[..at + 3]);
    let (text, query) = match text.split_once('?') {
        // It may stand in the password, where it should have been encoded.
        Some((_, after)) if after.contains('@') => return format!("{scheme}…"),
        Some((before, _)) => (before, "?…"),
        None => (text, ""),
    };
    match text.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}…@{host}{query}"),
        None => format!("{text}{query}"),
    }
}

/// The URL of a call: the endpoint with `path` below its own. A query in `path` is kept. A refusal calls the path by `name`, as
/// who wrote it does.
pub(crate) fn join(endpoint: &Url, path: &str, name: &str) -> Result<Url, String> {
    let refuse = |reason: &str| Err(format!("{name} '{}' {reason}", shown(path)));
    if !path.starts_with('/') {
        return refuse("must begin with '/': scheme, host and port come from the endpoint of the data source");
    }
    if let Some(character) = path.chars().find(|c| !c.is_ascii_graphic()) {
        let what = match character {
            '\r' | '\n' => "a line break",
            c if c.is_control() => "a control character",
            c if c.is_whitespace() => "white space",
            _ => "a character that is not ASCII",
        };
        return refuse(&format!("contains {what}; encode it with util.urlEncode"));
    }
    if path.contains('\\') {
        return refuse("contains a backslash; encode it with util.urlEncode");
    }
    if path.contains('#') {
        return refuse("contains '#'; encode it with util.urlEncode");
    }
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    if path.starts_with("//") {
        return refuse("begins with '//'; a host cannot be named here");
    }
    if path.split('/').any(is_dot_segment) {
        return refuse("contains a '.' or '..' segment; write the path that is meant");
    }
    let mut url = endpoint.clone();
    url.set_path(&format!("{}{path}", endpoint.path().trim_end_matches('/')));
    url.set_query(query.filter(|query| !query.is_empty()));
    // The judgement above should make this impossible; a parser that disagrees with it must not decide where a call goes.
    if url.origin() != endpoint.origin() || !url.username().is_empty() || url.password().is_some() {
        return refuse("leaves the endpoint of the data source");
    }
    Ok(url)
}

/// Whether a segment is `.` or `..`, in any of the spellings that URL parsers resolve.
fn is_dot_segment(segment: &str) -> bool {
    let decoded = segment.to_ascii_lowercase().replace("%2e", ".");
    matches!(decoded.as_str(), "." | "..")
}

/// The path for a message: one line, not endless.
fn shown(path: &str) -> String {
    let mut text: String = path.chars().take(100).flat_map(char::escape_debug).collect();
    if path.chars().nth(100).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Url {
        parse_endpoint(text).expect(text)
    }

    #[test]
    fn a_path_is_joined_below_the_endpoint() {
        for (base, path, expected) in [
            ("https://api.example.com", "/v1/users", "https://api.example.com/v1/users"),
            ("https://api.example.com/", "/", "https://api.example.com/"),
            ("https://api.example.com:8443/prod", "/v1", "https://api.example.com:8443/prod/v1"),
            ("https://api.example.com/prod/", "/v1/", "https://api.example.com/prod/v1/"),
            ("http://[::1]:80/", "/a//b", "http://[::1]/a//b"),
            ("https://h.test", "/a?x=1&y=%20", "https://h.test/a?x=1&y=%20"),
            ("https://h.test", "/a?", "https://h.test/a"),
            ("https://h.test", "/a?to=//evil.test/../x", "https://h.test/a?to=//evil.test/../x"),
            ("https://h.test", "/@evil.test/x", "https://h.test/@evil.test/x"),
            ("https://h.test", "/:8080/x", "https://h.test/:8080/x"),
            ("https://h.test", "/http://evil.test/", "https://h.test/http://evil.test/"),
            ("https://h.test", "/a%2f..%2fb/%5c", "https://h.test/a%2f..%2fb/%5c"),
            ("https://h.test", "/..a/b../...", "https://h.test/..a/b../..."),
            ("https://h.test", "/caf%C3%A9/100%25", "https://h.test/caf%C3%A9/100%25"),
        ] {
            assert_eq!(join(&endpoint(base), path, "resourcePath").map(String::from), Ok(expected.to_owned()), "{base} {path}");
        }
    }

    #[test]
    fn a_path_cannot_leave_the_endpoint() {
        for (path, reason) in [
            ("", "must begin with '/'"),
            ("v1", "must begin with '/'"),
            ("@evil.test/", "must begin with '/'"),
            (":pw@evil.test/", "must begin with '/'"),
            (".evil.test/", "must begin with '/'"),
            (":8080/", "must begin with '/'"),
            ("https://evil.test/", "must begin with '/'"),
            ("?x=1", "must begin with '/'"),
            ("//evil.test/", "begins with '//'"),
            ("///evil.test/", "begins with '//'"),
            ("/\\evil.test/", "backslash"),
            ("\\\\evil.test/", "must begin with '/'"),
            ("/a\\..\\b", "backslash"),
            ("/..", "segment"),
            ("/../admin", "segment"),
            ("/a/../../admin", "segment"),
            ("/a/./b", "segment"),
            ("/%2e%2e/admin", "segment"),
            ("/.%2E/admin", "segment"),
            ("/%2e", "segment"),
            ("/a\r\nHost: evil.test", "a line break"),
            ("/a\nb", "a line break"),
            ("/\t/evil.test", "a control character"),
            ("/\u{0}", "a control character"),
            ("/a b", "white space"),
            (" /a", "must begin with '/'"),
            ("/caf\u{e9}", "not ASCII"),
            ("/\u{ff0f}evil.test", "not ASCII"),
            ("/\u{2028}x", "white space"),
            ("/a?q=\r\nX: y", "a line break"),
            ("/a#b", "'#'"),
        ] {
            for base in ["https://api.example.com", "https://api.example.com:8443/prod"] {
                let refused = join(&endpoint(base), path, "resourcePath").expect_err(path);
                assert!(refused.contains(reason) && !refused.contains('\n'), "{path:?}: {refused}");
            }
        }
    }

    proptest::proptest! {
        /// Whatever is written, the call stays on the endpoint and below its base path, also for a second parser.
        #[test]
        fn no_path_leaves_the_endpoint(path in r"/?([/\\@:.?#%a-z2eE\t\r\n é／-]|%2[eEfF]|%5c|http://|//evil\.test|\.\.){0,12}") {
            let endpoint = endpoint("https://api.example.com:8443/prod");
            if let Ok(url) = join(&endpoint, &path, "resourcePath") {
                let read_again = Url::parse(url.as_str()).expect("a URL");
                proptest::prop_assert_eq!(&read_again, &url);
                proptest::prop_assert_eq!(read_again.origin(), endpoint.origin());
                proptest::prop_assert!(url.as_str().starts_with("https://api.example.com:8443/prod/"), "{}", url);
            }
        }
    }

    #[test]
    fn an_endpoint_is_a_plain_url() {
        for (text, reason) in [
            ("api.example.com", "is not a URL"),
            ("ftp://api.example.com", "must begin with http"),
            ("file:///etc/passwd", "must begin with http"),
            ("https://user:pw@api.example.com", "must not contain credentials"),
            ("https://user:pw@api.example.com:99999", "is not a URL"),
            ("https://user:p/w:pw@api.example.com:99999", "is not a URL"),
            ("user:pw@api.example.com", "must begin with http"),
            ("https://api.example.com/?a=1", "must not contain a query"),
            ("https://api.example.com/#a", "must not contain a query or fragment"),
        ] {
            let refused = parse_endpoint(text).expect_err(text);
            assert!(refused.reason.contains(reason), "{text}: {}", refused.reason);
            assert!(!refused.endpoint.contains("pw"), "{}", refused.endpoint);
        }
    }
}
