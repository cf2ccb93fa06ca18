//! Which API a request is for, by host and path.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use http::request::Parts;
use value::Str;

use super::{ServedApi, mqtt};
use crate::realtime::Hub;

/// Below this domain every API has a host of its own, as `<apiId>.appsync-api.<region>.amazonaws.com` on AWS.
const LOCAL_DOMAIN: &str = ".appsync-api.localhost";

/// The APIs of a server by the names they answer to.
#[derive(Debug)]
pub(super) struct Routes<E> {
    apis: Vec<ServedApi<E>>,
    by_id: HashMap<String, usize>,
    by_host: HashMap<String, Host>,
}

#[derive(Clone, Debug)]
struct Host {
    api: usize,
    /// The name as resolvers see it in `ctx.request.domainName`; AppSync shows custom domains only.
    custom: Option<Str>,
}

/// What the path of a request names.
#[derive(Debug)]
pub(super) enum Route<'a, E> {
    /// The GraphQL endpoint of an API, and the custom domain that led to it.
    Graphql(&'a ServedApi<E>, Option<Str>),
    /// A GraphQL endpoint, but the host names no API here.
    UnknownHost(String),
    /// `/apis/<apiId>/graphql` of an API that is not here.
    UnknownApi(&'a str),
    /// The real-time endpoint of an API, and the custom domain that led to it.
    Realtime(&'a ServedApi<E>, Option<Str>),
    /// Where the URLs of MQTT lead; which API it is stands in their query.
    Mqtt,
    /// Any other path.
    Other,
}

impl<E> Routes<E> {
    /// The routes to these APIs.
    ///
    /// # Errors
    /// A text that names the host which is none, or the id or host which two APIs claim.
    pub(super) fn new(apis: Vec<ServedApi<E>>) -> Result<Self, String> {
        let (mut by_id, mut by_host) = (HashMap::new(), HashMap::new());
        for (api, served) in apis.iter().enumerate() {
            if by_id.insert(served.api_id.to_string(), api).is_some() {
                return Err(format!("two APIs have the id '{}'", served.api_id));
            }
            if let Some(host) = served.hosts.iter().find(|host| !is_host(host)) {
                return Err(format!("API '{}': '{host}' is not a host name; write it without scheme and path", served.api_id));
            }
            let local = (format!("{}{LOCAL_DOMAIN}", served.api_id.to_ascii_lowercase()), None);
            let custom = served.hosts.iter().map(|host| {
                let host = normalize(host).into_owned();
                let shown = (!host.ends_with(LOCAL_DOMAIN)).then(|| Str::from(host.as_str()));
                (host, shown)
            });
            for (host, custom) in std::iter::once(local).chain(custom) {
                if let Some(other) = by_host.insert(host.clone(), Host { api, custom })
                    && other.api != api
                {
                    return Err(format!(
                        "APIs '{}' and '{}' both claim the host '{host}'",
                        apis[other.api].api_id, served.api_id
                    ));
                }
            }
        }
        Ok(Self { apis, by_id, by_host })
    }

    /// The subscribers of each API.
    pub(super) fn hubs(&self) -> impl Iterator<Item = Arc<Hub>> {
        self.apis.iter().map(|api| Arc::clone(&api.hub))
    }

    /// The API with that id.
    pub(super) fn by_id(&self, api_id: &str) -> Option<&ServedApi<E>> {
        self.by_id.get(api_id).map(|&api| &self.apis[api])
    }

    /// The API that a host names, and the custom domain that it is. A single API answers to any host.
    pub(super) fn by_host(&self, host: &str) -> Option<(&ServedApi<E>, Option<Str>)> {
        match (self.by_host.get(&*normalize(host)), self.apis.as_slice()) {
            (Some(host), apis) => Some((&apis[host.api], host.custom.clone())),
            (None, [only]) => Some((only, None)),
            (None, _) => None,
        }
    }

    /// The route of a request.
    pub(super) fn find<'a>(&'a self, parts: &'a Parts) -> Route<'a, E> {
        let path = parts.uri.path();
        let (endpoint, is_realtime) = match path.strip_suffix("/realtime") {
            Some(endpoint) => (endpoint, true),
            None => (path, false),
        };
        let found = if endpoint == "/graphql" {
            let host = host(parts);
            self.by_host(host).ok_or_else(|| Route::UnknownHost(normalize(host).into_owned()))
        } else if let Some(api_id) = endpoint.strip_prefix("/apis/").and_then(|rest| rest.strip_suffix("/graphql")) {
            self.by_id(api_id).map(|api| (api, None)).ok_or(Route::UnknownApi(api_id))
        } else if path == mqtt::PATH {
            Err(Route::Mqtt)
        } else {
            Err(Route::Other)
        };
        match found {
            Ok((api, domain_name)) if is_realtime => Route::Realtime(api, domain_name),
            Ok((api, domain_name)) => Route::Graphql(api, domain_name),
            Err(route) => route,
        }
    }
}

fn is_host(text: &str) -> bool {
    format!("http://{text}/")
        .parse::<http::Uri>()
        .is_ok_and(|uri| uri.path() == "/" && uri.authority().is_some_and(|a| a == text))
        && !text.contains('@')
}

/// The host of a request: from the target when it is a whole URL (RFC 9112, section 3.2.2), else from the header.
pub(super) fn host(parts: &Parts) -> &str {
    match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default(),
    }
}

/// What is wrong with the hosts that a request names. Several of them are a request that the next reader may take for another API:
/// signatures cover the header, routes go by the target when it is a whole URL.
pub(super) fn host_fault(parts: &Parts) -> Option<&'static str> {
    let mut named = parts.headers.get_all(http::header::HOST).iter();
    let host = named.next();
    if named.next().is_some() {
        return Some("The header 'host' must not be repeated.");
    }
    match (host, parts.uri.authority()) {
        // RFC 9112, section 3.2; a host was optional before.
        (None, _) if parts.version >= http::Version::HTTP_11 => Some("The header 'host' is missing."),
        (Some(host), Some(authority)) if !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) => {
            Some("The header 'host' and the request's target name different hosts.")
        }
        _ => None,
    }
}

