//! The claims of tokens: Cognito's for ID and access tokens, and plain ones of OpenID Connect.
//!
//! Names and forms follow the developer guide's pages on ID and access tokens. Tokens that come from the sign-in API have the
//! scope `aws.cognito.signin.user.admin`; attributes are texts, except the two `_verified` ones, which are booleans.

use std::collections::BTreeMap;
use std::time::Duration;

use value::{Object, Value};

use crate::random;
use crate::state::Group;

/// The scope that lets a user's access token use the sign-in API.
pub(crate) const USER_ADMIN_SCOPE: &str = "aws.cognito.signin.user.admin";

/// The longest lifetime that [`crate::UserPool::issue`] grants.
const MAX_LIFETIME: Duration = Duration::from_secs(3650 * 86_400);

/// What a token is for (`token_use`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenUse {
    /// An ID token: who the user is.
    Id,
    /// An access token: what the user may do.
    Access,
}

/// A token of Cognito's form that is made without a sign-in.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The user. It need not exist; then the token has no attributes, and a `sub` that is always the same for the name.
    pub username: String,
    /// The app client, for `aud` or `client_id`.
    pub client_id: String,
    /// ID or access token.
    pub token_use: TokenUse,
    /// The groups in place of the user's own.
    pub groups: Option<Vec<String>>,
    /// The lifetime in place of the client's.
    pub lifetime: Option<Duration>,
    /// More claims; none that the pool sets itself.
    pub claims: Object,
}

impl TokenRequest {
    /// A token with the user's groups and the client's lifetime.
    pub fn new(username: impl Into<String>, client_id: impl Into<String>, token_use: TokenUse) -> Self {
        Self {
            username: username.into(),
            client_id: client_id.into(),
            token_use,
            groups: None,
            lifetime: None,
            claims: Object::new(),
        }
    }
}

/// A token of a plain OpenID Connect provider.
#[derive(Clone, Debug)]
pub struct OidcToken {
    /// `sub`.
    pub subject: String,
    /// `aud`.
    pub audience: String,
    /// How long it lives.
    pub lifetime: Duration,
    /// More claims; none of `iss`, `sub`, `aud`, `iat`, `exp`, `auth_time`, `jti`.
    pub claims: Object,
}

impl OidcToken {
    /// A token that lives for an hour.
    pub fn new(subject: impl Into<String>, audience: impl Into<String>) -> Self {
        Self { subject: subject.into(), audience: audience.into(), lifetime: Duration::from_secs(3600), claims: Object::new() }
    }
}

/// The claims that a caller of [`crate::UserPool::issue`] cannot set, on top of those of [`OIDC_CLAIMS`].
pub(crate) const COGNITO_CLAIMS: [&str; 11] = [
    "client_id",
    "cognito:groups",
    "cognito:preferred_role",
    "cognito:roles",
    "cognito:username",
    "event_id",
    "origin_jti",
    "scope",
    "token_use",
    "username",
    "version",
];

/// The claims that the pool sets in every token.
pub(crate) const OIDC_CLAIMS: [&str; 7] = ["iss", "sub", "aud", "iat", "exp", "auth_time", "jti"];

/// Whole seconds of a lifetime that can be granted.
pub(crate) fn lifetime_seconds(lifetime: Duration) -> Option<i64> {
    (lifetime >= Duration::from_secs(1) && lifetime <= MAX_LIFETIME).then(|| i64::try_from(lifetime.as_secs()).ok()).flatten()
}

/// Whom a token is about, and from when.
pub(crate) struct Subject<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client: &'a str,
    pub(crate) sub: &'a str,
    pub(crate) username: &'a str,
    pub(crate) attributes: &'a BTreeMap<String, String>,
    pub(crate) groups: &'a [String],
    /// The session's id; tokens without a session have none, like those of a client without revocation.
    pub(crate) origin_jti: Option<&'a str>,
    pub(crate) event_id: &'a str,
    pub(crate) auth_time: i64,
    pub(crate) now: i64,
}

impl Subject<'_> {
    /// The claims of an ID token.
    pub(crate) fn id_claims(&self, groups: &BTreeMap<String, Group>, lifetime: i64) -> Object {
        let mut claims = Object::new();
        claims.insert("sub", self.sub);
        self.insert_groups(&mut claims);
        let mut roles: Vec<&Group> = self.groups.iter().filter_map(|name| groups.get(name)).collect();
        roles.sort_by_key(|group| group.precedence.unwrap_or(u32::MAX));
        let arns: Vec<&str> = roles.iter().filter_map(|group| group.role_arn.as_deref()).collect();
        // Two groups with the same lowest precedence and different roles leave no preferred one (CreateGroup, Precedence).
        let lowest = roles.first().map(|group| group.precedence);
        let mut preferred: Vec<&str> =
            roles.iter().filter(|group| Some(group.precedence) == lowest).filter_map(|group| group.role_arn.as_deref()).collect();
        preferred.dedup();
        if let [role] = preferred[..] {
            claims.insert("cognito:preferred_role", role);
        }
        if !arns.is_empty() {
            claims.insert("cognito:roles", arns.iter().map(|arn| Value::from(*arn)).collect::<Value>());
        }
        claims.insert("iss", self.issuer);
        claims.insert("cognito:username", self.username);
        for (name, value) in self.attributes {
            match name.as_str() {
                "email_verified" | "phone_number_verified" => claims.insert(name.as_str(), value == "true"),
                _ => claims.insert(name.as_str(), value.as_str()),
            };
        }
        claims.insert("aud", self.client);
        self.insert_origin(&mut claims);
        claims.insert("token_use", "id");
        self.insert_times(&mut claims, lifetime);
        claims
    }

    /// The claims of an access token.
    pub(crate) fn access_claims(&self, lifetime: i64) -> Object {
        let mut claims = Object::new();
        claims.insert("sub", self.sub);
        self.insert_groups(&mut claims);
        claims.insert("iss", self.issuer);
        claims.insert("client_id", self.client);
        self.insert_origin(&mut claims);
        claims.insert("token_use", "access");
        claims.insert("scope", USER_ADMIN_SCOPE);
        self.insert_times(&mut claims, lifetime);
        claims.insert("username", self.username);
        claims
    }

    fn insert_groups(&self, claims: &mut Object) {
        // A user without groups has no such claim.
        if !self.groups.is_empty() {
            claims.insert("cognito:groups", self.groups.iter().map(|group| Value::from(group.as_str())).collect::<Value>());
        }
    }

    fn insert_origin(&self, claims: &mut Object) {
        if let Some(origin) = self.origin_jti {
            claims.insert("origin_jti", origin);
        }
        claims.insert("event_id", self.event_id);
    }

    fn insert_times(&self, claims: &mut Object, lifetime: i64) {
        claims.insert("auth_time", self.auth_time);
        claims.insert("exp", self.now.saturating_add(lifetime));
        claims.insert("iat", self.now);
        claims.insert("jti", random::uuid());
    }
}