/// A host without port and trailing dot, in lower case.
pub(super) fn normalize(host: &str) -> Cow<'_, str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arc_swap::ArcSwap;

    use super::super::Serving;
    use super::*;
    use crate::auth::{ApiKeys, Authenticator};
    use crate::realtime::HubSettings;

    fn api(api_id: &str, hosts: &[&str]) -> ServedApi<()> {
        let serving = Serving { api: Arc::new(()), authenticator: Authenticator::new().api_keys(ApiKeys::default()) };
        ServedApi {
            api_id: api_id.into(),
            hosts: hosts.iter().map(ToString::to_string).collect(),
            current: Arc::new(ArcSwap::from_pointee(serving)),
            hub: Hub::new(api_id.into(), HubSettings { payload_limit: 1 << 20 }, None),
        }
    }

    fn shown(routes: &Routes<()>, host: &str, path: &str) -> String {
        let request = http::Request::builder().uri(path).header("host", host).body(()).expect("a request");
        match routes.find(&request.into_parts().0) {
            Route::Graphql(api, None) => api.api_id.to_string(),
            Route::Graphql(api, Some(domain)) => format!("{} as {domain}", api.api_id),
            Route::UnknownHost(host) => format!("unknown host {host}"),
            Route::UnknownApi(api_id) => format!("unknown api {api_id}"),
            Route::Realtime(api, None) => format!("{} realtime", api.api_id),
            Route::Realtime(api, Some(domain)) => format!("{} realtime as {domain}", api.api_id),
            Route::Mqtt => "mqtt".to_owned(),
            Route::Other => "other".to_owned(),
        }
    }

    #[test]
    fn several_apis_are_told_apart() {
        let routes = Routes::new(vec![api("one", &["API.example.com"]), api("Two", &["[::1]"])]).expect("routes");
        for (host, path, expected) in [
            ("one.appsync-api.localhost", "/graphql", "one"),
            ("ONE.appsync-api.localhost:8080", "/graphql?query=x", "one"),
            ("two.appsync-api.localhost.", "/graphql", "Two"),
            ("api.example.com:443", "/graphql", "one as api.example.com"),
            ("[::1]:8080", "/graphql", "Two as [::1]"),
            ("[::1]", "/graphql", "Two as [::1]"),
            ("localhost:8080", "/graphql", "unknown host localhost"),
            ("", "/graphql", "unknown host "),
            ("localhost", "/apis/one/graphql", "one"),
            ("api.example.com", "/apis/Two/graphql", "Two"),
            ("localhost", "/apis/three/graphql", "unknown api three"),
            ("localhost", "/apis//graphql", "unknown api "),
            ("localhost", "/apis/one", "other"),
            ("localhost", "/graphql/", "other"),
            ("localhost", "/GRAPHQL", "other"),
            ("localhost", "/graphql/realtime", "unknown host localhost"),
            ("api.example.com", "/graphql/realtime", "one realtime as api.example.com"),
            ("localhost", "/apis/Two/graphql/realtime", "Two realtime"),
            ("localhost", "/apis/three/graphql/realtime", "unknown api three"),
            ("api.example.com", "/graphql/realtime/realtime", "other"),
            ("api.example.com", "/graphql/connect", "other"),
            ("localhost", "/mqtt?api=one", "mqtt"),
            ("localhost", "/mqtt/realtime", "other"),
            ("localhost", "http://api.example.com/graphql", "one as api.example.com"),
        ] {
            assert_eq!(shown(&routes, host, path), expected, "{host} {path}");
        }
    }

    #[test]
    fn a_single_api_answers_to_any_host() {
        let routes = Routes::new(vec![api("one", &["api.example.com"])]).expect("routes");
        assert_eq!(shown(&routes, "anything:1", "/graphql"), "one");
        assert_eq!(shown(&routes, "api.example.com", "/graphql"), "one as api.example.com");
    }

    #[test]
    fn a_name_belongs_to_one_api() {
        let refused = |apis| Routes::new(apis).expect_err("refused");
        assert_eq!(refused(vec![api("one", &[]), api("one", &[])]), "two APIs have the id 'one'");
        let both = vec![api("one", &["a.test"]), api("two", &["A.test:80"])];
        assert_eq!(refused(both), "APIs 'one' and 'two' both claim the host 'a.test'");
        assert!(Routes::new(vec![api("one", &["a.test", "A.test"])]).is_ok());
    }

    #[test]
    fn a_host_is_a_host() {
        for host in ["", "https://a.test", "a.test/", "a.test/graphql", "a b", "user@a.test", "?", "*.a.test?x"] {
            let message = Routes::new(vec![api("one", &[host])]).expect_err(host);
            assert!(message.starts_with(&format!("API 'one': '{host}' is not a host name")), "{message}");
        }
    }
}
